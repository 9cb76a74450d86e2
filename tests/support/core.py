"""Run the core on a text in memory, so that property tests can compare it with the twin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from quantgod.orderbook.book.ladder import RUNGS
from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.calendar import DAY_MS, Window, day_start_ms
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.formats.dialect import Dialect
from quantgod.orderbook.messages import Cursor, Parsed
from quantgod.orderbook.recipe import FEATURE_DEPTH, Recipe, SampleRule
from quantgod.orderbook.sampling import Sampled, Samples, cut_levels, take_samples
from quantgod.orderbook.step import State, join, parser_of, plain_stages, step
from tests.support.twin import TwinSettings


class MemoryText:
    """A member's text in memory, served in pieces of about ``piece`` bytes."""

    def __init__(self, text: bytes, piece: int = 1 << 20, offset: int = 0) -> None:
        self._text = text if text.endswith(b"\n") or not text else text + b"\n"
        self._piece = piece
        self.offset = offset

    def lines(self) -> NDArray[np.uint8]:
        end = self._text.find(b"\n", min(self.offset + self._piece, len(self._text) - 1)) + 1
        # A separate buffer: a read past the piece must not find the rest of the text.
        return np.frombuffer(bytes(self._text[self.offset : end]), np.uint8)

    def advance(self, count: int) -> None:
        self.offset += count


@dataclass
class CoreDay:
    """Bars, samples and counts that the core makes of a text."""

    bars: pa.Table
    samples: list[Samples]
    counts: Counts
    unreadable_lines: tuple[int, ...]
    cursor: Cursor


def recipe_of(settings: TwinSettings) -> Recipe:
    return Recipe(
        settings.sampling_interval_ms,
        settings.bar_interval_ms,
        settings.levels,
        settings.max_staleness_ms,
        settings.on_sequence_gap,
    )


def rule_of(settings: TwinSettings, topic: str | None, depth: int | None = None) -> SampleRule:
    promised = bybit.promised_depth(topic)
    rule = recipe_of(settings).sample_rule(promised)
    return replace(rule, depth=depth or max(settings.levels, FEATURE_DEPTH, min(promised, 10)))


def cut_day(day: dt.date, cuts: Iterable[int] = ()) -> list[Window]:
    """Split the day into windows that end at the given times."""
    d0 = day_start_ms(day)
    edges = [d0, *sorted({cut for cut in cuts if d0 < cut < d0 + DAY_MS}), d0 + DAY_MS]
    return [Window(d0, start, end) for start, end in pairwise(edges)]


def rebuild_with_core(
    text: bytes,
    windows: Sequence[Window],
    settings: TwinSettings,
    topic: str | None,
    piece: int = 1 << 20,
    rungs: int = RUNGS,
    dialect: Dialect = bybit.DIALECT,
) -> CoreDay:
    """Run parse → sample → cut → bars, window by window, each stage on the previous result."""
    source, state, parts, all_samples = MemoryText(text, piece), State(), [], []
    rule = rule_of(settings, topic)

    def sample(window: Window, parsed: Parsed, book: OrderBook) -> Sampled:
        return take_samples(parsed.messages, parsed.more_inside, book, window, rule, rungs)

    def cut(_: Window, samples: Samples) -> Samples:
        all_samples.append(cut_levels(samples, settings.levels))
        return all_samples[-1]

    recipe = recipe_of(settings)
    stages = plain_stages(parser_of(dialect, source), recipe, rule)
    stages = stages._replace(sample=sample, cut_levels=cut)
    for window in windows:
        part, state = step(stages, window, state)
        parts.append(part)
    made = join(parts)
    return CoreDay(made.table, all_samples, made.counts, made.unreadable_lines, made.cursor)
