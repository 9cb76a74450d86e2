"""Archive → bars table with the pipeline's own functions, in one process, without Prefect.

The loop is that of ``flows.bars_phase.make_parts``. What the flow does next with an archive is
timed too, beside it: the bars file, the features, the final file and its checks.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from benchmarks.meter import Facts, Meter, Options, StageClock
from quantgod.orderbook.bars import Bars, make_bars, to_table
from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.calendar import Window, day_start_ms
from quantgod.orderbook.checks import DayGrid, check_table
from quantgod.orderbook.features import add_features
from quantgod.orderbook.messages import Cursor, Parsed
from quantgod.orderbook.sampling import SampleRule, cut_levels, take_samples
from quantgod.orderbook.schema import bars_schema, output_schema
from quantgod.storage.archives.archive import find_archives
from quantgod.storage.archives.line_reader import close_reader, text_at
from quantgod.storage.archives.streams import Stream, read_streams
from quantgod.storage.outputs.manifest import Recipe
from quantgod.storage.outputs.tables import Compression, publish, read_table, write_table
from quantgod.storage.sample_rule import sample_rule
from quantgod.storage.windows import plan_windows

BAR_MS = 60_000  # W
_COMPRESSION = Compression("snappy")


def measure(archive: Path, options: Options, meter: Meter) -> Facts:
    """Make the bars of an archive's stream, then its final file."""
    clock = StageClock()
    with meter:
        stream = clock("open", open_stream, archive)
        bars = make_table(stream, options, clock)
    core_seconds = dict(clock.seconds)
    with tempfile.TemporaryDirectory() as folder:
        finish(bars, stream, recipe_of(options), Path(folder), clock)
    after = {stage: s for stage, s in clock.seconds.items() if stage not in core_seconds}
    return {"bars": bars.num_rows, "stages": core_seconds, "stages_after": after}


def open_stream(archive: Path) -> Stream:
    """An archive's only stream."""
    (found,) = find_archives(archive.parent, archive.name)
    (stream,) = read_streams(found)
    return stream


def recipe_of(options: Options) -> Recipe:
    """The settings' defaults, but for what the options say."""
    return Recipe(options.interval_ms, BAR_MS, options.levels, 10_000, "drop")


@dataclass(frozen=True, eq=False)
class State:
    """What one window hands to the next."""

    window: Window
    cursor: Cursor
    book: OrderBook
    at_end: bool = False


def make_table(stream: Stream, options: Options, clock: StageClock) -> pa.Table:
    """A stream's bars, made window by window."""
    rule = sample_rule(stream, recipe_of(options))
    plan = plan_windows(stream, rule, BAR_MS, None)
    state, parts = State(plan.first(), Cursor(), OrderBook()), []
    while not state.at_end:
        offset = state.cursor.offset
        bars, state = make_window(stream, state, rule, options, clock)
        parts.append(bars)
        following = plan.after(state.window, offset, state.cursor.offset)
        state = replace(state, window=following)
    close_reader()
    return clock("bars", to_table, parts)


def make_window(
    stream: Stream, state: State, rule: SampleRule, options: Options, clock: StageClock
) -> tuple[Bars, State]:
    """One window's bars, and the state behind it; its arrays end with the call."""
    window = state.window
    parsed = clock("parse", parse, stream, state.cursor, window, options)
    sampled = clock(
        "sample", take_samples, parsed.messages, parsed.more_inside, state.book, window, rule
    )
    samples = clock("cut", cut_levels, sampled.samples, options.levels)
    bars = clock("bars", make_bars, samples, BAR_MS).bars
    return bars, State(window, parsed.cursor, sampled.book, parsed.at_end)


def parse(stream: Stream, cursor: Cursor, window: Window, options: Options) -> Parsed:
    """The messages of one window, inflated on the way."""
    place = (stream.archive, stream.member, cursor.offset)
    with text_at(*place, read_ahead=options.read_ahead) as text:
        return stream.dialect.parse_window(text, cursor, window)


def finish(bars: pa.Table, stream: Stream, recipe: Recipe, folder: Path, clock: StageClock) -> None:
    """What the flow does with an archive's bars: keep them, and make the final file of them."""
    grid, levels = DayGrid(day_start_ms(stream.day), BAR_MS), recipe.orderbook_levels
    kept, final = folder / "bars.parquet", folder / "final.parquet"
    clock("write", check_table, bars, bars_schema(levels), grid, levels)
    publish(clock("write", write_table, bars, kept, {}, _COMPRESSION), kept)
    table = clock("dataset", add_features, read_table(kept), BAR_MS, levels, None).table
    written = clock("dataset", write_table, table, final, {}, _COMPRESSION)
    back = clock("dataset", read_table, written)
    clock("dataset", check_table, back, output_schema(levels), grid, levels)
