"""The whole flow as a user starts it: Prefect, its server, a pool of processes, all outputs.

python -m benchmarks.flow --workers 2 ARCHIVE ...
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.archives import FOLDER
from benchmarks.contender import read_through, sizes
from benchmarks.meter import Facts
from benchmarks.processes import run_watched
from quantgod.settings.values import PROJECT_ROOT

# No thread reads ahead, as on a machine where every core has a worker.
_WITHOUT_READ_AHEAD = """
import runpy
import quantgod.settings.values
quantgod.settings.values.usable_cores = lambda: 1
runpy.run_path("flows/l2_flow.py", run_name="__main__")
"""


def measure(
    archives: Sequence[Path], workers: int, read_ahead: bool, interval_ms: int = 1000
) -> Facts:
    """Measure one run of the flow that makes every output of the given archives."""
    with tempfile.TemporaryDirectory(prefix="l2-flow-") as name:
        folder = Path(name)
        home, log = shutil.copytree(home_with_database(), folder / "prefect"), folder / "run.log"
        config = prepare(folder, archives, workers, interval_ms)
        for archive in archives:
            read_through(archive)
        program = ["flows/l2_flow.py"] if read_ahead else ["-c", _WITHOUT_READ_AHEAD]
        command = [sys.executable, *program, "--config", str(config)]
        watched = run_watched(command, PROJECT_ROOT, environment(home), log)
        if watched.exit_code:
            raise RuntimeError(f"the flow ended with {watched.exit_code}:\n{log.read_text()}")
        found = [sizes(archive) for archive in archives]
        return {
            "text_bytes": sum(each["text_bytes"] for each in found),
            "archive_bytes": sum(each["archive_bytes"] for each in found),
            "wall": watched.wall,
            "cpu": watched.cpu,
            "memory": watched.memory,
            "memory_by_role": watched.peaks,
            "run_seconds": run_seconds(home / "prefect.db"),
            "archive_seconds": median(archive_seconds(home / "prefect.db")),
        }


def prepare(folder: Path, archives: Sequence[Path], workers: int, interval_ms: int) -> Path:
    """Create a source folder with links to the archives, and settings that keep outputs in it."""
    source = folder / "raw" / "linear" / "BTCUSDT"
    source.mkdir(parents=True)
    for archive in archives:
        (source / archive.name).symlink_to(archive)
    paths = {
        "rclone_mount": "raw",
        "processed_output": "final",
        "scaler_path": "scaler.pkl",
        "bars": "bars",
        "quarantine": "quarantine",
        "logs": "logs",
    }
    settings = {
        "paths": {key: str(folder / path) for key, path in paths.items()},
        "source": {"mode": "folder"},
        "etl": {"sampling_interval_ms": interval_ms},
        "execution": {"workers": workers},
    }
    config = folder / "config.yaml"
    config.write_text(json.dumps(settings))  # JSON is YAML
    return config


def environment(home: Path) -> dict[str, str]:
    """Return this environment with a separate Prefect, and so a temporary server."""
    ours = ("PREFECT_", "QUANTGOD_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PREFECT_HOME": str(home)}


def home_with_database() -> Path:
    """Prepare a Prefect home as a first run leaves it: creating its database is slow."""
    home = FOLDER / f"prefect-{version('prefect')}"
    if not home.exists():
        with tempfile.TemporaryDirectory(dir=FOLDER) as name:
            made = Path(name) / home.name
            command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
            subprocess.run(  # noqa: S603 - our own Prefect
                command, env=environment(made), stdout=subprocess.DEVNULL, check=True
            )
            made.rename(home)
    return home


def run_seconds(database: Path) -> float:
    """Return the seconds of the only flow run, without starting its process and the server."""
    (seconds,) = _seconds(database, "flow_run", "true")
    return seconds


def archive_seconds(database: Path) -> list[float]:
    """Return the seconds that each archive's bars took."""
    return _seconds(database, "task_run", "name like 'bars %'")


def _seconds(database: Path, table: str, condition: str) -> list[float]:
    """Return the durations of runs as Prefect has recorded them."""
    query = f"""
        select (julianday(end_time) - julianday(start_time)) * 86400
        from {table} where {condition} order by start_time
    """  # noqa: S608 - both are literals above
    with closing(sqlite3.connect(database)) as opened:
        return [seconds for (seconds,) in opened.execute(query)]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flow")
    parser.add_argument("archives", type=Path, nargs="+")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--read-ahead", action="store_true", help="where the flow would")
    parser.add_argument("--interval-ms", type=int, default=1000, help="between samples")
    given = parser.parse_args(argv)
    archives = [archive.absolute() for archive in given.archives]
    facts = measure(archives, given.workers, given.read_ahead, given.interval_ms)
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
