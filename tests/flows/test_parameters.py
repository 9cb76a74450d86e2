"""The flow's parameters: Prefect's schema lists every key, and accepts every form of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import validate

from flows.l2_flow import l2_flow
from quantgod.errors import SettingsError
from quantgod.settings.descriptions import describe_settings
from quantgod.settings.keys import Settings
from quantgod.settings.settings import load_settings

pytestmark = pytest.mark.usefixtures("bare_environment")


def schema() -> dict[str, Any]:
    """Return the schema as `prefect deploy` sends it to the server."""
    return parameter_schema(l2_flow).model_dump()


def parameters(overrides: object) -> dict[str, Any]:
    """Return a run's parameters after the server's check of the schema and the flow's own."""
    given = {"config": "configs/cloud_config.yaml", "overrides": overrides}
    validate(given, schema(), raise_on_error=True, preprocess=True)
    return l2_flow.validate_parameters(given)


def test_every_key_is_described_and_none_has_a_default() -> None:
    """A default in the form would win over the settings file."""
    properties = schema()["definitions"]["Overrides"]["properties"]
    assert [*properties] == [each.key for each in describe_settings()]
    for each in describe_settings():
        described = properties[each.key]["description"]
        assert each.meaning in described
        assert each.expected in described
        assert "default" not in properties[each.key]


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"etl.orderbook_levels": 50},
        {"etl.orderbook_levels": "50"},
        {"etl": {"orderbook_levels": 50}},
        {"source.start": None},
        Settings().model_dump(mode="json"),
    ],
)
def test_overrides_arrive_as_given(overrides: dict[str, object], config: Path) -> None:
    """Dotted or nested, as number or text; the run's history shows the same."""
    checked = parameters(overrides)
    assert checked["overrides"].model_extra == overrides
    assert l2_flow.serialize_parameters(checked)["overrides"] == overrides
    assert load_settings(config, checked["overrides"].model_extra) == load_settings(
        config, overrides
    )


def test_no_overrides() -> None:
    """`null` is accepted as well."""
    assert parameters(None)["overrides"] is None


def test_a_wrong_key_is_left_to_the_settings(config: Path) -> None:
    """Their error names the nearest key, and its place."""
    checked = parameters({"etl.orderbok_levels": 50})
    with pytest.raises(SettingsError, match=r"nearest is etl\.orderbook_levels") as caught:
        load_settings(config, checked["overrides"].model_extra)
    assert "at        override etl.orderbok_levels" in str(caught.value)
