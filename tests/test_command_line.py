"""``python flows/l2_flow.py`` as a user starts it: its own process, its own Prefect home."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flows.settings import PROJECT_ROOT
from tests.flow_runs import outputs, settings_for, two_days, write_source
from tests.prefect_installation import kill_all

pytestmark = [pytest.mark.real, pytest.mark.slow]


def run_script(root: Path, source: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script from another folder, with every output below ``root``."""
    return subprocess.run(
        script(root, source, *options), cwd=root, env=environment_of(source.parent),
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def script(root: Path, source: Path, *options: str) -> list[str]:
    """The command line of such a run."""
    given = {
        name: str(path) for name, path in settings_for(root, source).paths.model_dump().items()
    }
    return [
        sys.executable,
        str(PROJECT_ROOT / "flows" / "l2_flow.py"),
        *(f"--paths.{name}={value}" for name, value in given.items()),
        "--source.mode=folder",
        *options,
    ]


def environment_of(root: Path) -> dict[str, str]:
    """This environment, with a Prefect home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"PREFECT_HOME": str(root / "prefect")}


def recorded_states(home: Path) -> set[str]:
    """States of all runs that a Prefect of this home has written down."""
    query = "select state_type from task_run union select state_type from flow_run"
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        return {state for (state,) in database.execute(query)}


def test_a_run_from_nothing_to_files(tmp_path: Path) -> None:
    """Two archives in two processes: exit 0, a table, a log, and no stack trace, ever."""
    source = tmp_path / "source"
    write_source(source, two_days())
    done = run_script(tmp_path, source, "--execution.workers=2", "--features.apply_zscore=true")
    assert done.returncode == 0, done.stderr
    assert "made" in done.stdout
    assert "coverage" in done.stdout
    assert done.stderr == ""
    log = (tmp_path / "logs" / "l2.log").read_text()
    assert "stream_parse linear/BTCUSDT/2025-08-20_BTCUSDT_ob50_synthetic" in log
    assert "Starting temporary server" not in log, "pool processes use the run's own server"
    assert recorded_states(tmp_path / "prefect") == {"COMPLETED"}
    assert len(outputs(tmp_path)) == 2


# As on a terminal: what a shell starts in the background ignores Ctrl-C, and so all that follows.
HEEDING_CTRL_C = ["env", "--default-signal=INT"]


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_stops_at_once_and_the_next_run_goes_on(tmp_path: Path, workers: int) -> None:
    """In the middle of the second or third archive of four, with windows enough to be caught."""
    source = tmp_path / "source"
    write_source(source, two_days(), two_days("ETHUSDT"))
    options = ["--etl.resampling_interval=1s", "--etl.window=10s", f"--execution.workers={workers}"]
    stopped = tmp_path / "stopped"
    stopped.mkdir()
    with subprocess.Popen(
        [*HEEDING_CTRL_C, *script(stopped, source, *options)], cwd=stopped,
        env=environment_of(tmp_path), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            until_first_bars = iter(process.stdout.readline, "")
            assert any(line.startswith("bars 1/4") for line in until_first_bars)
            os.killpg(process.pid, signal.SIGINT)
            told, errors = process.communicate(timeout=10)
        finally:
            kill_all(tmp_path / "prefect")
    assert process.returncode == 130
    assert re.search(r"^stopped: [123] of 4 archives have their bars", told, re.MULTILINE)
    assert errors == ""
    assert outputs(stopped) == {}
    for root in (stopped, tmp_path):
        assert run_script(root, source, *options).returncode == 0
    assert outputs(stopped) == outputs(tmp_path)
    assert len(outputs(stopped)) == 4


def test_help_names_every_setting_and_needs_no_server(tmp_path: Path) -> None:
    """It answers without Prefect."""
    done = run_script(tmp_path, tmp_path / "source", "--help")
    assert done.returncode == 0
    assert "--etl.orderbook_levels" in done.stdout
    assert not (tmp_path / "prefect").exists()
