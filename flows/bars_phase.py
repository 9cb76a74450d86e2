"""Phase 1: ZIP → bars, an archive at a time, in any order, in parallel.

The stages run window by window; what passes between them are values, so that each can be retried.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE

from orderbook.book import OrderBook
from orderbook.calendar import DAY_MS, HOUR_MS, day_start_ms, windows_of_day
from orderbook.checks import DayGrid, check_table, measure_coverage
from orderbook.counts import Counts
from orderbook.errors import NoBarsError
from orderbook.features import LastBar, times_ms
from orderbook.messages import Cursor
from orderbook.sampling import FEATURE_DEPTH, SampleRule
from orderbook.schema import bars_schema
from storage.layout import Layout
from storage.manifest import BarsRecord, Recipe, origin_of
from storage.progress import ProgressSlot
from storage.streams import Stream
from storage.tables import Compression, publish
from tasks.cut_levels import cut_levels
from tasks.resample import resample
from tasks.sample import sample
from tasks.stage import Step
from tasks.stream_parse import stream_parse
from tasks.write import write

LONGEST_WINDOW_MS = 6 * HOUR_MS
WINDOW_BUDGET_BYTES = 256 << 20
_BURST = 2  # how much denser than the day's mean a window's messages may be
_BARS_COMPRESSION = Compression("snappy")  # of phase-1 bars: written once, read within seconds


@dataclass(frozen=True)
class BarsMade:
    """What phase 1 gives for one stream."""

    record: BarsRecord
    seconds: float


@task(name="make_bars", task_run_name="bars {stream}", cache_policy=NO_CACHE, persist_result=False)
def make_bars(
    stream: Stream, layout: Layout, window_ms: int | None, progress: ProgressSlot | None
) -> BarsMade:
    """One archive's member → its bars file.

    Args:
        stream: the member.
        layout: where the bars go, and the recipe.
        window_ms: length of a window, a whole number of bars; None: by the memory budget.
        progress: where to tell how much text is read.

    Raises:
        NoBarsError: the stream gave no bar.
        ArchiveError: the archive cannot be used.
    """
    start = perf_counter()
    recipe = layout.recipe
    rule = sample_rule(stream, recipe)
    cursor, book, counts = Cursor(), OrderBook(), Counts()
    tables: list[pa.Table] = []
    unreadable_lines: tuple[int, ...] = ()
    window_ms = window_ms or fitting_window_ms(stream, rule, recipe)
    for window in windows_of_day(stream.day, window_ms, stream.first_ms):
        step = Step(stream, window)
        parsed = stream_parse(step, cursor, progress)
        sampled = sample(step, parsed, book, rule)
        samples = cut_levels(step, sampled.samples, recipe.orderbook_levels)
        resampled = resample(step, samples, recipe.bar_interval_ms)
        cursor, book = parsed.cursor, sampled.book
        tables.append(resampled.bars)
        counts = counts + parsed.counts + sampled.counts + resampled.counts
        unreadable_lines += parsed.unreadable_lines
        if parsed.at_end:
            break
    bars = pa.concat_tables(tables)
    record = describe(stream, bars, recipe, cursor.topic, counts, unreadable_lines[:10])
    final = layout.bars_file(stream)
    publish(write(stream, bars, final, record.to_metadata(), _BARS_COMPRESSION), final)
    return BarsMade(record, perf_counter() - start)


def sample_rule(stream: Stream, recipe: Recipe) -> SampleRule:
    """How a stream is sampled: whole books, as deep as its topic promises or the cut needs."""
    promised = stream.dialect.promised_depth(stream.topic)
    return SampleRule(
        interval_ms=recipe.sampling_interval_ms,
        max_staleness_ms=recipe.max_staleness_ms,
        drop_on_gap=recipe.on_sequence_gap == "drop",
        depth=max(promised, recipe.orderbook_levels, FEATURE_DEPTH),
        levels=recipe.orderbook_levels,
        promised_depth=promised,
    )


def fitting_window_ms(stream: Stream, rule: SampleRule, recipe: Recipe) -> int:
    """As many whole bars, up to six hours, as keep a window's arrays within the budget."""
    book_bytes = 4 * 8 * rule.depth
    cut_bytes = 4 * 8 * rule.levels if rule.levels < rule.depth else 0
    sample_bytes = (book_bytes + cut_bytes) / recipe.sampling_interval_ms  # a ms of the day
    # A level takes about 20 bytes of text and 16 of arrays; growing arrays hold both old and new.
    text_bytes = _BURST * 2 * stream.member.size / DAY_MS
    fitting = min(LONGEST_WINDOW_MS, WINDOW_BUDGET_BYTES / (sample_bytes + text_bytes))
    bar_ms = recipe.bar_interval_ms
    return max(1, int(fitting // bar_ms)) * bar_ms


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
    coverage = measure_coverage(bars["sample_count"].to_numpy(), grid, recipe.sampling_interval_ms)
    return BarsRecord(
        origin=origin_of(stream),
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
