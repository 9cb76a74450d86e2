"""Provenance of bars: the records that decide whether they are still valid (contract §5).

A record is part of the Parquet file's own metadata, so file and record cannot disagree.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Self
from urllib.parse import quote

from quantgod.errors import NoBarsError
from quantgod.orderbook.arrays.arrow import to_numpy
from quantgod.orderbook.checks import check_table, measure_coverage
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.features import LastBar, times_ms
from quantgod.orderbook.recipe import Recipe
from quantgod.orderbook.schema import SCHEMA_VERSION, bars_schema
from quantgod.orderbook.step import StreamBars
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.tables import read_metadata


@dataclass(frozen=True)
class BarsRecord:
    """All that the dataset phase needs to know about a stream's bars."""

    origin: dict[str, str | int | None]  # archive and member of the bars
    source: str  # its location: bars from another source are no evidence of this one's days
    topic: str | None
    bars: int
    full_bars: int
    last_bar: LastBar
    counts: Counts
    unreadable_lines: tuple[int, ...]
    errors: tuple[str, ...]  # of the checks of the bars; such a stream is never published

    def to_metadata(self) -> dict[str, str]:
        """Convert to Parquet metadata."""
        return {"bars_record": json.dumps(asdict(self))}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """Read back from Parquet metadata."""
        values = json.loads(metadata["bars_record"])
        values["last_bar"] = LastBar(**values["last_bar"])
        values["counts"] = Counts(**values["counts"])
        values["unreadable_lines"] = tuple(values["unreadable_lines"])
        values["errors"] = tuple(values["errors"])
        return cls(**values)


def make_record(stream: Stream, bars: StreamBars, recipe: Recipe) -> BarsRecord:
    """Describe a stream's bars for their file.

    Raises:
        NoBarsError: there are no bars.
    """
    if bars.table.num_rows == 0:
        raise NoBarsError(_why_no_bars(bars.counts), stream.archive.path, stream.member.name)
    grid, levels = recipe.day_grid(stream.day), recipe.orderbook_levels
    findings = check_table(bars.table, bars_schema(levels), grid, levels)
    samples = to_numpy(bars.table["sample_count"])
    coverage = measure_coverage(samples, grid, recipe.sampling_interval_ms)
    return BarsRecord(
        origin=origin_of(stream),
        source=stream.archive.source.location,
        topic=bars.cursor.topic,
        bars=coverage.bars,
        full_bars=coverage.full_bars,
        last_bar=LastBar(int(times_ms(bars.table)[-1]), bars.table["close"][-1].as_py()),
        counts=bars.counts,
        unreadable_lines=bars.unreadable_lines,
        errors=tuple(f"{f.check}: {f.figures}" for f in findings if f.severity == "error"),
    )


def _why_no_bars(counts: Counts) -> str:
    """Explain by its counts why a stream gave no bar, so that its owner knows where to look."""
    reasons = {
        "lines": counts.lines,
        "unreadable": counts.unreadable,
        "messages outside the day": counts.outside_day,
        "deltas before the first snapshot": counts.before_snapshot,
        "snapshots": counts.snapshots,
        "instants with an unknown book": counts.unknown,
        "stale": counts.stale,
        "one-sided": counts.one_sided,
        "crossed": counts.crossed,
    }
    found = ", ".join(f"{name} {count}" for name, count in reasons.items())
    return f"no_bars: the stream gave no bar. Found: {found}"


def origin_of(stream: Stream) -> dict[str, str | int | None]:
    """Identify a stream's bytes: archive, size, mtime, member CRC (contract §5)."""
    return {
        "archive": stream.archive.path,
        "archive_size": stream.archive.size,
        "archive_mtime_ns": stream.archive.mtime_ns,
        "member": stream.member.name,
        "member_size": stream.member.size,
        "member_crc32": f"{stream.member.crc32:08x}",
        "day": stream.day.isoformat(),
        "symbol": stream.symbol,
    }


def recipe_folder(recipe: Recipe) -> str:
    """Name the bars folder of a recipe: readable, and different for each recipe and schema."""
    digest = sha256(json.dumps([SCHEMA_VERSION, asdict(recipe)]).encode()).hexdigest()
    intervals = f"{recipe.sampling_interval_ms}ms-{recipe.bar_interval_ms}ms"
    return f"{intervals}-{recipe.orderbook_levels}levels-{digest[:8]}"


def bars_path(bars: Path, recipe: Recipe, folder: str, symbol: str, day: date) -> Path:
    """Path of the bars of a series' day, whichever archive they came from."""
    # A symbol comes from a message, so it is quoted to be safe in a path.
    name = f"{day}_{quote(symbol, safe='', errors='surrogatepass')}.parquet"
    return bars / recipe_folder(recipe) / folder / name


def read_bars_record(path: Path) -> BarsRecord | None:
    """Read the record of a bars file; None if there is no readable one."""
    metadata = read_metadata(path) or {}
    return BarsRecord.from_metadata(metadata) if "bars_record" in metadata else None
