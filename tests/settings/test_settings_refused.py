"""Unknown keys and bad settings files are refused, with the place and the likely meaning."""

from pathlib import Path

import pytest

from quantgod.errors import SettingsError
from quantgod.settings.settings import load_settings, parse_command_line

pytestmark = pytest.mark.usefixtures("bare_environment")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("etl:\n  orderbok_levels: 50\n", 2),
        ("etll:\n  orderbook_levels: 50\n", 2),
        ("orderbook_levels: 50\n", 1),
    ],
)
def test_unknown_key_in_file(config: Path, text: str, line: int) -> None:
    """A misspelt key at any level is named with its file, its line and the nearest key."""
    config.write_text(text)
    with pytest.raises(SettingsError, match=r"nearest is etl\.orderbook_levels") as caught:
        load_settings(config)
    assert f"{config}, line {line}" in str(caught.value)


@pytest.mark.parametrize("name", ["QUANTGOD_ETL__ORDERBOK_LEVELS", "QUANTGOD_ORDERBOOK_LEVELS"])
def test_unknown_variable(config: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A misspelt variable is named, with the nearest key."""
    monkeypatch.setenv(name, "50")
    with pytest.raises(SettingsError, match=r"nearest is etl\.orderbook_levels") as caught:
        load_settings(config)
    assert f"environment variable {name}" in str(caught.value)


def test_unknown_empty_variable(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable is an error even while it is empty."""
    monkeypatch.setenv("QUANTGOD_ETL__ORDERBOK_LEVELS", "")
    with pytest.raises(SettingsError, match=r"nearest is etl\.orderbook_levels"):
        load_settings(config)


@pytest.mark.parametrize("option", [["--etl.orderbok_levels", "50"], ["--etl.orderbook-levels=50"]])
def test_unknown_option(option: list[str]) -> None:
    """A misspelt option is named, with the nearest key."""
    with pytest.raises(SettingsError, match=r"nearest is etl\.orderbook_levels") as caught:
        parse_command_line(option)
    assert f"option {option[0]}" in str(caught.value)


def test_misspelt_switch() -> None:
    """The program's own options are among the nearest."""
    with pytest.raises(SettingsError, match="nearest is config"):
        parse_command_line(["--confg", "configs/local.yaml"])


def test_shortened_option() -> None:
    """An option is never guessed from its beginning."""
    with pytest.raises(SettingsError, match=r"nearest is etl\.orderbook_levels"):
        parse_command_line(["--etl.orderbook", "50"])


def test_unknown_override(config: Path) -> None:
    """A misspelt override is named, with the nearest key."""
    with pytest.raises(SettingsError, match=r"nearest is source\.remote"):
        load_settings(config, {"source": {"remot": "gdrive:x"}})


def test_section_is_no_option() -> None:
    """A whole section cannot be given as an option."""
    with pytest.raises(SettingsError, match="keys inside this section"):
        parse_command_line(["--etl", '{"orderbook_levels": 50}'])


def test_section_is_no_value(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole section cannot be given as a variable."""
    monkeypatch.setenv("QUANTGOD_ETL", "nonsense")
    with pytest.raises(SettingsError, match="keys inside this section"):
        load_settings(config)


def test_stray_word() -> None:
    """A word that belongs to no option is named."""
    with pytest.raises(SettingsError, match=r"configs/local\.yaml"):
        parse_command_line(["configs/local.yaml"])


def test_option_without_value() -> None:
    """An option that lacks its value is named."""
    with pytest.raises(SettingsError, match=r"--etl\.window"):
        parse_command_line(["--etl.window"])


def test_all_problems_at_once(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One error lists all problems: unknown keys and wrong values, from any source."""
    config.write_text("etl:\n  orderbok_levels: 50\n")
    monkeypatch.setenv("QUANTGOD_FEATURES__APPLY_ZSCORE", "maybe")
    with pytest.raises(SettingsError) as caught:
        load_settings(config, {"source.mode": "folders"})
    message = str(caught.value)
    assert message.startswith("3 problems")
    assert all(
        part in message
        for part in ("orderbok_levels", "variable QUANTGOD_FEATURES__APPLY_ZSCORE", "override")
    )


# --- the file itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"etl: [", "line 1"),
        (b"etl:\n\twindow: 2h\n", "line 2"),
        (b"- etl\n", "['etl']"),
        (b"etl: \xff\n", "utf-8"),
        (b"etl: \x00\n", "special characters"),
        (b"etl: {? [1] : 2}\n", "unhashable"),
        (b"etl: 0x_\n", "invalid literal"),
    ],
)
def test_file_not_in_yaml(config: Path, content: bytes, found: str) -> None:
    """A file that is not a YAML mapping is refused with its name and the reason."""
    config.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(config)
    assert str(config) in str(caught.value)
    assert found in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    """A settings file that does not exist is an error, not a run with defaults."""
    with pytest.raises(SettingsError, match="No such file"):
        load_settings(tmp_path / "none.yaml")


def test_folder_as_file(tmp_path: Path) -> None:
    """A folder is no settings file."""
    with pytest.raises(SettingsError, match="Is a directory"):
        load_settings(tmp_path)


@pytest.mark.parametrize("section", ["window: 2h\n  window: 3h", "window: 2h\netl:\n  window: 3h"])
def test_key_given_twice(config: Path, section: str) -> None:
    """A key or section that occurs twice in the file is refused, with both lines."""
    config.write_text(f"etl:\n  {section}\n")
    with pytest.raises(SettingsError, match=r"lines \d, \d"):
        load_settings(config)


def test_number_as_key(config: Path) -> None:
    """A number can be an unknown key too."""
    config.write_text("1: 2\n")
    with pytest.raises(SettingsError, match="line 1"):
        load_settings(config)
