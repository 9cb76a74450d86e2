"""Descriptions of the keys: for ``--help``, complaints, the docs and Prefect's form."""

from typing import NamedTuple, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from quantgod.settings.readers import ENV_PREFIX


class KeyDescription(NamedTuple):
    """One key: its meaning, its unit and allowed values, its default."""

    key: str
    meaning: str
    expected: str  # unit and allowed values
    default: str

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return ENV_PREFIX + self.key.replace(".", "__").upper()

    @property
    def option(self) -> str:
        """Its option on the command line."""
        return f"--{self.key}"

    @property
    def help(self) -> str:
        """Its entry in ``--help``."""
        heading = f"{self.option} VALUE (default: {self.default})"
        return f"{heading}\n    {self.meaning}\n    {self.expected}"


def describe(model: type[BaseModel]) -> tuple[KeyDescription, ...]:
    """All keys of a model of sections, in the order of the model."""
    return tuple(
        _describe(f"{name}.{leaf}", field)
        for name, section in model.model_fields.items()
        for leaf, field in cast(type[BaseModel], section.annotation).model_fields.items()
    )


def _describe(name: str, field: FieldInfo) -> KeyDescription:
    extra = cast(dict[str, str], field.json_schema_extra)
    default = "none" if field.default is None else str(field.default)
    if isinstance(field.default, bool):  # as YAML writes it
        default = default.lower()
    return KeyDescription(name, field.description or "", extra["expected"], default)
