"""The book alone: the effect of each message (contract §2), level by level."""

from __future__ import annotations

from dataclasses import fields
from itertools import combinations

import numpy as np
import pytest

from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.calendar import day_start_ms
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.messages import Cursor
from quantgod.orderbook.recipe import SampleRule
from quantgod.orderbook.sampling import take_samples
from tests.support.bybit_lines import INT64_MAX, INT64_MIN, Level, Line
from tests.support.core import MemoryText, cut_day
from tests.support.examples import ASKS, BIDS, delta, snapshot, text_of
from tests.support.streams import DAY

RULE = SampleRule(1000, 2000, drop_on_gap=True, depth=5, levels=2)
WINDOW = cut_day(DAY)[0]


def replay(*lines: Line, book: OrderBook | None = None) -> tuple[OrderBook, Counts]:
    """Apply lines to a book; return the book after them and the counts."""
    parsed = bybit.parse_window(MemoryText(text_of(*lines)), Cursor(), WINDOW)
    sampled = take_samples(parsed.messages, False, book or OrderBook(), WINDOW, RULE)
    return sampled.book, sampled.counts


def test_an_empty_book() -> None:
    """§2: before the first snapshot the book is empty, and deltas change nothing."""
    book, counts = replay(delta(0, BIDS, ASKS, u=5))
    assert (book.bids(), book.asks()) == ([], [])
    assert counts == Counts(before_snapshot=1)


def test_sides_are_listed_best_first() -> None:
    """§2: in whatever order a message lists its levels."""
    bids, asks = (("98", "2"), ("99", "1"), ("97", "3")), (("103", "6"), ("101", "4"), ("102", "5"))
    book, counts = replay(snapshot(0, bids, asks))
    assert book.bids() == [(99.0, 1.0), (98.0, 2.0), (97.0, 3.0)]
    assert book.asks() == [(101.0, 4.0), (102.0, 5.0), (103.0, 6.0)]
    assert (counts.applied, counts.snapshots, counts.level_updates) == (1, 1, 6)


def test_updates_inserts_and_deletes_anywhere() -> None:
    """§2: at the best level, in the middle and at the far end; other levels stay the same."""
    bids = tuple((str(99 - i), "1") for i in range(5))
    book, counts = replay(
        snapshot(0, bids),
        delta(1, (("99", "7"), ("97", "0"), ("95", "8"), ("94", "2"), ("100", "3"))),
        delta(2, (("100", "0"), ("94", "0"), ("97.5", "4"))),
    )
    expected = [(99.0, 7.0), (98.0, 1.0), (97.5, 4.0), (96.0, 1.0), (95.0, 8.0)]
    assert (book.bids(), counts.absent_deletes) == (expected, 0)
    assert counts.level_updates == 5 + 1 + 5 + 3


def test_levels_apply_in_listed_order() -> None:
    """§2: the last listing of a price wins; a size of 0 in a snapshot is no level."""
    twice = (("99", "0"), ("99", "7"), ("98", "2"), ("98", "0"))
    for lines in ((snapshot(0, twice),), (snapshot(0), delta(1, twice))):
        assert replay(*lines)[0].bids() == [(99.0, 7.0)]


def test_absent_deletes() -> None:
    """Decision 3: counted on both sides, in deltas only."""
    zeros = (("98", "0"), ("98", "0.000"))
    book, counts = replay(
        snapshot(0, (*BIDS, *zeros)), delta(1, zeros, (("101", "0"), ("101", "0")))
    )
    assert (counts.absent_deletes, book.bids(), book.asks()) == (3, [(99.0, 1.0)], [])
    assert replay(snapshot(0, zeros), snapshot(1, zeros, (("101", "0"),)))[1].absent_deletes == 0


def test_prices_are_numbers() -> None:
    """§1.1: "99", "99.00" and "099.0" are one price."""
    lines = (
        snapshot(0, (("99", "1"), ("98", "4"))),
        delta(1, (("99.00", "0.000"), ("098.0", "5"))),
    )
    book, counts = replay(*lines)
    assert (book.bids(), counts.absent_deletes) == ([(98.0, 5.0)], 0)


def test_a_snapshot_replaces_the_whole_book() -> None:
    """§2: both sides, also by empty ones."""
    book, _ = replay(snapshot(0), snapshot(1, (("50", "5"),), ()))
    assert (book.bids(), book.asks()) == ([(50.0, 5.0)], [])


@pytest.mark.parametrize("levels", [255, 256, 257, 1100])
def test_a_side_grows_without_end(levels: int) -> None:
    """§2: the book is never trimmed, whether snapshots or deltas fill it."""
    bids: tuple[Level, ...] = tuple((str(i + 1), "1") for i in range(levels))
    asks: tuple[Level, ...] = tuple((str(5000 - i), "2") for i in range(levels))
    for lines in ((snapshot(0, bids, asks),), (snapshot(0, (), ()), delta(1, bids, asks))):
        book, _ = replay(*lines)
        assert book.bids() == [(float(levels - i), 1.0) for i in range(levels)]
        assert book.asks() == [(float(5001 - levels + i), 2.0) for i in range(levels)]


def test_a_full_side_shrinks() -> None:
    """§2: also without room after its last level."""
    bids: tuple[Level, ...] = tuple((str(i + 1), "1") for i in range(256))
    for gone in (0, 100, 255):
        book, counts = replay(snapshot(0, bids), delta(1, ((str(gone + 1), "0"),)))
        expected = [(float(256 - i), 1.0) for i in range(256) if 255 - i != gone]
        assert (book.bids(), counts.absent_deletes) == (expected, 0)


def test_a_full_side_is_compared() -> None:
    """Decision 4: also if it ends before the other side, with no slot after it."""
    full: tuple[Level, ...] = tuple((str(i + 1), "1") for i in range(256))
    better: tuple[Level, ...] = (("300", "1"), ("256", "1"), ("301", "1"))
    for pair in ((full, better), (better, full)):
        counts = replay(*(snapshot(i, bids) for i, bids in enumerate(pair)))[1]
        assert (counts.reconstruction_levels, counts.reconstruction_differ) == (258 + 1, 257)


@pytest.mark.parametrize(
    ("last", "update_id", "gaps"),
    [
        *((10, 11, 0), (10, 10, 1), (10, 9, 1), (10, 12, 1), (10, 1, 1), (0, 1, 0), (-1, 0, 0)),
        *((INT64_MAX, INT64_MIN, 1), (INT64_MIN, INT64_MAX, 1), (INT64_MAX - 1, INT64_MAX, 0)),
        *((INT64_MAX, INT64_MAX, 1), (INT64_MIN, INT64_MIN + 1, 0), (INT64_MIN, 0, 1)),
    ],
)
def test_a_gap_is_any_other_update_id_than_the_next(last: int, update_id: int, gaps: int) -> None:
    """§2: also a repeated or a lower id; ids do not wrap round at the ends of 64 bits."""
    _, counts = replay(snapshot(0, u=last), delta(1, u=update_id))
    assert (counts.sequence_checked, counts.sequence_gaps) == (1, gaps)


def test_no_check_without_an_update_id_on_either_side() -> None:
    """§2: the last applied message counts, with its own update id."""
    counts = replay(snapshot(0), delta(1, u=None), delta(2, u=500), delta(3, u=501))[1]
    assert (counts.sequence_checked, counts.sequence_gaps) == (1, 0)
    after_gap = replay(snapshot(0, u=1), delta(1, u=9), delta(2, u=10), delta(3, u=1))[1]
    assert (after_gap.sequence_checked, after_gap.sequence_gaps) == (3, 2)
    snapshots = replay(snapshot(0, u=5), snapshot(1, u=50), delta(2, u=51))[1]
    assert (snapshots.sequence_checked, snapshots.sequence_gaps) == (1, 0)
    before = replay(delta(0, u=7), snapshot(1, u=None), delta(2, u=9))[1]
    assert before.sequence_checked == 0


def test_reconstruction() -> None:
    """Decision 4: the union of both books' levels, and those missing in one or of another size."""
    first = snapshot(0, (("99", "1"), ("98", "1"), ("95", "1")), (("101", "3"), ("104", "1")))
    second = snapshot(1, (("99", "1.0"), ("98", "2"), ("96", "4")), (("102", "1"), ("104", "1")))
    counts = replay(first, second)[1]
    assert counts.reconstruction_snapshots == 1
    assert (counts.reconstruction_levels, counts.reconstruction_differ) == (4 + 3, 3 + 2)
    third = snapshot(2, (("93", "1"), ("92", "1"), ("91", "1")), (("105", "1"), ("106", "1")))
    for pair in ((first, third), (third, first)):
        far = replay(*pair)[1]
        assert (far.reconstruction_levels, far.reconstruction_differ) == (6 + 4, 6 + 4)
    same = replay(first, delta(1, (("90", "1"),), u=99), delta(2, (("90", "0"),)), first)[1]
    assert (same.reconstruction_levels, same.reconstruction_differ) == (5, 0)
    assert replay(first)[1].reconstruction_snapshots == 0


ARRAYS = [field.name for field in fields(OrderBook)]
MANY: tuple[Level, ...] = tuple((str(i + 200), "1") for i in range(300))


@pytest.mark.parametrize(
    "line",
    [
        delta(1, (("99", "0"), ("98", "2"))),
        delta(1, (("99", "5"),), MANY),
        delta(1, MANY, MANY),
        snapshot(1, (("50", "5"),), MANY),
    ],
)
def test_a_book_is_never_changed_in_place(line: Line) -> None:
    """A retried stage starts from the same book, even if the book must grow."""
    book, _ = replay(snapshot(0))
    before = {name: getattr(book, name).tolist() for name in ARRAYS}
    assert (book.bids(), book.asks()) == ([(99.0, 1.0)], [(101.0, 3.0)])
    first, first_counts = replay(line, book=book)
    assert {name: getattr(book, name).tolist() for name in ARRAYS} == before
    again, counts = replay(line, book=book)
    assert (again.bids(), again.asks(), counts) == (first.bids(), first.asks(), first_counts)
    assert (first.bids(), first.asks()) != (book.bids(), book.asks())


def test_a_new_book_shares_no_memory() -> None:
    """A book is a value: changes to it do not show in the book before it."""
    book, _ = replay(snapshot(0))
    others = [replay(*lines, book=book)[0] for lines in ((), (delta(1),), (delta(2, MANY, MANY),))]
    arrays = [getattr(one, name) for one in (book, *others) for name in ARRAYS]
    assert not any(np.shares_memory(*pair) for pair in combinations(arrays, 2))
    assert (others[0].bids(), others[0].asks()) == (book.bids(), book.asks())
    # Nor does it keep alive the room in which it grew.
    assert all(array.base is None for array in arrays)


def test_the_book_goes_on_from_one_window_to_the_next() -> None:
    """§2: with its levels, its last update id, and whether it is known."""
    book, _ = replay(snapshot(0), delta(1, u=99))
    after, counts = replay(delta(2, (("98", "2"),), u=100), book=book)
    assert (counts.sequence_checked, counts.sequence_gaps, counts.unknown) == (1, 0, 1)
    assert after.bids() == [(99.0, 1.0), (98.0, 2.0)]
    state = after.state[0]
    assert state.last_applied_ms == state.last_inside_ms == day_start_ms(DAY) + 2
