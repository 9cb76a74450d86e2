"""Overrides as one value: settings by dotted key, given together with a settings file.

The model describes the keys, but accepts any: ``load_settings`` checks ``model_extra``, so that a
complaint about an override names the nearest key and the place, as all others do.
"""

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
    """Settings that win over file and environment, by dotted key: {"etl.orderbook_levels": 50}."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra=_add_keys)
