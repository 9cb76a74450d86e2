"""``OrderBook``: price levels per side, changed only by messages (contract §2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.arrays.record import Record, record_type
from quantgod.orderbook.book.ladder import RUNGS
from quantgod.orderbook.book.side import Side, levels_of, make_side, replace_levels, set_levels
from quantgod.orderbook.messages import Float64Array

_STATE = record_type(
    "has_snapshot",  # 1 after the first snapshot
    "is_known",  # 0 after a gap, until the next snapshot
    "last_id",  # of the last applied message, if it has one
    "has_last_id",
    "last_applied_ms",
    "last_inside_ms",  # time of the last message inside the day
)

# Fields of ``Counts`` that applying and sampling set.
_COUNTS = record_type(
    "applied",
    "snapshots",
    "level_updates",
    "before_snapshot",
    "sequence_checked",
    "sequence_gaps",
    "absent_deletes",
    "reconstruction_snapshots",
    "reconstruction_levels",
    "reconstruction_differ",
    "shallow_topic",
    "shallow_cut",
)


class OpenBook(NamedTuple):
    """A book while messages are applied to it."""

    bids: Side
    asks: Side
    state: Record  # (1,) of _STATE
    counts: Record  # (1,) of _COUNTS


def _nothing() -> Float64Array:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class OrderBook:
    """A book between two windows, immutable: messages apply to the copy that ``open`` makes."""

    bid_prices: Float64Array = field(default_factory=_nothing)  # ascending
    bid_sizes: Float64Array = field(default_factory=_nothing)
    negated_ask_prices: Float64Array = field(default_factory=_nothing)  # ascending
    ask_sizes: Float64Array = field(default_factory=_nothing)
    state: Record = field(default_factory=lambda: np.zeros(1, _STATE))

    def open(self, more: int, rungs: int = RUNGS) -> OpenBook:
        """Copy the book to apply messages to, with capacity for ``more`` levels per side."""
        return OpenBook(
            make_side(self.bid_prices, self.bid_sizes, more, rungs),
            make_side(self.negated_ask_prices, self.ask_sizes, more, rungs),
            self.state.copy(),
            np.zeros(1, _COUNTS),
        )

    def bids(self) -> list[tuple[float, float]]:
        """List (price, size) of every bid, best first."""
        return list(zip(self.bid_prices[::-1].tolist(), self.bid_sizes[::-1].tolist(), strict=True))

    def asks(self) -> list[tuple[float, float]]:
        """List (price, size) of every ask, best first."""
        prices = -self.negated_ask_prices[::-1]
        return list(zip(prices.tolist(), self.ask_sizes[::-1].tolist(), strict=True))


def close_book(book: OpenBook) -> OrderBook:
    """Return the book after the messages."""
    return OrderBook(*levels_of(book.bids), *levels_of(book.asks), book.state)


@inlined_kernel
def _is_after_gap(book, first_id, has_id):
    """Test whether a delta follows a gap: its first id is not the last applied id + 1."""
    state, counts = book.state[0], book.counts[0]
    if not has_id or state.has_last_id == 0:
        return False
    counts.sequence_checked += 1
    # In this order the subtraction cannot overflow.
    if first_id > state.last_id and first_id - state.last_id == 1:
        return False
    counts.sequence_gaps += 1
    return True


@kernel
def _apply_snapshot(book, price, size, first, middle, last):
    """Replace the book, and compare the new book with the old one."""
    bid_union, bid_differing = replace_levels(book.bids, 1.0, price, size, first, middle)
    ask_union, ask_differing = replace_levels(book.asks, -1.0, price, size, middle, last)
    state, counts = book.state[0], book.counts[0]
    counts.snapshots += 1
    if state.has_snapshot != 0:
        counts.reconstruction_snapshots += 1
        counts.reconstruction_levels += bid_union + ask_union
        counts.reconstruction_differ += bid_differing + ask_differing
    state.has_snapshot = 1
    state.is_known = 1


@inlined_kernel
def apply_message(book, messages, i, drop_on_gap):
    """Apply all levels of message ``i`` (contract §2).

    Args:
        book: an ``OpenBook`` with capacity for its levels.
        messages: ``Columns``.
        drop_on_gap: whether a gap makes the book unknown until the next snapshot.
    """
    state, counts = book.state[0], book.counts[0]
    price, size = messages.price, messages.size
    first, last = messages.level_start[i], messages.level_start[i + 1]
    middle = first + messages.bid_count[i]
    if messages.is_snapshot[i]:
        _apply_snapshot(book, price, size, first, middle, last)
    elif state.has_snapshot == 0:
        counts.before_snapshot += 1
        return
    else:
        has_gap = _is_after_gap(book, messages.first_id[i], messages.has_update_id[i])
        if has_gap and drop_on_gap:
            state.is_known = 0
        counts.absent_deletes += set_levels(book.bids, 1.0, price, size, first, middle)
        counts.absent_deletes += set_levels(book.asks, -1.0, price, size, middle, last)
    counts.applied += 1
    counts.level_updates += last - first
    state.last_id = messages.update_id[i]
    state.has_last_id = messages.has_update_id[i]
    state.last_applied_ms = messages.time_ms[i]
