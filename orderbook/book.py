"""The order book: price levels a side, changed only by messages (contract §2).

A side is a pair of arrays sorted so that the best level comes last, where most changes happen:
bids by price, asks by minus price. One code serves both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from orderbook.kernel import kernel
from orderbook.messages import Float64Array, Int64Array

# Slots of the book's scalar state.
BID_COUNT, ASK_COUNT, HAS_SNAPSHOT, IS_KNOWN, LAST_ID, HAS_LAST_ID, LAST_APPLIED, LAST_INSIDE = (
    range(8)
)
_SLOTS = 8

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


@dataclass(frozen=True, eq=False)
class OrderBook:
    """A book between two windows. Never changed in place: kernels work on ``copy()``."""

    bid_keys: Float64Array = field(default_factory=lambda: np.empty(256))  # price, ascending
    bid_sizes: Float64Array = field(default_factory=lambda: np.empty(256))
    ask_keys: Float64Array = field(default_factory=lambda: np.empty(256))  # -price, ascending
    ask_sizes: Float64Array = field(default_factory=lambda: np.empty(256))
    state: Int64Array = field(default_factory=lambda: np.zeros(_SLOTS, np.int64))

    def copy(self) -> OrderBook:
        """The same book in arrays of its own."""
        return OrderBook(
            self.bid_keys.copy(),
            self.bid_sizes.copy(),
            self.ask_keys.copy(),
            self.ask_sizes.copy(),
            self.state.copy(),
        )

    def bids(self) -> list[tuple[float, float]]:
        """(price, size) of every bid level, best first."""
        return self._side(self.bid_keys, self.bid_sizes, BID_COUNT, 1.0)

    def asks(self) -> list[tuple[float, float]]:
        """(price, size) of every ask level, best first."""
        return self._side(self.ask_keys, self.ask_sizes, ASK_COUNT, -1.0)

    def _side(
        self, keys: Float64Array, sizes: Float64Array, slot: int, sign: float
    ) -> list[tuple[float, float]]:
        count = int(self.state[slot])
        prices = (sign * keys[:count])[::-1].tolist()
        return list(zip(prices, sizes[:count][::-1].tolist(), strict=True))


@kernel
def _set_level(keys, sizes, count, key, size):
    """Insert, update or (size 0) delete one level: (keys, sizes, count, deleted nothing)."""
    low, high = 0, count
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    if low < count and keys[low] == key:
        if size != 0.0:
            sizes[low] = size
            return keys, sizes, count, False
        for i in range(low, count - 1):
            keys[i] = keys[i + 1]
            sizes[i] = sizes[i + 1]
        return keys, sizes, count - 1, False
    if size == 0.0:
        return keys, sizes, count, True
    if count == len(keys):
        keys = np.concatenate((keys, np.empty_like(keys)))
        sizes = np.concatenate((sizes, np.empty_like(sizes)))
    for i in range(count, low, -1):
        keys[i] = keys[i - 1]
        sizes[i] = sizes[i - 1]
    keys[low] = key
    sizes[low] = size
    return keys, sizes, count + 1, False


@kernel
def _set_levels(keys, sizes, count, sign, prices, new_sizes):
    """Apply levels in listed order: (keys, sizes, count, deletes of levels not there)."""
    absent = 0
    for i in range(len(prices)):
        keys, sizes, count, nothing = _set_level(
            keys, sizes, count, sign * prices[i], new_sizes[i]
        )  # fmt: skip
        absent += nothing
    return keys, sizes, count, absent


@kernel
def _compare_sides(keys, sizes, count, other_keys, other_sizes, other_count):
    """Levels in either of two sides, and how many of them differ: (union, differing)."""
    i = j = union = differing = 0
    while i < count or j < other_count:
        union += 1
        if j == other_count or (i < count and keys[i] < other_keys[j]):
            differing += 1
            i += 1
        elif i == count or keys[i] > other_keys[j]:
            differing += 1
            j += 1
        else:
            differing += sizes[i] != other_sizes[j]
            i += 1
            j += 1
    return union, differing


@kernel
def _replace_side(keys, sizes, count, sign, prices, new_sizes, counts, compare):
    """A side made anew from a snapshot, compared with what it replaces: (keys, sizes, count)."""
    fresh_keys, fresh_sizes, fresh_count, _ = _set_levels(
        np.empty_like(keys), np.empty_like(sizes), 0, sign, prices, new_sizes
    )  # fmt: skip
    if compare:
        union, differing = _compare_sides(keys, sizes, count, fresh_keys, fresh_sizes, fresh_count)
        counts[COMPARED_LEVELS] += union
        counts[DIFFERING_LEVELS] += differing
    return fresh_keys, fresh_sizes, fresh_count


@kernel
def _check_sequence(state, counts, update_id, has_id):
    """True if a delta follows a gap: its update id is not the last applied one + 1."""
    if not has_id or state[HAS_LAST_ID] == 0:
        return False
    counts[SEQUENCE_CHECKED] += 1
    # Written so that it cannot wrap round at the ends of 64 bits.
    if update_id > state[LAST_ID] and update_id - state[LAST_ID] == 1:
        return False
    counts[SEQUENCE_GAPS] += 1
    return True


@kernel
def apply_message(
    bid_keys, bid_sizes, ask_keys, ask_sizes, state, counts,
    time, update_id, has_id, is_snapshot, prices, sizes, bids, drop_on_gap,
):  # fmt: skip
    """Apply one message whole (contract §2): returns the four arrays, which may have grown."""
    if is_snapshot:
        compare = state[HAS_SNAPSHOT] != 0
        counts[COMPARED_SNAPSHOTS] += compare
        counts[SNAPSHOTS] += 1
        bid_keys, bid_sizes, state[BID_COUNT] = _replace_side(
            bid_keys, bid_sizes, state[BID_COUNT], 1.0, prices[:bids], sizes[:bids], counts, compare
        )
        ask_keys, ask_sizes, state[ASK_COUNT] = _replace_side(
            ask_keys,
            ask_sizes,
            state[ASK_COUNT],
            -1.0,
            prices[bids:],
            sizes[bids:],
            counts,
            compare,
        )
        state[HAS_SNAPSHOT] = 1
        state[IS_KNOWN] = 1
    elif state[HAS_SNAPSHOT] == 0:
        counts[BEFORE_SNAPSHOT] += 1
        return bid_keys, bid_sizes, ask_keys, ask_sizes
    else:
        if _check_sequence(state, counts, update_id, has_id) and drop_on_gap:
            state[IS_KNOWN] = 0
        bid_keys, bid_sizes, state[BID_COUNT], absent = _set_levels(
            bid_keys, bid_sizes, state[BID_COUNT], 1.0, prices[:bids], sizes[:bids]
        )
        counts[ABSENT_DELETES] += absent
        ask_keys, ask_sizes, state[ASK_COUNT], absent = _set_levels(
            ask_keys, ask_sizes, state[ASK_COUNT], -1.0, prices[bids:], sizes[bids:]
        )
        counts[ABSENT_DELETES] += absent
    counts[APPLIED] += 1
    counts[LEVEL_UPDATES] += len(prices)
    state[LAST_ID] = update_id
    state[HAS_LAST_ID] = has_id
    state[LAST_APPLIED] = time
    return bid_keys, bid_sizes, ask_keys, ask_sizes
