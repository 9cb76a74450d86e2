"""The settings as a value: the source of each key, the order of precedence, immutability."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from quantgod.errors import SettingsError
from quantgod.settings.descriptions import describe_settings
from quantgod.settings.keys import Settings
from quantgod.settings.settings import (
    DEFAULT_CONFIG,
    load_settings,
    parse_command_line,
    require_source_folder,
)

pytestmark = pytest.mark.usefixtures("bare_environment")


def test_defaults(config: Path) -> None:
    """A file that sets nothing gives the defaults."""
    assert load_settings(config) == Settings()


def test_settings_file(config: Path) -> None:
    """A value in the file wins over the default; other keys keep theirs."""
    config.write_text("etl:\n  orderbook_levels: 50\n")
    etl = load_settings(config).etl
    assert (etl.orderbook_levels, etl.resampling_interval) == (50, "1min")


def test_environment_over_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable wins over the file."""
    config.write_text("etl:\n  orderbook_levels: 50\n  max_staleness_ms: 5\n")
    monkeypatch.setenv("QUANTGOD_ETL__ORDERBOOK_LEVELS", "60")
    etl = load_settings(config).etl
    assert (etl.orderbook_levels, etl.max_staleness_ms) == (60, 5)


def test_empty_variable(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable counts as unset."""
    monkeypatch.setenv("QUANTGOD_ETL__ORDERBOOK_LEVELS", "")
    assert load_settings(config).etl.orderbook_levels == 200


@pytest.mark.parametrize(
    "option", [["--etl.orderbook_levels", "70"], ["--etl.orderbook_levels=70"]]
)
def test_command_line_over_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    """An option, in either form, wins over the variable."""
    monkeypatch.setenv("QUANTGOD_ETL__ORDERBOOK_LEVELS", "60")
    line = parse_command_line(["--config", str(config), *option])
    assert line.settings.etl.orderbook_levels == 70


@pytest.mark.parametrize(
    "overrides", [{"etl.orderbook_levels": 80}, {"etl": {"orderbook_levels": 80}}]
)
def test_overrides_over_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch, overrides: dict[str, Any]
) -> None:
    """An override, dotted or nested, wins over the variable."""
    monkeypatch.setenv("QUANTGOD_ETL__ORDERBOOK_LEVELS", "60")
    assert load_settings(config, overrides).etl.orderbook_levels == 80


def test_every_key_has_an_option_and_a_variable(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each default, given as text by variable and option, is taken and changes nothing."""
    for each in describe_settings():
        monkeypatch.setenv(each.variable, each.default)
    options = [f"{each.option}={each.default}" for each in describe_settings()]
    assert parse_command_line([f"--config={config}", *options]).settings == Settings()


def test_plain_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model itself looks neither at the environment nor at a file."""
    monkeypatch.setenv("QUANTGOD_ETL__ORDERBOOK_LEVELS", "60")
    monkeypatch.setenv("ETL", '{"orderbook_levels": 60}')
    assert Settings().etl.orderbook_levels == 200


def test_command_line_defaults() -> None:
    """Without options: configs/cloud_config.yaml, and no plan."""
    line = parse_command_line([])
    assert (line.config, line.plan) == (DEFAULT_CONFIG, False)


def test_plan() -> None:
    """--plan is a switch, separate from the settings."""
    assert parse_command_line(["--plan"]).plan


def test_config_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative settings file that is not in the current directory is the project's."""
    monkeypatch.chdir(tmp_path)
    assert load_settings("configs/local.yaml").source.mode == "folder"


def test_config_from_here(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative settings file that is in the current directory is read from there."""
    monkeypatch.chdir(config.parent)
    config.write_text("etl:\n  orderbook_levels: 3\n")
    assert load_settings("settings.yaml").etl.orderbook_levels == 3


@pytest.mark.parametrize("text", ["etl:\n", "etl: {}\n", "# nothing\n"])
def test_section_without_keys(config: Path, text: str) -> None:
    """A section whose keys are all commented out sets nothing."""
    config.write_text(text)
    assert load_settings(config) == Settings()


@pytest.mark.parametrize("text", ["[0-9]*.zip", "{a,b}", '"x"', "a,b", " x ", "x=y", "-1"])
def test_option_is_taken_literally(config: Path, text: str) -> None:
    """A value on the command line is taken character by character."""
    line = parse_command_line([f"--config={config}", f"--source.include={text}"])
    assert line.settings.source.include == text


def test_source_folder(config: Path) -> None:
    """A folder without the placeholder is returned; dots in a name are no placeholder."""
    settings = load_settings(config, {"paths.rclone_mount": "/mnt/My Drive.../L2"})
    assert require_source_folder(settings) == Path("/mnt/My Drive.../L2")


def test_placeholder_loads() -> None:
    """Settings with the placeholder can still be read."""
    assert load_settings(DEFAULT_CONFIG).paths.rclone_mount.name == "..."


def test_placeholder_refused() -> None:
    """It is refused with a message that says how to fix it."""
    with pytest.raises(SettingsError) as caught:
        require_source_folder(load_settings(DEFAULT_CONFIG))
    assert "edit paths.rclone_mount in configs/cloud_config.yaml" in str(caught.value)
    assert "--paths.rclone_mount" in str(caught.value)


# --- the value ----------------------------------------------------------------------------------


def test_frozen() -> None:
    """Settings cannot be changed."""
    with pytest.raises(ValidationError):
        Settings().etl.orderbook_levels = 1  # type: ignore[misc]


def test_survives_pickling(config: Path) -> None:
    """A pool process gets the same settings."""
    settings = load_settings(config, {"etl.window": "2h", "features.fit_until": "2024-06-30"})
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301


def test_survives_json(config: Path) -> None:
    """Settings dumped as JSON values, as a run's parameters are, give the same settings again."""
    given = {"etl.window": "2h", "features.fit_until": "2024-06-30", "source.start": "2024-01-01"}
    settings = load_settings(config, given)
    assert load_settings(config, settings.model_dump(mode="json")) == settings


def test_error_survives_pickling() -> None:
    """A pool process can return the error."""
    with pytest.raises(SettingsError) as caught:
        parse_command_line(["--etl.orderbok_levels", "50"])
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301
