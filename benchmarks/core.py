"""Archive → bars table with the pipeline's own functions, in one process, without Prefect.

The flow's next steps are timed as well: the bars file, the features, the final file and its
checks.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pyarrow as pa

from benchmarks.meter import Facts, Meter, Options, StageClock
from quantgod.orderbook.calendar import day_start_ms
from quantgod.orderbook.checks import check_table
from quantgod.orderbook.features import add_features
from quantgod.orderbook.recipe import DayGrid, Recipe
from quantgod.orderbook.schema import bars_schema, output_schema
from quantgod.orderbook.step import Stages, join, plain_stages, walk
from quantgod.orderbook.windows import plan_windows
from quantgod.storage.archives.streams import Stream, open_stream, parse_stream
from quantgod.storage.outputs.tables import Compression, publish, read_table, write_table

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


def recipe_of(options: Options) -> Recipe:
    """Return the settings' defaults with the given options."""
    return Recipe(options.interval_ms, BAR_MS, options.levels, 10_000, "drop")


def make_table(stream: Stream, options: Options, clock: StageClock) -> pa.Table:
    """Make a stream's bars, window by window."""
    recipe = recipe_of(options)
    rule = stream.sample_rule(recipe)
    parse = partial(parse_stream, stream, read_ahead=options.read_ahead)
    stages = timed(plain_stages(parse, recipe, rule), clock)
    parts = [part for _, part in walk(stages, plan_windows(stream.extent, recipe, rule))]
    return clock("bars", join, parts).table


def timed(stages: Stages, clock: StageClock) -> Stages:
    """Return the same stages, each one timed."""
    return Stages(
        clock.timed("parse", stages.parse),
        clock.timed("sample", stages.sample),
        clock.timed("cut", stages.cut_levels),
        clock.timed("bars", stages.resample),
    )


def finish(bars: pa.Table, stream: Stream, recipe: Recipe, folder: Path, clock: StageClock) -> None:
    """Do the flow's next steps: keep the bars, and make the final file from them."""
    grid, levels = DayGrid(day_start_ms(stream.day), BAR_MS), recipe.orderbook_levels
    kept, final = folder / "bars.parquet", folder / "final.parquet"
    clock("write", check_table, bars, bars_schema(levels), grid, levels)
    publish(clock("write", write_table, bars, kept, {}, _COMPRESSION), kept)
    table = clock("dataset", add_features, read_table(kept), BAR_MS, levels, None).table
    written = clock("dataset", write_table, table, final, {}, _COMPRESSION)
    back = clock("dataset", read_table, written)
    clock("dataset", check_table, back, output_schema(levels), grid, levels)
