"""The order book: price levels a side, changed only by messages (contract §2)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.book.ladder import RUNGS
from quantgod.orderbook.book.side import Side, levels_of, make_side, replace_levels, set_levels
from quantgod.orderbook.messages import Float64Array, Int64Array

# Slots of the book's scalar state.
HAS_SNAPSHOT, IS_KNOWN, LAST_ID, HAS_LAST_ID, LAST_APPLIED, LAST_INSIDE = range(6)
_SLOTS = 6

# Slots of the counts that applying messages gives.
(
    APPLIED,
    SNAPSHOTS,
    LEVEL_UPDATES,
    BEFORE_SNAPSHOT,
    SEQUENCE_CHECKED,
    SEQUENCE_GAPS,
    ABSENT_DELETES,
    COMPARED_SNAPSHOTS,
    COMPARED_LEVELS,
    DIFFERING_LEVELS,
) = range(10)
COUNT_SLOTS = 10


def _nothing() -> Float64Array:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class OrderBook:
    """A book between two windows. Never changed in place: messages apply to ``open_sides()``."""

    bid_keys: Float64Array = field(default_factory=_nothing)  # price, ascending
    bid_sizes: Float64Array = field(default_factory=_nothing)
    ask_keys: Float64Array = field(default_factory=_nothing)  # -price, ascending
    ask_sizes: Float64Array = field(default_factory=_nothing)
    state: Int64Array = field(default_factory=lambda: np.zeros(_SLOTS, np.int64))

    def open_sides(self, more: int, rungs: int = RUNGS) -> tuple[Side, Side]:
        """Bids and asks for messages to apply to, with room for so many more levels."""
        return (
            make_side(self.bid_keys, self.bid_sizes, more, rungs),
            make_side(self.ask_keys, self.ask_sizes, more, rungs),
        )

    def bids(self) -> list[tuple[float, float]]:
        """(price, size) of every bid level, best first."""
        return list(zip(self.bid_keys[::-1].tolist(), self.bid_sizes[::-1].tolist(), strict=True))

    def asks(self) -> list[tuple[float, float]]:
        """(price, size) of every ask level, best first."""
        prices = -self.ask_keys[::-1]
        return list(zip(prices.tolist(), self.ask_sizes[::-1].tolist(), strict=True))


def close_sides(bids: Side, asks: Side, state: Int64Array) -> OrderBook:
    """The book that the sides hold."""
    return OrderBook(*levels_of(bids), *levels_of(asks), state)


@inlined_kernel
def _check_sequence(state, counts, first_id, has_id):
    """True if a delta follows a gap: its first id is not the last applied message's + 1."""
    if not has_id or state[HAS_LAST_ID] == 0:
        return False
    counts[SEQUENCE_CHECKED] += 1
    # Written so that it cannot wrap round at the ends of 64 bits.
    if first_id > state[LAST_ID] and first_id - state[LAST_ID] == 1:
        return False
    counts[SEQUENCE_GAPS] += 1
    return True


@kernel
def _apply_snapshot(bids, asks, state, counts, price, size, first, middle, last):
    """Replace the book, and compare the new one with the old."""
    bid_union, bid_differing = replace_levels(bids, 1.0, price, size, first, middle)
    ask_union, ask_differing = replace_levels(asks, -1.0, price, size, middle, last)
    counts[SNAPSHOTS] += 1
    if state[HAS_SNAPSHOT] != 0:
        counts[COMPARED_SNAPSHOTS] += 1
        counts[COMPARED_LEVELS] += bid_union + ask_union
        counts[DIFFERING_LEVELS] += bid_differing + ask_differing
    state[HAS_SNAPSHOT] = 1
    state[IS_KNOWN] = 1


@inlined_kernel
def apply_message(
    bids, asks, state, counts, time, update_id, first_id, has_id, is_snapshot, price, size,
    first, middle, last, drop_on_gap,
):  # fmt: skip
    """Apply one message whole (contract §2).

    Args:
        bids, asks: sides with room for its levels.
        first, middle, last: its bids are levels ``first : middle``, its asks ``middle : last``.
    """
    if is_snapshot:
        _apply_snapshot(bids, asks, state, counts, price, size, first, middle, last)
    elif state[HAS_SNAPSHOT] == 0:
        counts[BEFORE_SNAPSHOT] += 1
        return
    else:
        if _check_sequence(state, counts, first_id, has_id) and drop_on_gap:
            state[IS_KNOWN] = 0
        counts[ABSENT_DELETES] += set_levels(bids, 1.0, price, size, first, middle)
        counts[ABSENT_DELETES] += set_levels(asks, -1.0, price, size, middle, last)
    counts[APPLIED] += 1
    counts[LEVEL_UPDATES] += last - first
    state[LAST_ID] = update_id
    state[HAS_LAST_ID] = has_id
    state[LAST_APPLIED] = time
