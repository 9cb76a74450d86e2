"""Phase 1: archives → bars, one archive at a time, in any order, in parallel.

The stages run window by window. Only values pass between them, so each stage can be retried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.runtime.context import RunContext
from flows.runtime.failures import reason_of
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

    def seconds(self, stream: Stream) -> float:
        """Time that a stream's bars took in this run."""
        return self.made[stream].seconds if stream in self.made else 0.0


def make_all_bars(streams: Sequence[Stream], context: RunContext) -> BarsPhase:
    """Make the bars of every stream that has none, or whose bars would come out different."""
    valid = {stream: context.store.valid_bars(stream) for stream in streams}
    records = {stream: record for stream, record in valid.items() if record}
    context.tally.with_bars = len(records)
    todo = [stream for stream in streams if stream not in records]
    outcomes = _make_bars_of(todo, context) if todo else {}
    made = {stream: each for stream, each in outcomes.items() if isinstance(each, BarsMade)}
    failures = {stream: each for stream, each in outcomes.items() if isinstance(each, Exception)}
    records |= {stream: each.record for stream, each in made.items()}
    return BarsPhase(records, failures, made)


def _make_bars_of(
    streams: Sequence[Stream], context: RunContext
) -> dict[Stream, BarsMade | Exception]:
    given = {
        "store": context.store,
        "window_ms": context.settings.etl.window_ms,
        "read_ahead": context.workers.leave_a_core_each(len(streams)),
    }
    text_bytes = sum(stream.member.likely_size for stream in streams)
    outcomes: dict[Stream, BarsMade | Exception] = {}
    with (
        progress_board(len(streams)) as board,
        context.display.phase("bars", len(streams), text_bytes, board) as phase,
    ):
        calls = [{"stream": s, "progress": board.slot(i), **given} for i, s in enumerate(streams)]
        for index, outcome in context.workers.run(make_bars, calls):
            outcomes[streams[index]] = outcome
            if isinstance(outcome, Exception):
                phase.archive_done(str(streams[index]), reason_of(outcome))
            else:
                context.tally.with_bars += 1
                phase.archive_done(str(streams[index]), f"{outcome.record.bars} bars")
    return outcomes


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
        store: holds the recipe and the folder of the bars.
        window_ms: a whole number of bars; None: set by the memory budget.
        progress: counts the text that was read.
        read_ahead: whether a core is free for a thread that inflates.

    Raises:
        NoBarsError: the stream gave no bar.
        ArchiveError: the archive cannot be used.
    """
    start = perf_counter()
    recipe = store.recipe
    stages = _task_stages(stream, recipe, progress, read_ahead)
    plan = plan_windows(stream.extent, recipe, stream.sample_rule(recipe), window_ms)
    bars = join(part for _, part in walk(stages, plan))
    record = make_record(stream, bars, recipe)
    final = store.bars_file(stream)
    publish(write(stream, bars.table, final, record.to_metadata(), _BARS_COMPRESSION), final)
    return BarsMade(record, perf_counter() - start, bars.cursor.offset)


def _task_stages(
    stream: Stream, recipe: Recipe, progress: ProgressSlot | None, read_ahead: bool
) -> Stages:
    """The stages of a stream's windows as Prefect tasks."""
    at, rule = partial(Step, stream), stream.sample_rule(recipe)
    levels, bar_ms = recipe.orderbook_levels, recipe.bar_interval_ms
    return Stages(
        parse=lambda window, cursor: stream_parse(at(window), cursor, progress, read_ahead),
        sample=lambda window, parsed, book: sample(at(window), parsed, book, rule),
        cut_levels=lambda window, samples: cut_levels(at(window), samples, levels),
        resample=lambda window, samples: resample(at(window), samples, bar_ms),
    )
