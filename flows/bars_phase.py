"""Phase 1: archives → bars, an archive at a time, in any order, in parallel.

The stages run window by window; what passes between them are values, so that each can be retried.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE

from quantgod.errors import NoBarsError
from quantgod.orderbook.arrays.arrow import to_numpy
from quantgod.orderbook.bars import Bars, to_table
from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.calendar import day_start_ms
from quantgod.orderbook.checks import DayGrid, check_table, measure_coverage
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.features import LastBar, times_ms
from quantgod.orderbook.messages import Cursor
from quantgod.orderbook.schema import bars_schema
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.layout import Layout
from quantgod.storage.outputs.manifest import BarsRecord, Recipe, origin_of
from quantgod.storage.outputs.tables import Compression, publish
from quantgod.storage.progress import ProgressSlot
from quantgod.storage.sample_rule import sample_rule
from quantgod.storage.windows import plan_windows
from tasks.cut_levels import cut_levels
from tasks.resample import resample
from tasks.sample import sample
from tasks.stage import Step
from tasks.stream_parse import stream_parse
from tasks.write import write

_BARS_COMPRESSION = Compression("snappy")  # of phase-1 bars: written once, read within seconds


@dataclass(frozen=True)
class BarsMade:
    """What phase 1 gives for one stream."""

    record: BarsRecord
    seconds: float
    text_bytes: int  # that were read


@task(name="make_bars", task_run_name="bars {stream}", cache_policy=NO_CACHE, persist_result=False)
def make_bars(
    stream: Stream,
    layout: Layout,
    window_ms: int | None,
    progress: ProgressSlot | None,
    read_ahead: bool,
) -> BarsMade:
    """One archive's member → its bars file.

    Args:
        stream: the member.
        layout: where the bars go, and the recipe.
        window_ms: length of a window, a whole number of bars; None: by the memory budget.
        progress: where to tell how much text is read.
        read_ahead: whether there is a core for a thread that inflates.

    Raises:
        NoBarsError: the stream gave no bar.
        ArchiveError: the archive cannot be used.
    """
    start = perf_counter()
    recipe = layout.recipe
    parts, cursor = make_parts(stream, recipe, window_ms, progress, read_ahead)
    bars = to_table([part.bars for part in parts])
    counts = sum((part.counts for part in parts), Counts())
    unreadable_lines = tuple(line for part in parts for line in part.unreadable_lines)
    record = describe(stream, bars, recipe, cursor.topic, counts, unreadable_lines[:10])
    final = layout.bars_file(stream)
    publish(write(stream, bars, final, record.to_metadata(), _BARS_COMPRESSION), final)
    return BarsMade(record, perf_counter() - start, cursor.offset)


@dataclass(frozen=True, eq=False)
class Part:
    """What stays of one window."""

    bars: Bars
    counts: Counts
    unreadable_lines: tuple[int, ...]


def make_parts(
    stream: Stream,
    recipe: Recipe,
    window_ms: int | None,
    progress: ProgressSlot | None = None,
    read_ahead: bool = False,
) -> tuple[list[Part], Cursor]:
    """The stages, window by window, from the first message to the end of the text."""
    rule = sample_rule(stream, recipe)
    plan = plan_windows(stream, rule, recipe.bar_interval_ms, window_ms)
    window, cursor, book, parts = plan.first(), Cursor(), OrderBook(), []
    while True:
        step, offset = Step(stream, window), cursor.offset
        parsed = stream_parse(step, cursor, progress, read_ahead)
        sampled = sample(step, parsed, book, rule)
        samples = cut_levels(step, sampled.samples, recipe.orderbook_levels)
        resampled = resample(step, samples, recipe.bar_interval_ms)
        counts = parsed.counts + sampled.counts + resampled.counts
        parts.append(Part(resampled.bars, counts, parsed.unreadable_lines))
        cursor, book, at_end = parsed.cursor, sampled.book, parsed.at_end
        # Let go of this window's arrays before the next one's are made.
        del parsed, sampled, samples, resampled
        if at_end:
            return parts, cursor
        window = plan.after(window, offset, cursor.offset)


def describe(
    stream: Stream,
    bars: pa.Table,
    recipe: Recipe,
    topic: str | None,
    counts: Counts,
    unreadable_lines: tuple[int, ...],
) -> BarsRecord:
    """The record that travels in the bars file: what later runs need of it.

    Raises:
        NoBarsError: there are no bars.
    """
    if bars.num_rows == 0:
        raise NoBarsError(_why_no_bars(counts), stream.archive.path, stream.member.name)
    grid = DayGrid(day_start_ms(stream.day), recipe.bar_interval_ms)
    levels = recipe.orderbook_levels
    findings = check_table(bars, bars_schema(levels), grid, levels)
    coverage = measure_coverage(to_numpy(bars["sample_count"]), grid, recipe.sampling_interval_ms)
    return BarsRecord(
        origin=origin_of(stream),
        source=str(stream.archive.root),
        topic=topic,
        bars=coverage.bars,
        full_bars=coverage.full_bars,
        last_bar=LastBar(int(times_ms(bars)[-1]), bars["close"][-1].as_py()),
        counts=counts,
        unreadable_lines=unreadable_lines,
        errors=tuple(f"{f.check}: {f.figures}" for f in findings if f.severity == "error"),
    )


def _why_no_bars(counts: Counts) -> str:
    """What the stream held instead of a bar, so that its owner knows where to look."""
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
    figures = ", ".join(f"{name} {count}" for name, count in reasons.items())
    return f"no_bars: the stream gave no bar. Found: {figures}"
