"""Phase 1: archives → bars, one archive at a time, in any order, in parallel.

The stages run window by window. Only values pass between them, so each stage can be retried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.reports.artifacts import ProgressArtifact
from flows.runtime.context import RunContext
from flows.runtime.failures import reason_of
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.recipe import Recipe
from quantgod.orderbook.step import Stages, join, walk
from quantgod.orderbook.windows import plan_windows
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.manifest import BarsRecord, make_record
from quantgod.storage.outputs.store import OutputStore
from quantgod.storage.outputs.tables import Compression, publish
from quantgod.storage.progress import ProgressSlot, progress_board
from tasks.cut_levels import cut_levels
from tasks.resample import resample
from tasks.sample import sample
from tasks.stage import Step
from tasks.stream_parse import stream_parse
from tasks.write import write

_BARS_COMPRESSION = Compression("snappy")  # of phase-1 bars: written once, read within seconds


@dataclass(frozen=True)
class BarsMade:
    """The result of phase 1 for one stream."""

    record: BarsRecord
    seconds: float
    text_bytes: int  # read


@dataclass(frozen=True)
class BarsPhase:
    """The result of phase 1: a record or a failure for every stream."""

    records: Mapping[Stream, BarsRecord]
    failures: Mapping[Stream, Exception]
    made: Mapping[Stream, BarsMade]  # in this run

    @property
    def text_bytes(self) -> int:
        """Text that was read."""
        return sum(made.text_bytes for made in self.made.values())

    def seconds(self, stream: Stream) -> float:
        """Time that a stream's bars took in this run."""
        return self.made[stream].seconds if stream in self.made else 0.0


def make_all_bars(streams: Sequence[Stream], context: RunContext) -> BarsPhase:
    """Make the bars of every stream that has none, or whose bars would come out different."""
    valid = {stream: context.store.valid_bars(stream) for stream in streams}
    records = {stream: record for stream, record in valid.items() if record}
    context.tally.with_bars = len(records)
    todo = [stream for stream, record in valid.items() if record is None]
    outcomes = dict(_make_bars_of(todo, context)) if todo else {}
    made = {stream: each for stream, each in outcomes.items() if isinstance(each, BarsMade)}
    failures = {stream: each for stream, each in outcomes.items() if isinstance(each, Exception)}
    return BarsPhase(
        records | {stream: each.record for stream, each in made.items()}, failures, made
    )


def _make_bars_of(
    streams: Sequence[Stream], context: RunContext
) -> Iterator[tuple[Stream, BarsMade | Exception]]:
    """Run ``make_bars`` for each stream, in parallel, and show how far it is."""
    text_bytes = sum(stream.member.likely_size for stream in streams)
    given = {
        "store": context.store,
        "window_ms": context.settings.etl.window_ms,
        "read_ahead": context.workers.leave_a_core_each(len(streams)),
    }
    with progress_board(len(streams)) as board:
        calls = [
            {"stream": stream, "progress": board.slot(index), **given}
            for index, stream in enumerate(streams)
        ]
        artifact = ProgressArtifact("bars", len(streams))
        with context.display.phase("bars", len(streams), text_bytes, board) as phase:
            for index, outcome in context.workers.run(make_bars, calls):
                failed = isinstance(outcome, Exception)
                context.tally.with_bars += not failed
                phase.archive_done(str(streams[index]), _describe(outcome))
                artifact.advance()
                yield streams[index], outcome


def _describe(outcome: BarsMade | Exception) -> str:
    return reason_of(outcome) if isinstance(outcome, Exception) else f"{outcome.record.bars} bars"


@task(name="make_bars", task_run_name="bars {stream}", cache_policy=NO_CACHE, persist_result=False)
def make_bars(
    stream: Stream,
    store: OutputStore,
    window_ms: int | None,
    progress: ProgressSlot | None,
    read_ahead: bool,
) -> BarsMade:
    """Make the bars file of one stream.

    Args:
        stream: the member.
        store: gives the recipe, and the folder of the bars.
        window_ms: length of a window, a whole number of bars; None: by the memory budget.
        progress: counts the text that was read.
        read_ahead: whether a core is free for a thread that inflates.

    Raises:
        NoBarsError: the stream gave no bar.
        ArchiveError: the archive cannot be used.
    """
    start = perf_counter()
    recipe = store.recipe
    stages = task_stages(stream, recipe, progress, read_ahead)
    plan = plan_windows(stream.extent, recipe, stream.sample_rule(recipe), window_ms)
    bars = join(stepped for _, stepped in walk(stages, plan))
    record = make_record(stream, bars, recipe)
    final = store.bars_file(stream)
    publish(write(stream, bars.table, final, record.to_metadata(), _BARS_COMPRESSION), final)
    return BarsMade(record, perf_counter() - start, bars.cursor.offset)


def task_stages(
    stream: Stream, recipe: Recipe, progress: ProgressSlot | None = None, read_ahead: bool = False
) -> Stages:
    """The stages of a stream's windows as Prefect tasks."""
    rule, levels = stream.sample_rule(recipe), recipe.orderbook_levels

    def at(window: Window) -> Step:
        return Step(stream, window)

    return Stages(
        parse=lambda window, cursor: stream_parse(at(window), cursor, progress, read_ahead),
        sample=lambda window, parsed, book: sample(at(window), parsed, book, rule),
        cut_levels=lambda window, samples: cut_levels(at(window), samples, levels),
        resample=lambda window, samples: resample(at(window), samples, recipe.bar_interval_ms),
    )
