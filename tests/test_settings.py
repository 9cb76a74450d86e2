"""The rules of the settings: what is taken, what wins, what is refused, and in which words."""

import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pandas.tseries.offsets import BaseOffset, Minute
from pydantic import ValidationError

from flows.setting_values import PROJECT_ROOT, usable_cores
from flows.settings import (
    DEFAULT_CONFIG,
    Settings,
    describe_settings,
    load_settings,
    parse_command_line,
    require_source_folder,
)
from orderbook.errors import SettingsError

CONFIGS = PROJECT_ROOT / "configs"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("QUANTGOD_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A settings file in which nothing is set."""
    path = tmp_path / "settings.yaml"
    path.write_text("")
    return path


@pytest.fixture
def refusal(config: Path) -> Any:
    """The message with which one value is refused."""

    def message(key: str, value: object) -> str:
        with pytest.raises(SettingsError) as caught:
            load_settings(config, {key: value})
        return str(caught.value)

    return message


# --- where values come from --------------------------------------------------------------------


def test_defaults(config: Path) -> None:
    """A file in which nothing is set gives the defaults."""
    assert load_settings(config) == Settings()


def test_settings_file(config: Path) -> None:
    """A value in the file wins over the default; its neighbours keep theirs."""
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
    """--plan is a switch beside the settings."""
    assert parse_command_line(["--plan"]).plan


def test_config_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative settings file that is not in the current directory is the project's."""
    monkeypatch.chdir(tmp_path)
    assert load_settings("configs/local.yaml").source.mode == "folder"


def test_config_from_here(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative settings file in the current directory is that one."""
    monkeypatch.chdir(config.parent)
    config.write_text("etl:\n  orderbook_levels: 3\n")
    assert load_settings("settings.yaml").etl.orderbook_levels == 3


@pytest.mark.parametrize("text", ["etl:\n", "etl: {}\n", "# nothing\n"])
def test_section_without_keys(config: Path, text: str) -> None:
    """A section whose keys are all commented out sets nothing."""
    config.write_text(text)
    assert load_settings(config) == Settings()


# --- the value ---------------------------------------------------------------------------------


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
    """A pool process can hand the error back."""
    with pytest.raises(SettingsError) as caught:
        parse_command_line(["--etl.orderbok_levels", "50"])
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


def test_help_is_light() -> None:
    """--help needs no pandas and no Prefect: they take seconds to import."""
    code = """if True:
        import sys
        from flows.settings import parse_command_line
        try:
            parse_command_line(["--help"])
        except SystemExit as end:
            assert end.code == 0
        assert not {"pandas", "pyarrow", "prefect"} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=True, capture_output=True)


# --- unknown keys ------------------------------------------------------------------------------


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


@pytest.mark.parametrize("text", ["[0-9]*.zip", "{a,b}", '"x"', "a,b", " x ", "x=y", "-1"])
def test_option_as_it_stands(config: Path, text: str) -> None:
    """A value on the command line is taken letter by letter."""
    line = parse_command_line([f"--config={config}", f"--source.include={text}"])
    assert line.settings.source.include == text


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
    """One error tells all: unknown keys and wrong values, whatever their source."""
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


# --- the file itself ---------------------------------------------------------------------------


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
    """What is not a mapping in YAML is refused with the file's name and the reason."""
    config.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(config)
    assert str(config) in str(caught.value)
    assert found in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    """A settings file that is not there is an error, not a run with defaults."""
    with pytest.raises(SettingsError, match="No such file"):
        load_settings(tmp_path / "none.yaml")


def test_folder_as_file(tmp_path: Path) -> None:
    """A folder is no settings file."""
    with pytest.raises(SettingsError, match="Is a directory"):
        load_settings(tmp_path)


@pytest.mark.parametrize("section", ["window: 2h\n  window: 3h", "window: 2h\netl:\n  window: 3h"])
def test_key_given_twice(config: Path, section: str) -> None:
    """A key or section that stands twice in the file is refused, with both lines."""
    config.write_text(f"etl:\n  {section}\n")
    with pytest.raises(SettingsError, match=r"lines \d, \d"):
        load_settings(config)


def test_number_as_key(config: Path) -> None:
    """A key need not be text to be unknown."""
    config.write_text("1: 2\n")
    with pytest.raises(SettingsError, match="line 1"):
        load_settings(config)


# --- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("etl.orderbook_levels", 0),
        ("etl.orderbook_levels", "many"),
        ("etl.orderbook_levels", 1.5),
        ("etl.orderbook_levels", True),
        ("etl.orderbook_levels", {"bids": 5}),
        ("etl.sampling_interval_ms", 0),
        ("etl.max_staleness_ms", -1),
        ("etl.compression", None),
        ("etl.on_sequence_gap", "ignore"),
        ("etl.window", 6),
        ("features.apply_zscore", "maybe"),
        ("features.fit_until", 1719705600),
        ("source.mode", "ftp"),
        ("source.include", ""),
        ("source.start", 20240101),
        ("execution.workers", 0),
        ("execution.workers", "all"),
        ("validation.min_coverage", 1.01),
        ("validation.min_coverage", -0.01),
        ("validation.min_coverage", float("nan")),
        ("paths.logs", ""),
        ("paths.logs", 5),
        ("paths.logs", "~nobody-of-that-name/logs"),
    ],
)
def test_wrong_value(refusal: Any, key: str, value: object) -> None:
    """A wrong value is refused with key, expectation, finding and place, in no jargon."""
    message = refusal(key, value)
    words = {each.key: each.expected for each in describe_settings()}
    assert f"{key}\n  expected  {words[key]}\n  found     " in message
    assert f"at        override {key}" in message
    assert "Input should" not in message
    assert "pydantic" not in message


@pytest.mark.parametrize(
    "text", ["1M", "1B", "7min", "1us", "0min", "-1min", "2D", "1W", "5T", "60", "", "48h"]
)
def test_bar_interval_refused(refusal: Any, text: str) -> None:
    """W is a fixed length in whole milliseconds that divides a day."""
    assert "etl.resampling_interval" in refusal("etl.resampling_interval", text)


@pytest.mark.parametrize(
    ("text", "length_ms"),
    [("1s", 1000), ("5min", 300_000), ("1h30min", 5_400_000), ("1D", 86_400_000)],
)
def test_bar_interval(config: Path, text: str, length_ms: int) -> None:
    """W is given as a pandas alias and known in milliseconds."""
    assert load_settings(config, {"etl.resampling_interval": text}).etl.bar_interval_ms == length_ms


def test_alias_on_its_way_out(refusal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alias that this pandas only warns of is refused, for the next one refuses it."""

    def warn(text: str) -> BaseOffset:
        warnings.warn(f"{text} is deprecated", FutureWarning, stacklevel=2)
        return Minute(1)

    monkeypatch.setattr("pandas.tseries.frequencies.to_offset", warn)
    assert "no fixed length of time" in refusal("etl.resampling_interval", "60000ms")


def test_samples_fill_bars(refusal: Any) -> None:
    """A Δ that does not divide W is refused, with both and where each stood."""
    message = refusal("etl.sampling_interval_ms", 7000)
    assert "7000 ms do not divide a bar of 60000 ms" in message
    assert "beside    etl.resampling_interval = 1min, the default" in message


def test_window_auto() -> None:
    """The window is left to the memory budget unless it is given."""
    assert Settings().etl.window_ms is None


def test_window(config: Path) -> None:
    """A window is a duration."""
    assert load_settings(config, {"etl.window": "2h"}).etl.window_ms == 7_200_000


@pytest.mark.parametrize(
    ("text", "why"),
    [("90s", "whole number of bars"), ("25h", "longer than a day"), ("1B", "no fixed length")],
)
def test_window_refused(refusal: Any, text: str, why: str) -> None:
    """A window is a whole number of bars and at most a day."""
    assert why in refusal("etl.window", text)


@pytest.mark.parametrize(
    ("text", "codec_and_level"),
    [
        ("none", ("none", None)),
        ("snappy", ("snappy", None)),
        ("ZSTD", ("zstd", None)),
        ("zstd:9", ("zstd", 9)),
        ("gzip:1", ("gzip", 1)),
        ("brotli:11", ("brotli", 11)),
        ("lz4", ("lz4", None)),
    ],
)
def test_compression(
    config: Path, tmp_path: Path, text: str, codec_and_level: tuple[str, int | None]
) -> None:
    """A codec, with a level after a colon, is what pyarrow takes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    codec, level = load_settings(config, {"etl.compression": text}).etl.codec_and_level
    assert (codec, level) == codec_and_level
    table = pa.table({"price": [1.0]})
    pq.write_table(table, tmp_path / "x", compression=codec, compression_level=level)


@pytest.mark.parametrize(
    "text", ["lzo", "bz2", "uncompressed", "snappy:1", "none:1", "zstd:99", "gzip:0", "zstd:", ":9"]
)
def test_compression_refused(refusal: Any, text: str) -> None:
    """A codec that Parquet lacks, or a level that the codec lacks, is refused."""
    assert "etl.compression" in refusal("etl.compression", text)


@pytest.mark.parametrize(
    "given",
    [
        "2024-06-30",
        "2024-06-30T00:00:00Z",
        "2024-06-30 02:00:00+02:00",
        date(2024, 6, 30),
        datetime(2024, 6, 30),  # noqa: DTZ001
        datetime(2024, 6, 30, tzinfo=UTC),
    ],
)
def test_fit_until(config: Path, given: object) -> None:
    """The end of the training range is an instant in UTC, however it is written."""
    features = load_settings(config, {"features.fit_until": given}).features
    assert features.fit_until == datetime(2024, 6, 30, tzinfo=UTC)
    assert features.fit_until_ms == 1_719_705_600_000


def test_dates_in_file(config: Path) -> None:
    """Dates need no quotes in YAML."""
    config.write_text("source:\n  start: 2024-01-01\nfeatures:\n  fit_until: 2024-01-01 12:00:00\n")
    settings = load_settings(config)
    assert settings.source.start == date(2024, 1, 1)
    assert settings.features.fit_until == datetime(2024, 1, 1, 12, tzinfo=UTC)


def test_wrong_date_in_file(config: Path) -> None:
    """A date that does not exist is refused with its line."""
    config.write_text("source:\n  start: 2024-02-30\n")
    with pytest.raises(SettingsError, match=r"source.start\n(.*\n)*.*line 2\n.*out of range"):
        load_settings(config)


def test_one_day(config: Path) -> None:
    """First and last day may be one: they are inclusive."""
    days = {"source.start": "2024-01-01", "source.end": "2024-01-01"}
    assert load_settings(config, days).source.end == date(2024, 1, 1)


def test_days_out_of_order(config: Path) -> None:
    """A last day before the first is refused, with both."""
    with pytest.raises(SettingsError, match="2024-01-01 is before 2024-01-02") as caught:
        load_settings(config, {"source.start": "2024-01-02", "source.end": "2024-01-01"})
    assert "source.start = 2024-01-02, override source.start" in str(caught.value)


@pytest.mark.parametrize("unset", [None, "none", "null"])
def test_unset(config: Path, unset: object) -> None:
    """A key that may be unset can be unset again from any source."""
    config.write_text("source:\n  remote: gdrive:x\n")
    assert load_settings(config, {"source.remote": unset}).source.remote is None


def test_max_gap(config: Path) -> None:
    """The longest gap is a duration."""
    assert load_settings(config, {"validation.max_gap": "90s"}).validation.max_gap_ms == 90_000


def test_workers_auto() -> None:
    """Without a number there is one worker for each core that may be used."""
    assert Settings().execution.workers == usable_cores() >= 1


def test_cores_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a process has no affinity, all cores are its own."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores() == os.cpu_count()


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("out", PROJECT_ROOT / "out"),
        ("/srv/out", Path("/srv/out")),
        ("~/out", Path.home() / "out"),
    ],
)
def test_paths(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, path: Path
) -> None:
    """Relative paths start at the project root, whatever the current directory."""
    monkeypatch.chdir(tmp_path)
    assert load_settings(config, {"paths.processed_output": given}).paths.processed_output == path


def test_long_finding_is_cut(refusal: Any) -> None:
    """A finding of any length leaves the message readable."""
    assert len(refusal("source.mode", "x" * 10_000)) < 1000


# --- the placeholder ---------------------------------------------------------------------------


def test_placeholder_loads() -> None:
    """The placeholder is no obstacle to reading the settings."""
    assert load_settings(DEFAULT_CONFIG).paths.rclone_mount.name == "..."


def test_placeholder_refused() -> None:
    """It is refused with the words to fix it."""
    with pytest.raises(SettingsError) as caught:
        require_source_folder(load_settings(DEFAULT_CONFIG))
    assert "edit paths.rclone_mount in configs/cloud_config.yaml" in str(caught.value)
    assert "--paths.rclone_mount" in str(caught.value)


def test_source_folder(config: Path) -> None:
    """A folder without the placeholder is given back; dots in a name are no placeholder."""
    settings = load_settings(config, {"paths.rclone_mount": "/mnt/My Drive.../L2"})
    assert require_source_folder(settings) == Path("/mnt/My Drive.../L2")


# --- one source of words and defaults ----------------------------------------------------------


def _leaves(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _as_yaml(value)


def _as_yaml(value: object) -> str:
    return {None: "none", True: "true", False: "false"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]


def test_cloud_config_names_every_key() -> None:
    """configs/cloud_config.yaml holds every key, in the model's order, with its default."""
    written = list(_leaves(yaml.safe_load(DEFAULT_CONFIG.read_text())))
    assert written == [(each.key, each.default) for each in describe_settings()]


def test_cloud_config_is_the_default() -> None:
    """Reading configs/cloud_config.yaml changes nothing."""
    assert load_settings(DEFAULT_CONFIG) == Settings()


def test_readme_names_every_key() -> None:
    """The table of configs/README.md holds what the model says, and nothing else."""
    lines = (CONFIGS / "README.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `") and line.endswith("` |")]
    assert rows == [
        f"| `{each.key}` | {each.meaning} | {each.expected} | `{each.default}` "
        f"| `{each.variable}` | `{each.option}` |"
        for each in describe_settings()
    ]


def test_help_names_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows each key with its meaning, its unit and its default, and exits with 0."""
    with pytest.raises(SystemExit) as caught:
        parse_command_line(["--help"])
    assert not caught.value.code
    shown = capsys.readouterr().out
    for each in describe_settings():
        heading = f"{each.option} VALUE (default: {each.default})"
        assert f"{heading}\n    {each.meaning}\n    {each.expected}\n" in shown


def test_every_key_has_words() -> None:
    """No key goes without its meaning and its unit."""
    assert all(each.meaning and each.expected for each in describe_settings())


def test_local_config() -> None:
    """configs/local.yaml runs on the project's own folder, scaled, without asking for coverage."""
    settings = load_settings(CONFIGS / "local.yaml")
    assert require_source_folder(settings) == PROJECT_ROOT / "data/L2/raw"
    assert (settings.source.mode, settings.features.apply_zscore) == ("folder", True)
    assert settings.validation.min_coverage == 0
