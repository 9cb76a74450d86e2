"""The keys in words: for ``--help``, complaints, Prefect's form and configs/README.md."""

from functools import cache
from typing import NamedTuple, cast

from pydantic import BaseModel

from quantgod.settings.keys import Settings
from quantgod.settings.readers import ENV_PREFIX


class KeyDescription(NamedTuple):
    """One key in words."""

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


@cache
def describe_settings() -> tuple[KeyDescription, ...]:
    """Describe all keys, in the order of the model."""
    found = []
    for name, section in Settings.model_fields.items():
        for leaf, field in cast(type[BaseModel], section.annotation).model_fields.items():
            expected = cast(dict[str, str], field.json_schema_extra)["expected"]
            default = "none" if field.default is None else str(field.default)
            if isinstance(field.default, bool):  # as YAML writes it
                default = default.lower()
            found.append(
                KeyDescription(f"{name}.{leaf}", field.description or "", expected, default)
            )
    return tuple(found)
