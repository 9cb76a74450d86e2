"""Stage: read a written file back and check it."""

from pathlib import Path

from quantgod.orderbook import checks
from quantgod.orderbook.checks import Coverage, Finding, Limits
from quantgod.orderbook.features import times_ms
from quantgod.orderbook.recipe import DayGrid, Recipe
from quantgod.orderbook.schema import output_schema
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.manifest import BarsRecord
from quantgod.storage.outputs.tables import read_table
from tasks.stage import stage


@stage("validate {stream}")
def validate(
    stream: Stream, written: Path, bars: Path, record: BarsRecord, recipe: Recipe, limits: Limits
) -> list[Finding]:
    """Run every check of contract §7 on the file as written."""
    table = read_table(written)
    levels = recipe.orderbook_levels
    findings = checks.check_table(table, output_schema(levels), recipe.day_grid(stream.day), levels)
    return findings + describe_bars(stream, bars, record, recipe, limits, table.num_rows)


def describe_bars(
    stream: Stream, bars: Path, record: BarsRecord, recipe: Recipe, limits: Limits, rows: int
) -> list[Finding]:
    """Check everything of a stream but its table: rows, gaps, coverage, counts."""
    grid = recipe.day_grid(stream.day)
    open_ms = times_ms(read_table(bars, ["datetime"]))
    return [
        *(Finding("bars", "error", error) for error in record.errors),
        _rows(rows, record.bars),
        checks.check_gaps(open_ms, grid, limits.max_gap_ms),
        checks.check_coverage(coverage(record, grid), limits.min_coverage),
        *checks.check_counts(record.counts, record.unreadable_lines),
    ]


def coverage(record: BarsRecord, grid: DayGrid) -> Coverage:
    """Coverage of a stream's bars, warm-up rows included."""
    return Coverage(record.bars, record.full_bars, grid.bars)


def _rows(rows: int, bars: int) -> Finding:
    figures = f"{rows} rows of {bars} bars; {bars - rows} warm-up rows left out (no previous close)"
    return Finding("rows", "warning" if rows == 0 else "info", figures)
