"""Records of streams, and every change that makes a file invalid, for manifest and store."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from quantgod.orderbook.counts import Counts
from quantgod.orderbook.features import LastBar
from quantgod.orderbook.recipe import Recipe
from quantgod.orderbook.scaling import Moments
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.manifest import BarsRecord, origin_of
from quantgod.storage.outputs.planned import PlannedOutput
from quantgod.storage.outputs.scaler_files import Scaler
from quantgod.storage.outputs.store import OutputStore
from quantgod.storage.outputs.tables import Compression

RECIPE = Recipe(1000, 60_000, 200, 10_000, "drop")
SNAPPY = Compression("snappy")
CHANGES: dict[str, Any] = {
    "sampling_interval_ms": 500,
    "bar_interval_ms": 300_000,
    "orderbook_levels": 50,
    "max_staleness_ms": 9_999,
    "on_sequence_gap": "keep",
}
OTHERS = {name: replace(RECIPE, **{name: value}) for name, value in CHANGES.items()}


def _keep_mtime(file: Path, change: Callable[[], object]) -> None:
    mtime = file.stat().st_mtime_ns
    change()
    os.utime(file, ns=(mtime, mtime))


TOUCHES: dict[str, Callable[[Path], None]] = {
    "size": lambda file: _keep_mtime(file, lambda: file.write_bytes(b"PK" + file.read_bytes())),
    "mtime": lambda file: os.utime(file, ns=(1, 2)),
}


def record_of(stream: Stream, **changes: Any) -> BarsRecord:
    """Return the record of a stream's bars; keyword arguments replace its values."""
    record = BarsRecord(
        origin=origin_of(stream),
        source=stream.archive.source.location,
        topic=stream.topic,
        bars=3,
        full_bars=2,
        last_bar=LastBar(1_723_161_540_000, 0.1 + 0.2),
        counts=Counts(lines=7, crossed=2),
        unreadable_lines=(4, 9),
        errors=("finite values: NaN",),
    )
    return replace(record, **changes)


def store_in(
    folder: Path, recipe: Recipe = RECIPE, compression: Compression = SNAPPY
) -> OutputStore:
    """An output store whose folders are in one."""
    return OutputStore(recipe, folder / "bars", folder / "out", folder / "quarantine", compression)


def scaler_of(sha256: str | None) -> Scaler | None:
    """A scaler of which only the digest matters."""
    return None if sha256 is None else Scaler(Moments((), (), (), 0), sha256)


def output_metadata(
    stream: Stream,
    record: BarsRecord,
    recipe: Recipe,
    compression: Compression,
    before: LastBar | None,
    scaler_sha256: str | None,
) -> dict[str, str]:
    """The metadata of a final file made from these."""
    store = store_in(Path(), recipe, compression)
    return PlannedOutput(stream, record, before).metadata(store, scaler_of(scaler_sha256))
