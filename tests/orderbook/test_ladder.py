"""The ladder: which levels fit, how they are read, and that its length never affects a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.orderbook.arrays.kernel import kernel
from quantgod.orderbook.book import ladder as ladders
from quantgod.orderbook.book.ladder import RUNGS, Ladder, make_ladder
from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.messages import Cursor
from quantgod.orderbook.sampling import Samples, take_samples
from quantgod.synthetic.spec import StreamSpec
from quantgod.synthetic.streams import generate_text
from tests.support import streams
from tests.support.core import MemoryText, cut_day, rule_of
from tests.support.effort import examples
from tests.support.side_model import Levels, is_clear
from tests.support.stream_plans import NOON
from tests.support.streams import DAY, TYPICAL, Case
from tests.support.twin import TwinSettings


@kernel
def fill_ladder(ladder, keys, sizes, count):
    return ladders.fill_ladder(ladder, keys, sizes, count)


@kernel
def read_ladder(ladder, count, sign, prices, sizes):
    ladders.read_ladder(ladder, count, sign, prices, sizes)


@kernel
def clear_ladder(ladder):
    ladders.clear_ladder(ladder)


# ---------------------------------------------------------------- the span of a ladder


def fill(rungs: int, keys: Sequence[float]) -> tuple[Ladder, bool]:
    """Put keys on a new ladder, each with a different size."""
    ladder = make_ladder(rungs)
    fits = fill_ladder(ladder, np.array(keys, float), np.arange(1.0, len(keys) + 1), len(keys))
    return ladder, bool(fits)


@pytest.mark.parametrize("rungs", [64, 128, 1024])
@pytest.mark.parametrize("start", [1.0, 5000.0, -5000.0, -1.0])
def test_half_the_ladder_is_enough_and_no_more(rungs: int, start: float) -> None:
    """For any tick, the span from worst to best level is at most half the rungs."""
    half = rungs // 2
    for tick in (1.0, 0.25, 2.0**-20, 2.0**40):
        base = start * tick
        for keys in ([0, 1, half], [0, half - 1, half], list(range(half + 1))):
            ladder, fits = fill(rungs, [base + key * tick for key in keys])
            assert fits
            assert ladder.scale[0].per_tick == 1.0 / tick
        for keys in ([0, 1, half + 1], [0, half, half + 1], list(range(half + 2))):
            ladder, fits = fill(rungs, [base + key * tick for key in keys])
            assert not fits
            assert is_clear(ladder)


def read_all(ladder: Ladder, count: int) -> Levels:
    """Return the best levels of a ladder, as keys."""
    keys, sizes = np.empty(count), np.empty(count)
    read_ladder(ladder, count, 1.0, keys, sizes)
    return list(zip(keys.tolist(), sizes.tolist(), strict=True))


@pytest.mark.parametrize("rungs", [64, 128, 256])
def test_a_filled_ladder_reads_best_first(rungs: int) -> None:
    """The keys read are the keys put, in the middle of the ladder."""
    for count in range(2, rungs // 2 + 2):
        keys = [50.0 + k for k in range(count)]
        ladder, fits = fill(rungs, keys)
        expected = list(zip(keys, np.arange(1.0, count + 1).tolist(), strict=True))[::-1]
        assert fits
        for depth in (1, count // 2, count, count):
            assert read_all(ladder, depth) == expected[:depth]
        held = np.flatnonzero(ladder.prices).tolist()
        assert held == list(range(held[0], held[0] + count))
        assert abs(held[0] - (rungs - 1 - held[-1])) <= 1
        clear_ladder(ladder)
        assert is_clear(ladder)


@pytest.mark.parametrize("keys", [[], [5.0], [-5.0]])
def test_no_tick_no_ladder(keys: list[float]) -> None:
    ladder, fits = fill(64, keys)
    assert (fits, is_clear(ladder)) == (False, True)


# ---------------------------------------------------------------- whole streams


def rebuild(
    text: bytes, cuts: list[int], settings: TwinSettings, rungs: int, depth: int | None = None
) -> tuple[list[Samples], OrderBook, Counts]:
    """Sample a text window by window, with sides on ladders of a given length."""
    source, cursor, book, counts = MemoryText(text), Cursor(), OrderBook(), Counts()
    all_samples = []
    for window in cut_day(DAY, cuts):
        parsed = bybit.parse_window(source, cursor, window)
        rule = rule_of(settings, None, depth)
        sampled = take_samples(parsed.messages, parsed.more_inside, book, window, rule, rungs)
        cursor, book, counts = parsed.cursor, sampled.book, counts + sampled.counts
        all_samples.append(sampled.samples)
    return all_samples, book, counts


def bits_of(value: Samples | OrderBook) -> list[object]:
    """Return everything that a value holds, to the bit."""
    parts = (getattr(value, part.name) for part in fields(value))
    return [(p.dtype.str, p.shape, p.tobytes()) if isinstance(p, np.ndarray) else p for p in parts]


def assert_rungs_mean_nothing(
    text: bytes, cuts: list[int], settings: TwinSettings, depth: int | None = None
) -> int:
    """Compare small ladders with the long one; return the number of samples."""
    samples, book, counts = rebuild(text, cuts, settings, RUNGS, depth)
    for rungs in (64, 128):
        other_samples, other_book, other_counts = rebuild(text, cuts, settings, rungs, depth)
        assert other_counts == counts
        assert bits_of(other_book) == bits_of(book)
        assert [*map(bits_of, other_samples)] == [*map(bits_of, samples)]
    return counts.samples


@examples(120)
@given(streams.cases(), st.lists(st.integers(-12, 12), max_size=3))
def test_a_ladders_length_never_shows(case: Case, cuts: list[int]) -> None:
    """Samples, book and counts of small odd streams are the same for any cut."""
    edges = [NOON + case.settings.bar_interval_ms * cut for cut in cuts]
    assert_rungs_mean_nothing(case.text, edges, case.settings)


@pytest.mark.parametrize(
    "spec",
    [
        StreamSpec("BTCUSDT", "linear", 50, NOON, NOON + 30_000, seed=1),
        StreamSpec("BTCUSDT", "spot", 200, NOON, NOON + 10_000, seed=2, activity="busy"),
        StreamSpec("BTCUSDT", "linear", 10, NOON, NOON + 60_000, seed=3, activity="quiet"),
        StreamSpec("BTCUSDT", "spot", 5, NOON, NOON + 60_000, seed=4, tick_size=0.5),
    ],
    ids=["linear 50", "spot 200", "linear 10", "spot 5"],
)
def test_nor_in_a_generated_market(spec: StreamSpec) -> None:
    """Samples, book and counts of realistic streams are the same; every level is read."""
    text = b"".join(generate_text(spec))
    for cuts in ([], [NOON + 5000, NOON + 20_000]):
        assert assert_rungs_mean_nothing(text, cuts, TYPICAL, spec.depth) > 5
