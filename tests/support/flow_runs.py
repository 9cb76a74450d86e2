"""Run the whole pipeline in this process, on a small source."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
from prefect import flow
from rich.console import Console

from flows.reports.console import Display
from flows.reports.run_report import RunReport
from flows.run import run
from quantgod.settings.keys import Settings
from quantgod.settings.settings import load_settings
from quantgod.settings.values import PROJECT_ROOT
from quantgod.storage.outputs.tables import read_table


def settings_for(root: Path, source: Path, **keys: Any) -> Settings:
    """Return settings with every output below ``root``; ``etl__window="1h"`` sets a key."""
    paths = {
        "paths.rclone_mount": source,
        "paths.processed_output": root / "out",
        "paths.scaler_path": root / "scaler.pkl",
        "paths.bars": root / "bars",
        "paths.quarantine": root / "quarantine",
        "paths.logs": root / "logs",
        "source.mode": "folder",
        "execution.workers": 1,
        "validation.min_coverage": 0.0,
    }
    given = {name.replace("__", "."): value for name, value in keys.items()}
    return load_settings(PROJECT_ROOT / "configs" / "cloud_config.yaml", paths | given)


def run_pipeline(root: Path, source: Path, **keys: Any) -> RunReport:
    """Run the whole pipeline once and return its report."""
    return pipeline(settings_for(root, source, **keys))


@flow(name="pipeline", validate_parameters=False)
def pipeline(settings: Settings) -> RunReport:
    """Run as a flow of its own, without artifacts and exit code."""
    return run(settings, Display(Console(file=io.StringIO(), width=200)))


def outputs(root: Path) -> dict[str, bytes]:
    """Return the bytes of every final file by relative path."""
    out = root / "out"
    files = sorted(path for path in out.rglob("*.parquet"))
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def output_table(root: Path, name: str) -> pa.Table:
    """Return one final table."""
    return read_table(root / "out" / f"{name}.parquet")


def statuses(report: RunReport) -> dict[str, str]:
    """Return how each archive ended."""
    return {result.name: result.status for result in report.results}
