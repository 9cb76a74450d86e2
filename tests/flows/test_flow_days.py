"""Days, series and re-runs: which files a run makes, and which it keeps (contract §4, §5)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.compute as pc
import pytest

from quantgod.errors import OutputBusyError
from quantgod.orderbook.features import times_ms
from quantgod.storage.outputs.lock import exclusive
from tests.support.flow_runs import output_table, outputs, run_pipeline, statuses
from tests.support.market_files import MIDNIGHT, two_days, write_source, write_zip

pytestmark = pytest.mark.usefixtures("prefect_server")

FIRST = "linear/BTCUSDT/2025-08-20_BTCUSDT_ob50_synthetic"
SECOND = "linear/BTCUSDT/2025-08-21_BTCUSDT_ob20_synthetic"
BAR_MS = 60_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_source(tmp_path / "source", two_days())
    return tmp_path / "source"


def test_two_days_have_no_missing_return_over_midnight(tmp_path: Path, source: Path) -> None:
    """The first bar of the second day has the first day's last close as its previous one."""
    run_pipeline(tmp_path, source)
    first, second = output_table(tmp_path, FIRST), output_table(tmp_path, SECOND)
    assert times_ms(second)[0] == MIDNIGHT
    assert times_ms(first)[-1] == MIDNIGHT - BAR_MS
    expected = pc.ln(pc.divide(second["close"][0], first["close"][-1])).as_py()
    assert second["log_ret_close"][0].as_py() == pytest.approx(expected, abs=1e-12)


def test_the_first_day_may_come_later(tmp_path: Path, source: Path) -> None:
    """Adding it makes the second day's file again, from its bars, as a single run would."""
    together, apart = tmp_path / "together", tmp_path / "apart"
    run_pipeline(together, source)
    write_source(tmp_path / "late", two_days(), only=[1])
    report = run_pipeline(apart, tmp_path / "late")
    assert statuses(report) == {SECOND: "made"}
    assert times_ms(output_table(apart, SECOND))[0] == MIDNIGHT + BAR_MS
    for archive in source.rglob("*.zip"):
        shutil.copy2(archive, tmp_path / "late" / archive.relative_to(source))
    shutil.copy2(source / f"{SECOND}.data.zip", tmp_path / "late" / f"{SECOND}.data.zip")
    report = run_pipeline(apart, tmp_path / "late")
    assert statuses(report) == {FIRST: "made", SECOND: "made"}
    assert outputs(apart) == outputs(together)


def test_the_second_day_uses_the_bars_of_an_earlier_run(tmp_path: Path, source: Path) -> None:
    """A day that is not selected this time still gives its last close."""
    run_pipeline(tmp_path, source)
    expected = outputs(tmp_path)[f"{SECOND}.parquet"]
    (tmp_path / "out" / f"{SECOND}.parquet").unlink()
    report = run_pipeline(tmp_path, source, source__start="2025-08-21")
    assert statuses(report) == {SECOND: "made"}
    assert outputs(tmp_path)[f"{SECOND}.parquet"] == expected


def test_bars_of_another_source_give_no_close(tmp_path: Path, source: Path) -> None:
    """Its archives have the same relative paths: synthetic days must not feed real ones."""
    run_pipeline(tmp_path, source)
    write_source(tmp_path / "other", two_days(), only=[1])
    run_pipeline(tmp_path, tmp_path / "other")
    assert times_ms(output_table(tmp_path, SECOND))[0] == MIDNIGHT + BAR_MS


def test_a_refused_day_gives_no_close(tmp_path: Path, source: Path) -> None:
    """Even if an earlier run left its bars."""
    run_pipeline(tmp_path, source)
    again = source / "linear" / "BTCUSDT" / "2025-08-20_BTCUSDT_ob500.data.zip"
    shutil.copy(source / f"{FIRST}.data.zip", again)
    run_pipeline(tmp_path, source)
    assert times_ms(output_table(tmp_path, SECOND))[0] == MIDNIGHT + BAR_MS


def test_linear_and_spot_of_one_name_give_two_outputs(tmp_path: Path) -> None:
    """The archive's folder is part of its series and of its output's path."""
    source = tmp_path / "source"
    write_source(source, two_days(), two_days(market="spot"), only=[1])
    report = run_pipeline(tmp_path, source)
    assert sorted(outputs(tmp_path)) == [
        f"{SECOND}.parquet",
        f"{SECOND.replace('linear', 'spot')}.parquet",
    ]
    assert set(statuses(report).values()) == {"made"}


def test_two_archives_of_one_series_and_day_are_refused(tmp_path: Path, source: Path) -> None:
    """Both are named, neither is read, the others go on."""
    again = source / "linear" / "BTCUSDT" / "2025-08-21_BTCUSDT_ob500.data.zip"
    shutil.copy(source / f"{SECOND}.data.zip", again)
    report = run_pipeline(tmp_path, source)
    assert sorted(outputs(tmp_path)) == [f"{FIRST}.parquet"]
    assert len(report.failures) == 2
    for failure in report.failures:
        assert "ob20_synthetic.data.zip" in failure.reason
        assert "ob500.data.zip" in failure.reason


def test_a_second_run_changes_nothing(tmp_path: Path, source: Path) -> None:
    """No byte changes, and no file is touched."""
    run_pipeline(tmp_path, source)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    report = run_pipeline(tmp_path, source)
    assert set(statuses(report).values()) == {"unchanged"}
    assert report.text_bytes == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before


def test_a_run_makes_only_missing_files(tmp_path: Path, source: Path) -> None:
    """As after an interruption: one archive's bars and the other's final file are gone."""
    run_pipeline(tmp_path, source)
    expected = outputs(tmp_path)
    (tmp_path / "out" / f"{SECOND}.parquet").unlink()
    report = run_pipeline(tmp_path, source)
    assert statuses(report) == {FIRST: "unchanged", SECOND: "made"}
    assert report.text_bytes == 0
    next((tmp_path / "bars").rglob("2025-08-20_BTCUSDT.parquet")).unlink()
    report = run_pipeline(tmp_path, source)
    assert statuses(report) == {FIRST: "unchanged", SECOND: "unchanged"}
    assert report.text_bytes > 0
    assert outputs(tmp_path) == expected


def test_another_compression_never_reads_an_archive_again(tmp_path: Path, source: Path) -> None:
    """The bars stay; only the final files change."""
    run_pipeline(tmp_path, source)
    report = run_pipeline(tmp_path, source, etl__compression="zstd:3")
    assert set(statuses(report).values()) == {"made"}
    assert report.text_bytes == 0


def test_a_changed_archive_changes_its_day_and_the_next(tmp_path: Path, source: Path) -> None:
    """The next day's file depends on the changed day's last close."""
    run_pipeline(tmp_path, source)
    shutil.rmtree(source / "linear")
    write_source(source, two_days(seed=8), only=[0])
    write_source(tmp_path / "old", two_days(), only=[1])
    shutil.copy2(tmp_path / "old" / f"{SECOND}.data.zip", source / f"{SECOND}.data.zip")
    report = run_pipeline(tmp_path, source)
    assert statuses(report) == {FIRST: "made", SECOND: "made"}


def test_one_damaged_archive_leaves_the_others_going(tmp_path: Path, source: Path) -> None:
    """It fails at once, with its reason; the next day has no previous close."""
    archive = source / f"{FIRST}.data.zip"
    archive.write_bytes(archive.read_bytes()[:-1000])
    report = run_pipeline(tmp_path, source)
    assert [failure.status for failure in report.failures] == ["failed"]
    assert "expected a whole ZIP archive" in report.failures[0].reason
    assert sorted(outputs(tmp_path)) == [f"{SECOND}.parquet"]
    assert times_ms(output_table(tmp_path, SECOND))[0] == MIDNIGHT + BAR_MS


def test_two_runs_on_the_same_folders_do_not_mix(tmp_path: Path, source: Path) -> None:
    """The second is refused before it does anything."""
    with exclusive(tmp_path / "out"), pytest.raises(OutputBusyError, match="another run"):
        run_pipeline(tmp_path, source)
    assert not (tmp_path / "bars" / "linear").exists()


def test_a_stream_without_bars_fails(tmp_path: Path, source: Path) -> None:
    """Deltas without a snapshot are no book: the reason names the messages found."""
    line = (
        b'{"topic":"orderbook.50.ETHUSDT","type":"delta","ts":1755734400500,"data":'
        b'{"s":"ETHUSDT","b":[["1.0","1"]],"a":[],"u":1,"seq":1},"cts":1755734400400}\n'
    )
    write_zip(source / "linear/ETHUSDT/2025-08-21_ETHUSDT_ob50.data.zip", "e.data", line)
    report = run_pipeline(tmp_path, source)
    (failure,) = report.failures
    assert failure.reason.startswith("no_bars")
    assert "deltas before the first snapshot 1" in failure.reason
    assert len(outputs(tmp_path)) == 2
