"""Overrides as one value: settings by dotted key, given together with a settings file."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from quantgod.settings.settings import describe_settings


def _add_keys(schema: dict[str, Any]) -> None:
    """List every key as an optional property, without a default: absent means as in the file."""
    schema["properties"] = {
        each.key: {"title": each.key, "description": f"{each.meaning}; expected: {each.expected}"}
        for each in describe_settings()
    }


class Overrides(BaseModel):
    """Settings that win over file and environment, by dotted key: {"etl.orderbook_levels": 50}.

    The JSON schema describes every key. Nested mappings are accepted too. Keys and values are
    checked by ``load_settings``, whose complaints name the nearest key and the place.
    """

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra=_add_keys)

    @property
    def values(self) -> dict[str, Any]:
        """The overrides as they were given, dotted or nested."""
        return self.model_extra or {}
