"""One window of a stream: text → messages → samples → bars, and the state for the next window.

``step`` runs the four stages of a window on values alone, so repeating it gives the same bars.
``walk`` repeats it over a whole stream. The flow passes its Prefect tasks as stages; everyone else
uses ``plain_stages``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

from quantgod.orderbook.bars import Bars, Resampled, resample, to_table
from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.formats.dialect import Dialect, Text
from quantgod.orderbook.messages import Cursor, Parsed
from quantgod.orderbook.recipe import Recipe, SampleRule
from quantgod.orderbook.sampling import Sampled, Samples, cut_levels, take_samples
from quantgod.orderbook.windows import WindowPlan

KEPT_LINES = 10  # numbers of unreadable lines kept per stream

Parse = Callable[[Window, Cursor], Parsed]


@dataclass(frozen=True, eq=False)
class State:
    """Where a stream is between two windows."""

    cursor: Cursor = field(default_factory=Cursor)
    book: OrderBook = field(default_factory=OrderBook)
    at_end: bool = False  # of the text


class Stages(NamedTuple):
    """The four stages of a window, as plain functions or as tasks."""

    parse: Parse
    sample: Callable[[Window, Parsed, OrderBook], Sampled]
    cut_levels: Callable[[Window, Samples], Samples]
    resample: Callable[[Window, Samples], Resampled]


@dataclass(frozen=True, eq=False)
class Part:
    """The part of a stream's bars that one window gives; it holds no book."""

    bars: Bars
    counts: Counts
    unreadable_lines: tuple[int, ...]  # line numbers of the first few
    cursor: Cursor  # after the window


@dataclass(frozen=True, eq=False)
class StreamBars:
    """The bars of a whole stream."""

    table: pa.Table  # with the schema ``bars_schema(levels)``
    counts: Counts
    unreadable_lines: tuple[int, ...]
    cursor: Cursor  # after the last line


def parser_of(dialect: Dialect, text: Text) -> Parse:
    """Return the parse stage of an open text."""
    return lambda window, cursor: dialect.parse_window(text, cursor, window)


def plain_stages(parse: Parse, recipe: Recipe, rule: SampleRule) -> Stages:
    """Return the stages as plain functions; ``parse`` reads the text."""
    return Stages(
        parse=parse,
        sample=lambda window, parsed, book: take_samples(
            parsed.messages, parsed.more_inside, book, window, rule
        ),
        cut_levels=lambda _, samples: cut_levels(samples, recipe.orderbook_levels),
        resample=lambda _, samples: resample(samples, recipe.bar_interval_ms),
    )


def step(stages: Stages, window: Window, state: State) -> tuple[Part, State]:
    """Make the bars of one window, and the state for the next; ``state`` is not modified."""
    parsed = stages.parse(window, state.cursor)
    sampled = stages.sample(window, parsed, state.book)
    resampled = stages.resample(window, stages.cut_levels(window, sampled.samples))
    counts = parsed.counts + sampled.counts + resampled.counts
    part = Part(resampled.bars, counts, parsed.unreadable_lines, parsed.cursor)
    return part, State(parsed.cursor, sampled.book, parsed.at_end)


def walk(stages: Stages, plan: WindowPlan) -> Iterator[tuple[Window, Part]]:
    """Make the bars of a stream, window by window, from its first message to its end."""
    window, state = plan.first(), State()
    while True:
        began = state.cursor.offset
        part, state = step(stages, window, state)
        yield window, part
        if state.at_end:
            return
        window = plan.after(window, began, state.cursor.offset)


def join(parts: Iterable[Part]) -> StreamBars:
    """Join the parts of a stream, at least one, into one table and one set of counts."""
    made = list(parts)
    lines = [line for part in made for line in part.unreadable_lines]
    return StreamBars(
        to_table([part.bars for part in made]),
        sum((part.counts for part in made), Counts()),
        tuple(lines[:KEPT_LINES]),
        made[-1].cursor,
    )
