"""``Side``: one side of the book while messages are applied, as a ladder or as sorted arrays.

A level's *signed price* is its price for bids and minus its price for asks, so the best level of
either side has the greatest one. Sorted arrays hold any book, and store a side between two windows.
If its prices fit, a side uses the ladder (``ladder.py``), which is many times faster. Results do
not depend on the form.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.arrays.record import Record, record_type
from quantgod.orderbook.book import ladder as ladders
from quantgod.orderbook.messages import Float64Array

_STATE = record_type(
    "levels",  # of the side
    "on_ladder",  # 1: on the ladder, 0: in the sorted arrays
    "climbs_left",  # attempts to use the ladder that remain
)

# Attempts to use the ladder after a snapshot or a window's start: limited, as some streams' prices
# never fit.
CLIMBS = 64


class Side(NamedTuple):
    """One side in two forms, of which one is filled."""

    prices: Float64Array  # (capacity,) signed, ascending: most changes are near the best, the last
    sizes: Float64Array  # (capacity,)
    new_prices: Float64Array  # (capacity,) buffers for sorting a snapshot
    new_sizes: Float64Array  # (capacity,)
    ladder: ladders.Ladder
    state: Record  # (1,) of _STATE


def make_side(prices: Float64Array, sizes: Float64Array, more: int, rungs: int) -> Side:
    """Copy levels, sorted by signed price, into a side with capacity for ``more`` levels."""
    count = len(prices)
    a, b, c, d = (np.empty(count + more) for _ in range(4))  # unused capacity costs no memory
    a[:count], b[:count] = prices, sizes
    state = np.array([(count, 0, CLIMBS)], _STATE)
    return Side(a, b, c, d, ladders.make_ladder(rungs), state)


def levels_of(side: Side) -> tuple[Float64Array, Float64Array]:
    """Copy signed prices and sizes of a side's levels."""
    step_down(side)
    count = int(side.state["levels"][0])
    return side.prices[:count].copy(), side.sizes[:count].copy()


@kernel
def _reverse(values, count):
    for i in range(count // 2):
        values[i], values[count - 1 - i] = values[count - 1 - i], values[i]


@kernel
def step_down(side):
    """Move the side's levels from the ladder to the sorted arrays."""
    state = side.state[0]
    if state.on_ladder != 0:
        ladders.read_ladder(side.ladder, state.levels, 1.0, side.prices, side.sizes)
        _reverse(side.prices, state.levels)
        _reverse(side.sizes, state.levels)
        ladders.clear_ladder(side.ladder)
        state.on_ladder = 0


@inlined_kernel
def _set_level(prices, sizes, count, signed, size):
    """Insert, update or (size 0) delete one sorted level: (count, whether a delete found none)."""
    at, high = 0, count
    while at < high:
        middle = (at + high) >> 1
        if prices[middle] < signed:
            at = middle + 1
        else:
            high = middle
    exists = at < count and prices[at] == signed
    if size == 0.0 and not exists:
        return count, True
    if size == 0.0:
        for i in range(at, count - 1):
            prices[i], sizes[i] = prices[i + 1], sizes[i + 1]
        return count - 1, False
    if not exists:
        for i in range(count, at, -1):
            prices[i], sizes[i] = prices[i - 1], sizes[i - 1]
        count += 1
    prices[at], sizes[at] = signed, size
    return count, False


@inlined_kernel
def set_levels(side, sign, price, size, first, last):
    """Apply levels ``first : last`` in listed order; return the number of deletes of absent levels.

    Args:
        side: has capacity for them.
        sign: 1.0 for bids, -1.0 for asks.
    """
    state, absent = side.state[0], 0
    if state.on_ladder != 0:
        first, count, absent = ladders.set_on_ladder(
            side.ladder, state.levels, sign, price, size, first, last
        )
        state.levels = count
    if first < last:
        absent += _set_sorted_levels(side, sign, price, size, first, last)
    return absent


@kernel
def _set_sorted_levels(side, sign, price, size, first, last):
    """Apply levels in the sorted form, then try to return to the ladder."""
    step_down(side)
    state, absent = side.state[0], 0
    for i in range(first, last):
        count, nothing = _set_level(side.prices, side.sizes, state.levels, sign * price[i], size[i])
        state.levels = count
        absent += nothing
    _climb(side)
    return absent


@kernel
def _climb(side):
    """Move a sorted side to the ladder if it fits and has attempts left."""
    state = side.state[0]
    if state.climbs_left > 0:
        state.climbs_left -= 1
        state.on_ladder = ladders.fill_ladder(side.ladder, side.prices, side.sizes, state.levels)


@kernel
def replace_levels(side, sign, price, size, first, last):
    """Replace the side by a snapshot: (levels in either of the two, levels that differ)."""
    step_down(side)
    state, prices, sizes, count = side.state[0], side.new_prices, side.new_sizes, 0
    for i in range(first, last):
        count, _ = _set_level(prices, sizes, count, sign * price[i], size[i])
    union, differing = _compare(side.prices, side.sizes, state.levels, prices, sizes, count)
    for i in range(count):
        side.prices[i], side.sizes[i] = prices[i], sizes[i]
    state.levels, state.climbs_left = count, CLIMBS
    _climb(side)
    return union, differing


@kernel
def _compare(prices, sizes, count, other_prices, other_sizes, other_count):
    """Compare two sides: (levels in either of the two, levels that differ)."""
    i = j = union = differing = 0
    while i < count or j < other_count:
        union += 1
        if j == other_count or (i < count and prices[i] < other_prices[j]):
            differing += 1
            i += 1
        elif i == count or prices[i] > other_prices[j]:
            differing += 1
            j += 1
        else:
            differing += sizes[i] != other_sizes[j]
            i += 1
            j += 1
    return union, differing


@kernel
def read_best(side, sign, prices, sizes):
    """Read the best levels, best first, into two rows; NaN and 0 for missing levels."""
    state = side.state[0]
    held = min(state.levels, len(prices))
    if state.on_ladder != 0:
        ladders.read_ladder(side.ladder, held, sign, prices, sizes)
    else:
        for i in range(held):
            prices[i] = sign * side.prices[state.levels - 1 - i]
            sizes[i] = side.sizes[state.levels - 1 - i]
    for i in range(held, len(prices)):
        prices[i] = np.nan
        sizes[i] = 0.0
