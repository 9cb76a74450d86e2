"""``python flows/l2_flow.py`` as a user starts it: its own process, its own Prefect home."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from quantgod.settings.values import PROJECT_ROOT
from tests.support.flow_runs import settings_for


def run_script(
    root: Path, source: Path, *options: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the script from another folder, with every output below ``root``."""
    return subprocess.run(
        script(root, source, *options), cwd=root, env=environment_of(source.parent) | variables,
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def script(root: Path, source: Path, *options: str) -> list[str]:
    """Return the command line of such a run."""
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
    """Return this environment, with a separate Prefect home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"PREFECT_HOME": str(root / "prefect")}


def recorded_states(home: Path) -> set[str]:
    """Return the states of all runs that a Prefect in this home has recorded."""
    query = "select state_type from task_run union select state_type from flow_run"
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        return {state for (state,) in database.execute(query)}
