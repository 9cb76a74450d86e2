"""The whole pipeline on real recordings equals the twin: times, counts, levels, features."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import pytest

from quantgod.orderbook.features import times_ms
from quantgod.orderbook.schema import FEATURES, level_names
from quantgod.storage.archives.streams import day_in_name
from tests.support.flow_runs import output_table, run_pipeline
from tests.support.twin import TwinSettings, dataset, rebuild_day, warmup_rows

pytestmark = pytest.mark.usefixtures("prefect_server")

INTEGERS = ("volume", "sample_count", "max_staleness_ms")
PRICES = ("open", "high", "low", "close", "max_spread")


@pytest.mark.parametrize(("folder", "archives"), [("bybit", 5), ("derived", 1)])
@pytest.mark.parametrize(
    ("sampling_ms", "bar"), [(100, "1s"), (100, "5s"), (1000, "1min")], ids=str
)
def test_recordings_equal_the_twin(
    recordings: Path, tmp_path: Path, folder: str, archives: int, sampling_ms: int, bar: str
) -> None:
    """Every row of every archive; floats within 1e-9, all else exactly."""
    source = recordings / folder
    report = run_pipeline(
        tmp_path, source, etl__sampling_interval_ms=sampling_ms, etl__resampling_interval=bar
    )
    assert len(report.results) == archives
    assert not report.failures
    bar_ms = {"1s": 1000, "5s": 5000, "1min": 60_000}[bar]
    rules = TwinSettings(sampling_interval_ms=sampling_ms, bar_interval_ms=bar_ms)
    for archive in source.rglob("*.zip"):
        name = archive.relative_to(source).as_posix().removesuffix(".data.zip")
        assert_output_equals_twin(tmp_path, archive, name, rules)


def assert_output_equals_twin(root: Path, archive: Path, name: str, rules: TwinSettings) -> None:
    with zipfile.ZipFile(archive) as opened:
        member = opened.namelist()[0]
        text = opened.read(member)
    day = day_in_name(member)
    assert day is not None
    twin = rebuild_day(text, day, rules)
    (expected,) = dataset([twin], rules)
    assert warmup_rows([twin], rules) == [len(twin.bars) - len(expected)]
    table = output_table(root, name)
    assert times_ms(table).tolist() == [row["datetime"] for row in expected]
    assert times_ms(table, "available_at").tolist() == [row["available_at"] for row in expected]
    for found, row in zip(table.to_pylist(), expected, strict=True):
        for column in INTEGERS + PRICES:
            assert found[column] == row[column], column
        for column in FEATURES:
            assert math.isclose(found[column], row[column], rel_tol=1e-9, abs_tol=1e-9), column
        for level in range(rules.levels):
            for column in level_names(level):
                assert found[column] == row["levels"][column], column


def test_a_snapshot_cut_short_is_reported(recordings: Path, tmp_path: Path) -> None:
    """The APT archive: its snapshot holds 5 of the 200 levels that its topic promises."""
    source = recordings / "bybit" / "linear" / "APTUSDT"
    report = run_pipeline(tmp_path, source)
    (result,) = report.results
    findings = {finding.check: finding for finding in result.findings}
    assert result.status == "made"
    assert result.rows == 0
    assert findings["rows"].severity == "warning"
    assert findings["depth promised"].severity == "warning"
    assert findings["depth promised"].figures.startswith("100.00% of 2 samples")
    assert findings["absent deletes"].figures.startswith("1 ")
