"""prefect.yaml end to end: complete runs through a real server, pool and worker."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from quantgod.orderbook.calendar import day_of, day_start_ms
from quantgod.orderbook.checks import check_table
from quantgod.orderbook.recipe import DayGrid
from quantgod.orderbook.schema import output_schema
from quantgod.settings.values import PROJECT_ROOT
from quantgod.storage.outputs.tables import read_table
from quantgod.synthetic import StreamSpec, demo
from tests.support.prefect_installation import (
    PROCESSES,
    SETTLE_SECONDS,
    Installation,
    Run,
    installed,
    is_final,
    is_met,
    processes_of,
)

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.timeout(900),  # the waits inside time out earlier
    pytest.mark.skipif(not PROCESSES.is_dir(), reason="it ends the processes that it finds there"),
]

LEVELS = 10
MINUTE_MS = 60_000
MIDNIGHT = 1_755_734_400_000  # 2025-08-21
FIRST_DAY = StreamSpec(
    "BTCUSDT", "linear", 50, MIDNIGHT - 3 * MINUTE_MS, MIDNIGHT, seed=3, activity="quiet"
)
SECOND_DAY = FIRST_DAY.following(MIDNIGHT + 3 * MINUTE_MS)
FIRST = "linear/BTCUSDT/2025-08-20_BTCUSDT_ob50_synthetic"
SECOND = "linear/BTCUSDT/2025-08-21_BTCUSDT_ob50_synthetic"


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Start one server and one worker for all runs."""
    with installed(tmp_path_factory.mktemp("prefect")) as ours:
        yield ours


def overrides_for(root: Path, **keys: object) -> dict[str, object]:
    """Return overrides that put all folders below one; ``etl__window="1h"`` sets a key."""
    paths = {
        "paths.rclone_mount": str(root / "source"),
        "paths.processed_output": str(root / "output"),
        "paths.scaler_path": str(root / "scaler.pkl"),
        "paths.bars": str(root / "bars"),
        "paths.quarantine": str(root / "quarantine"),
        "etl.orderbook_levels": LEVELS,
        "validation.min_coverage": 0,
    }
    return paths | {name.replace("__", "."): value for name, value in keys.items()}


def files_below(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return mtime and content of every file by relative path, without the runs' locks."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and path.name != ".lock")
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files
    }


@dataclass(frozen=True)
class Days:
    """Two days of one market, processed once: in two processes, with the scaler."""

    root: Path
    overrides: dict[str, object]
    run: Run


@pytest.fixture(scope="module")
def days(prefect: Installation, tmp_path_factory: pytest.TempPathFactory) -> Days:
    root = tmp_path_factory.mktemp("days")
    demo.fill(root / "source", [(FIRST_DAY, SECOND_DAY)])
    overrides = overrides_for(
        root, etl__window="2min", features__apply_zscore=True, execution__workers=2
    )
    return Days(root, overrides, prefect.run("two-days", overrides))


def test_a_run_is_completed(prefect: Installation, days: Days) -> None:
    assert days.run.state == "Completed", f"{days.run.output}\n{prefect.said()}"
    assert days.run.exit_code == 0
    assert days.run.message.startswith("2 of 2 archives done, 0 failed, ")


def test_the_outputs_are_valid_and_as_the_results_say(days: Days) -> None:
    results = days.run.results()
    assert [*results] == [FIRST, SECOND]
    for name, spec in ((FIRST, FIRST_DAY), (SECOND, SECOND_DAY)):
        table = read_table(days.root / "output" / f"{name}.parquet")
        grid = DayGrid(day_start_ms(day_of(spec.start_ms)), MINUTE_MS)
        findings = check_table(table, output_schema(LEVELS), grid, LEVELS)
        assert [each for each in findings if each.severity == "error"] == []
        assert results[name]["status"] == "made"
        assert results[name]["rows"] == table.num_rows > 0
        assert results[name]["bars"] >= table.num_rows


def test_the_summary_covers_the_whole_run(days: Days) -> None:
    summary = days.run.artifact("run-summary")
    assert summary.type == "markdown"
    for row in ("| archives | 2 |", "| made | 2 |", "| failed | 0 |"):
        assert row in str(summary.data)
    for path in ("source", "output", "scaler.pkl"):
        assert str(days.root / path) in str(summary.data)


def test_checks_and_progress_have_a_short_description(days: Days) -> None:
    """A card in the UI's list shows the beginning of the description."""
    checks = days.run.artifact(f"checks-{FIRST.lower().replace('/', '-').replace('_', '-')}")
    assert str(checks.description) == f"Warning: gaps. Every check of {FIRST}"
    results = [row["result"] for row in json.loads(str(checks.data))]
    assert results == sorted(results, key=["error", "warning", "info", "ok"].index)
    progress = days.run.artifact("progress-bars")
    assert (progress.data, progress.description) == (100, "bars: 2 of 2 archives done")


def test_every_stage_is_a_task_run_named_by_archive_and_window(days: Days) -> None:
    runs = days.run.task_runs()
    steps = [f"{FIRST} {window}" for window in ("23:56:00-23:58:00", "23:58:00-24:00:00")]
    steps += [f"{SECOND} {window}" for window in ("00:00:00-00:02:00", "00:02:00-00:04:00")]
    by_step = ("stream_parse", "sample", "cut_levels", "resample")
    by_stream = ("bars", "fit_rows", "dataset", "add_features", "scale", "write", "validate")
    wanted = {f"check_mount {days.root / 'source'}"}
    wanted |= {f"list_members {name}.data.zip" for name in (FIRST, SECOND)}
    wanted |= {f"{stage} {step}" for stage in by_step for step in steps}
    wanted |= {f"{stage} {name}" for stage in by_stream for name in (FIRST, SECOND)}
    assert wanted - {run.name for run in runs} == set()
    assert {run.name: run.state_name for run in runs if run.state_name != "Completed"} == {}


def test_a_run_logs_as_a_local_one_does(prefect: Installation, days: Days) -> None:
    lines = (prefect.home / "l2.log").read_text().splitlines()
    assert any(f"flow {days.run.flow_run.name} - " in line for line in lines)
    assert any(f"task sample {FIRST} " in line for line in lines)  # of a pool process
    console = (prefect.home / "worker.log").read_text()
    assert "L2 run" in console  # the table
    assert "Finished in state" not in console


def test_a_second_run_changes_nothing_and_says_so(prefect: Installation, days: Days) -> None:
    before = files_below(days.root)
    again = prefect.run("two-days-again", days.overrides)
    assert again.state == "Completed", again.output
    assert files_below(days.root) == before
    assert {row["status"] for row in again.results().values()} == {"unchanged"}
    assert "| unchanged | 2 |" in str(again.artifact("run-summary").data)


def test_a_damaged_archive_fails_the_run_by_name_and_leaves_the_others(
    prefect: Installation, days: Days, tmp_path: Path
) -> None:
    shutil.copytree(days.root / "source", tmp_path / "source")
    damaged = tmp_path / "source" / f"{SECOND}.data.zip"
    damaged.write_bytes(damaged.read_bytes()[:5000])
    run = prefect.run("damaged", overrides_for(tmp_path))
    assert (run.state, run.exit_code) == ("Failed", 1), run.output
    assert run.message.startswith(f"1 of 2 archives failed\n  {SECOND}.data.zip: failed: ")
    assert FIRST not in run.message
    assert run.results()[FIRST]["status"] == "made"
    assert [*files_below(tmp_path / "output")] == [f"{FIRST}.parquet"]
    assert all(map(is_final, run.task_runs()))


def test_a_misspelt_override_fails_the_run_in_the_words_of_the_settings(
    prefect: Installation,
) -> None:
    run = prefect.run("misspelt", {"etl.orderbok_levels": 50})
    assert (run.state, run.exit_code) == ("Failed", 1), run.output
    assert "expected  a known key; the nearest is etl.orderbook_levels" in run.message
    assert "at        override etl.orderbok_levels" in run.message


def test_the_deployment_lets_later_runs_wait_and_holds_no_path_of_this_machine(
    prefect: Installation,
) -> None:
    deployment = prefect.client.read_deployment_by_name("l2/l2")
    limit, options = deployment.global_concurrency_limit, deployment.concurrency_options
    assert limit is not None
    assert limit.limit == 1
    assert options is not None
    assert options.collision_strategy == "ENQUEUE"
    assert str(PROJECT_ROOT) not in deployment.model_dump_json()


def test_no_process_of_a_run_outlives_it(prefect: Installation) -> None:
    stays = ("server start", "uvicorn", "worker start")

    def left() -> list[str]:
        commands = processes_of(prefect.home).values()
        return [each for each in commands if not any(words in each for words in stays)]

    assert is_met(lambda: not left(), SETTLE_SECONDS), left()
