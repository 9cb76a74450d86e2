"""Kinds of value: the forms that each accepts, and the message that refuses all others."""

import os
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pandas.tseries.offsets import BaseOffset, Minute

from quantgod.errors import SettingsError
from quantgod.settings.descriptions import describe_settings
from quantgod.settings.keys import Settings
from quantgod.settings.settings import load_settings
from quantgod.settings.values import PROJECT_ROOT, usable_cores

pytestmark = pytest.mark.usefixtures("bare_environment")


@pytest.fixture
def refusal(config: Path) -> Any:
    """Return the message that refuses one value."""

    def message(key: str, value: object) -> str:
        with pytest.raises(SettingsError) as caught:
            load_settings(config, {key: value})
        return str(caught.value)

    return message


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
        ("source.start", datetime(2024, 1, 1, tzinfo=UTC)),
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
    """A wrong value is refused with key, expectation, finding and place, without jargon."""
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
    """W is given as a pandas alias and stored in milliseconds."""
    assert load_settings(config, {"etl.resampling_interval": text}).etl.bar_interval_ms == length_ms


def test_alias_on_its_way_out(refusal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alias that this pandas deprecates is refused, because the next pandas refuses it."""

    def warn(text: str) -> BaseOffset:
        warnings.warn(f"{text} is deprecated", FutureWarning, stacklevel=2)
        return Minute(1)

    monkeypatch.setattr("pandas.tseries.frequencies.to_offset", warn)
    assert "no fixed length of time" in refusal("etl.resampling_interval", "60000ms")


def test_samples_fill_bars(refusal: Any) -> None:
    """A Δ that does not divide W is refused, with both values and their places."""
    message = refusal("etl.sampling_interval_ms", 7000)
    assert "7000 ms do not divide a bar of 60000 ms" in message
    assert "conflicts etl.resampling_interval = 1min, the default" in message


def test_window_auto() -> None:
    """The memory budget decides the window unless it is given."""
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
    """A codec, with an optional level after a colon, in a form that pyarrow takes."""
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
    """The end of the training range is an instant in UTC, in any notation."""
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
    """First and last day may be equal: both are inclusive."""
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
    """Without a number there is one worker per available core."""
    assert Settings().execution.workers == usable_cores() >= 1


def test_cores_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without CPU affinity, all cores are available."""
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
    """A value of any length leaves the message readable."""
    assert len(refusal("source.mode", "x" * 10_000)) < 1000
