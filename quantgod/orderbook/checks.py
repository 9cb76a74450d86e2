"""Checks of bars, finished tables and counts (contract §7): values in, findings out.

Every check returns one finding, also when it passes, so that a report lists all checks made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from quantgod.orderbook.arrays.arrow import to_numpy
from quantgod.orderbook.calendar import DAY_MS, clock, iso
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.features import times_ms
from quantgod.orderbook.messages import Float64Array, Int64Array
from quantgod.orderbook.recipe import DayGrid
from quantgod.orderbook.schema import FEATURES, level_names

Severity = Literal["ok", "info", "warning", "error"]

_PRICES = ("open", "high", "low", "close")
_MOST_LISTED = 20
_USUAL_CLOSING_DELTAS, _USUAL_CLOSING_SNAPSHOTS = 7, 1
_SHALLOW_SHARE = 0.01


@dataclass(frozen=True)
class Finding:
    """Result of one check: its name, a severity, and the figures as text."""

    check: str
    severity: Severity
    figures: str


@dataclass(frozen=True)
class Limits:
    """Thresholds of warnings."""

    max_gap_ms: int
    min_coverage: float  # share of the day's bars


def check_table(table: pa.Table, schema: pa.Schema, grid: DayGrid, levels: int) -> list[Finding]:
    """Check the content of a table: phase-1 bars or a finished file."""
    findings = [check_schema(table, schema)]
    if findings[0].severity == "error":
        return findings
    return [
        *findings,
        check_values(table),
        check_times(times_ms(table), grid),
        check_books(table, levels),
    ]


def check_schema(table: pa.Table, schema: pa.Schema) -> Finding:
    """Check column names, order and types."""
    found, expected = list(table.schema), list(schema)
    for position, (have, want) in enumerate(zip(found, expected, strict=False)):
        if have.name != want.name or have.type != want.type:
            types = f"expected {want.name} {want.type}, found {have.name} {have.type}"
            return Finding("schema", "error", f"column {position}: {types}")
    if len(found) != len(expected):
        return Finding("schema", "error", f"expected {len(expected)} columns, found {len(found)}")
    return Finding("schema", "ok", f"{len(found)} columns")


def check_values(table: pa.Table) -> Finding:
    """Check for NaN, null and Inf: only the price of a missing level may be null."""
    unusable = {name: _unusable(name, table[name]) for name in table.schema.names}
    bad = [f"{name}: {count}" for name, count in unusable.items() if count]
    if bad:
        return Finding("finite values", "error", "NaN or Inf in " + _listed(bad))
    return Finding("finite values", "ok", f"{table.num_rows} rows")


def _unusable(name: str, column: pa.ChunkedArray) -> int:
    """Count the values of a column that must not be NaN, null or Inf."""
    if not pa.types.is_floating(column.type):
        return int(column.null_count)
    values = to_numpy(column)
    may_be_missing = name not in _PRICES + FEATURES and name.endswith("_p")
    return int((np.isinf(values) if may_be_missing else ~np.isfinite(values)).sum())


def check_times(open_ms: Int64Array, grid: DayGrid) -> Finding:
    """Check that ``datetime`` is strictly increasing, on the grid of W and inside the day."""
    wrong = {
        "not after the row before": np.diff(open_ms, prepend=open_ms[:1] - 1) <= 0,
        "off the grid": open_ms % grid.bar_interval_ms != 0,
        "outside the day": (open_ms < grid.day_ms) | (open_ms >= grid.day_ms + DAY_MS),
    }
    bad = [
        f"{int(rows.sum())} {fault}, first {iso(int(open_ms[rows.argmax()]))}"
        for fault, rows in wrong.items()
        if rows.any()
    ]
    if bad:
        return Finding("time order", "error", "; ".join(bad))
    return Finding("time order", "ok", f"{len(open_ms)} rows")


def check_books(table: pa.Table, levels: int) -> Finding:
    """Check that bids fall, asks rise, the book is not crossed, and each price has a size > 0."""
    bids, bid_sizes = _side(table, 0, levels), _side(table, 1, levels)
    asks, ask_sizes = _side(table, 2, levels), _side(table, 3, levels)
    wrong = {
        "bids not strictly decreasing": _any(bids[:, 1:] >= bids[:, :-1]),
        "asks not strictly increasing": _any(asks[:, 1:] <= asks[:, :-1]),
        "a level after a missing one": _holes(bids) | _holes(asks),
        "best bid not below best ask": ~(bids[:, 0] < asks[:, 0]),
        "size where no price, or none where a price": _any((bid_sizes > 0) == np.isnan(bids))
        | _any((ask_sizes > 0) == np.isnan(asks)),
    }
    bad = [f"{fault}: {int(rows.sum())} rows" for fault, rows in wrong.items() if rows.any()]
    if bad:
        return Finding("book order", "error", "; ".join(bad))
    return Finding("book order", "ok", f"{table.num_rows} books of {levels} levels per side")


def _side(table: pa.Table, part: int, levels: int) -> Float64Array:
    """Return (rows, levels) of a part: 0 bid price, 1 bid size, 2 ask price, 3 ask size."""
    names = [level_names(level)[part] for level in range(levels)]
    return np.column_stack([to_numpy(table[name]) for name in names])


def _any(wrong: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(wrong.any(axis=1))


def _holes(prices: Float64Array) -> NDArray[np.bool_]:
    return _any(np.isnan(prices[:, :-1]) & ~np.isnan(prices[:, 1:]))


def check_gaps(open_ms: Int64Array, grid: DayGrid, max_gap_ms: int) -> Finding:
    """Check for stretches without bars above ``max_gap_ms``, from the day's start to its end."""
    day_end = grid.day_ms + DAY_MS
    ends = np.append(grid.day_ms, open_ms + grid.bar_interval_ms).tolist()
    starts = np.append(open_ms, day_end).tolist()
    gaps = [
        f"{clock(end)} to {clock(start) if start < day_end else '24:00:00'}"
        for end, start in zip(ends, starts, strict=True)
        if start - end > max_gap_ms
    ]
    if gaps:
        return Finding("gaps", "warning", f"{len(gaps)} without bars: {', '.join(gaps)}")
    return Finding("gaps", "ok", f"none above {max_gap_ms / 1000:g} s")


@dataclass(frozen=True)
class Coverage:
    """Bars of a day, warm-up rows included."""

    bars: int
    full_bars: int  # with all W/Δ samples
    bars_of_day: int

    @property
    def share(self) -> float:
        """Share of the day's bars that exist."""
        return self.bars / self.bars_of_day

    @property
    def full_share(self) -> float:
        """Share of the day's bars that have all their samples."""
        return self.full_bars / self.bars_of_day


def measure_coverage(
    sample_counts: NDArray[np.int32], grid: DayGrid, sampling_interval_ms: int
) -> Coverage:
    """Measure the coverage of one day's bars from their ``sample_count``."""
    full = int((sample_counts == grid.bar_interval_ms // sampling_interval_ms).sum())
    return Coverage(len(sample_counts), full, grid.bars)


def check_coverage(coverage: Coverage, min_coverage: float) -> Finding:
    """Warn if the share of bars, or of full bars, is below ``min_coverage``."""
    figures = (
        f"{coverage.bars} of {coverage.bars_of_day} bars ({coverage.share:.2%}), "
        f"full {coverage.full_bars} ({coverage.full_share:.2%})"
    )
    low = min(coverage.share, coverage.full_share) < min_coverage
    return Finding("coverage", "warning" if low else "ok", figures)


def check_counts(counts: Counts, unreadable_lines: Sequence[int]) -> list[Finding]:
    """Return a finding per kind of irregularity that the pipeline skipped or corrected."""
    first = f", first lines {', '.join(map(str, unreadable_lines))}" if unreadable_lines else ""
    usual = min(counts.closing_deltas, _USUAL_CLOSING_DELTAS) + min(
        counts.closing_snapshots, _USUAL_CLOSING_SNAPSHOTS
    )
    outside = (
        f"messages beyond the {usual} usual closing ones; {counts.outside_ignored} ignored, "
        "more than one hour outside"
    )
    return [
        _count("unreadable lines", counts.unreadable, f"of {counts.lines} lines{first}"),
        _count("before snapshot", counts.before_snapshot, "deltas ignored before any snapshot"),
        _sequence(counts),
        _count("unknown book", counts.unknown, "grid instants from a gap to the next snapshot"),
        _count("stale book", counts.stale, "grid instants without a recent message"),
        _count("one-sided book", counts.one_sided, "grid instants"),
        _count("crossed book", counts.crossed, "grid instants with best bid >= best ask"),
        _count("out of order", counts.out_of_order, "messages stamped before an earlier one"),
        _count("outside the day", counts.outside_day - usual, outside),
        _count("bars without a sample", counts.messages_without_sample, "applied messages in them"),
        _depth("depth promised", counts.shallow_topic, counts, "the topic promises"),
        _depth("depth of the cut", counts.shallow_cut, counts, "the cut keeps"),
        _reconstruction(counts),
        _info("absent deletes", f"{counts.absent_deletes} deletes of levels not in the book"),
        _slow_lines(counts),
    ]


def _count(check: str, count: int, noun: str) -> Finding:
    return Finding(check, "warning" if count > 0 else "ok", f"{count} {noun}")


def _info(check: str, figures: str) -> Finding:
    return Finding(check, "info", figures)


def _sequence(counts: Counts) -> Finding:
    if counts.sequence_checked == 0:
        return _info("gaps in update ids", "not checkable: no update ids to compare")
    checked = f"in {counts.sequence_checked} deltas checked"
    return _count("gaps in update ids", counts.sequence_gaps, checked)


def _depth(check: str, shallow: int, counts: Counts, depth: str) -> Finding:
    share = shallow / counts.samples if counts.samples else 0.0
    figures = f"{share:.2%} of {counts.samples} samples hold fewer levels on a side than {depth}"
    return Finding(check, "warning" if share > _SHALLOW_SHARE else "ok", figures)


def _reconstruction(counts: Counts) -> Finding:
    if counts.reconstruction_snapshots == 0:
        return _info("reconstruction", "no later snapshot to compare with")
    share = counts.reconstruction_differ / max(counts.reconstruction_levels, 1)
    figures = (
        f"{counts.reconstruction_snapshots} later snapshots: {counts.reconstruction_differ} of "
        f"{counts.reconstruction_levels} levels differ ({share:.3%})"
    )
    return _info("reconstruction", figures)


def _slow_lines(counts: Counts) -> Finding:
    share = counts.slow_lines / max(counts.lines, 1)
    figures = f"{counts.slow_lines} of {counts.lines} lines read by the slow path ({share:.3%})"
    return _info("slow lines", figures)


def _listed(items: list[str]) -> str:
    more = len(items) - _MOST_LISTED
    return ", ".join(items[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
