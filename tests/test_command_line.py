"""``python flows/l2_flow.py`` as a user starts it: its own process, its own Prefect home."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flows.settings import PROJECT_ROOT
from tests.flow_runs import outputs, settings_for, two_days, write_source

pytestmark = [pytest.mark.real, pytest.mark.slow]


def run_script(root: Path, source: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script from another folder, with every output below ``root``."""
    given = {
        name: str(path) for name, path in settings_for(root, source).paths.model_dump().items()
    }
    command = [
        sys.executable,
        str(PROJECT_ROOT / "flows" / "l2_flow.py"),
        *(f"--paths.{name}={value}" for name, value in given.items()),
        "--source.mode=folder",
        *options,
    ]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")
    }
    environment["PREFECT_HOME"] = str(root / "prefect")
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


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


def test_help_names_every_setting_and_needs_no_server(tmp_path: Path) -> None:
    """It answers without Prefect."""
    done = run_script(tmp_path, tmp_path, "--help")
    assert done.returncode == 0
    assert "--etl.orderbook_levels" in done.stdout
    assert not (tmp_path / "prefect").exists()
