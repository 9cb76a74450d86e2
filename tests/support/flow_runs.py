"""Small sources, and runs of the whole pipeline on them in this process."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from prefect import flow
from rich.console import Console

from flows.reports.console import Display
from flows.reports.run_report import RunReport
from flows.run import run
from quantgod.orderbook.calendar import day_start_ms
from quantgod.settings.settings import Settings, load_settings
from quantgod.settings.values import PROJECT_ROOT
from quantgod.storage.outputs.tables import read_table
from quantgod.synthetic import StreamSpec, generate_days
from quantgod.synthetic.demo import name_of, write_archive

MIDNIGHT = day_start_ms(date(2025, 8, 21))
SPAN_MS = 150_000


def two_days(
    symbol: str = "BTCUSDT", market: str = "linear", span_ms: int = SPAN_MS, seed: int = 7
) -> tuple[StreamSpec, StreamSpec]:
    """A market's last minutes of one day and first ones of the next."""
    first = StreamSpec(
        symbol, market, 50, MIDNIGHT - span_ms, MIDNIGHT, seed=seed, activity="quiet"  # type: ignore[arg-type]
    )  # fmt: skip
    return first, first.following(MIDNIGHT + span_ms, depth=20)


def write_source(root: Path, *markets: Sequence[StreamSpec], only: Iterable[int] = (0, 1)) -> None:
    """Archives of markets below ``root``; ``only`` picks the days to write."""
    for specs in markets:
        texts = dict.fromkeys(specs, b"")
        for spec, chunk in generate_days(specs):
            texts[spec] += chunk
        for day in only:
            spec = specs[day]
            path = root / spec.market / spec.symbol / f"{name_of(spec)}.zip"
            if not path.exists():
                write_archive(path, name_of(spec), iter([texts[spec]]))


def write_zip(path: Path, member: str, text: bytes) -> Path:
    """An archive of one member with the given text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text)
    return path


def settings_for(root: Path, source: Path, **keys: Any) -> Settings:
    """Settings whose every output lies below ``root``; ``etl__window="1h"`` sets a key."""
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
    """One whole run; what it tells as a value."""
    return pipeline(settings_for(root, source, **keys))


@flow(name="pipeline", validate_parameters=False)
def pipeline(settings: Settings) -> RunReport:
    """A run as a flow of its own, without artifacts and exit code."""
    return run(settings, Display(Console(file=io.StringIO(), width=200)))


def outputs(root: Path) -> dict[str, bytes]:
    """Every final file's bytes by its relative path."""
    out = root / "out"
    files = sorted(path for path in out.rglob("*.parquet"))
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def output_table(root: Path, name: str) -> pa.Table:
    """One final table."""
    return read_table(root / "out" / f"{name}.parquet")


def statuses(report: RunReport) -> dict[str, str]:
    """How each archive ended."""
    return {result.name: result.status for result in report.results}
