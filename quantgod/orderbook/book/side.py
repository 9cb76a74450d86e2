"""One side of the book while messages are applied: sorted arrays, and a ladder where it fits.

A level's *key* is its price for bids and minus its price for asks, so that the best level of either
side has the greatest key and one code serves both. The sorted arrays hold any book, and are what
stays of a side between two windows. While prices lie on few enough rungs, the side stands on the
ladder instead (``ladder.py``), which is many times faster; where it stands never shows in a result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.arrays.record import Record, record_type
from quantgod.orderbook.book.ladder import (
    Ladder,
    clear_ladder,
    fill_ladder,
    make_ladder,
    read_ladder,
    set_on_ladder,
)
from quantgod.orderbook.messages import Float64Array

_STATE = record_type(
    "levels",  # how many the side has
    "on_ladder",  # 1: they are on the ladder, 0: in the sorted arrays
    "climbs_left",  # how often the side may try the ladder
)

# Tries of the ladder after a snapshot or a window's start: a stream whose prices never fit shall
# not pay for them.
CLIMBS = 64


class Side(NamedTuple):
    """One side in both its forms; only one of them is filled."""

    keys: Float64Array  # (room,) ascending: the best comes last, where most changes happen
    sizes: Float64Array  # (room,)
    new_keys: Float64Array  # (room,) where a snapshot is sorted before it takes their place
    new_sizes: Float64Array  # (room,)
    ladder: Ladder
    state: Record  # (1,) of _STATE


def make_side(keys: Float64Array, sizes: Float64Array, more: int, rungs: int) -> Side:
    """A side of its own with the given levels, and room for so many more."""
    count = len(keys)
    # Room that is never written to costs no memory.
    own_keys, own_sizes, new_keys, new_sizes = (np.empty(count + more) for _ in range(4))
    own_keys[:count], own_sizes[:count] = keys, sizes
    state = np.array([(count, 0, CLIMBS)], _STATE)
    return Side(own_keys, own_sizes, new_keys, new_sizes, make_ladder(rungs), state)


def levels_of(side: Side) -> tuple[Float64Array, Float64Array]:
    """Keys and sizes of a side's levels, in arrays of their own."""
    step_down(side)
    count = int(side.state["levels"][0])
    return side.keys[:count].copy(), side.sizes[:count].copy()


@kernel
def _reverse(values, count):
    for i in range(count // 2):
        values[i], values[count - 1 - i] = values[count - 1 - i], values[i]


@kernel
def step_down(side):
    """Bring the side into its sorted form."""
    state = side.state[0]
    if state.on_ladder != 0:
        read_ladder(side.ladder, state.levels, 1.0, side.keys, side.sizes)
        _reverse(side.keys, state.levels)
        _reverse(side.sizes, state.levels)
        clear_ladder(side.ladder)
        state.on_ladder = 0


@inlined_kernel
def _set_level(keys, sizes, count, key, size):
    """Insert, update or (size 0) delete one sorted level: (count, was there nothing to delete)."""
    at, high = 0, count
    while at < high:
        middle = (at + high) >> 1
        if keys[middle] < key:
            at = middle + 1
        else:
            high = middle
    there = at < count and keys[at] == key
    if size == 0.0 and not there:
        return count, True
    if size == 0.0:
        for i in range(at, count - 1):
            keys[i], sizes[i] = keys[i + 1], sizes[i + 1]
        return count - 1, False
    if not there:
        for i in range(count, at, -1):
            keys[i], sizes[i] = keys[i - 1], sizes[i - 1]
        count += 1
    keys[at], sizes[at] = key, size
    return count, False


@inlined_kernel
def set_levels(side, sign, price, size, first, last):
    """Apply the levels ``first : last`` in listed order: how many deletes found nothing.

    Args:
        side: has room for them.
        sign: 1.0 for bids, -1.0 for asks.
    """
    state, absent = side.state[0], 0
    if state.on_ladder != 0:
        first, count, absent = set_on_ladder(
            side.ladder, state.levels, sign, price, size, first, last
        )
        state.levels = count
    if first < last:
        absent += _set_sorted_levels(side, sign, price, size, first, last)
    return absent


@kernel
def _set_sorted_levels(side, sign, price, size, first, last):
    """The same in the sorted form; from the next message on the side may fit on the ladder."""
    step_down(side)
    state, absent = side.state[0], 0
    for i in range(first, last):
        count, nothing = _set_level(side.keys, side.sizes, state.levels, sign * price[i], size[i])
        state.levels = count
        absent += nothing
    _climb(side)
    return absent


@kernel
def _climb(side):
    """Bring a sorted side onto the ladder if it fits there, and has not tried too often."""
    state = side.state[0]
    if state.climbs_left > 0:
        state.climbs_left -= 1
        state.on_ladder = fill_ladder(side.ladder, side.keys, side.sizes, state.levels)


@kernel
def replace_levels(side, sign, price, size, first, last):
    """The side anew, from a snapshot.

    Returns:
        (levels in the old or the new side, levels that differ between them)
    """
    step_down(side)
    state, keys, sizes, count = side.state[0], side.new_keys, side.new_sizes, 0
    for i in range(first, last):
        count, _ = _set_level(keys, sizes, count, sign * price[i], size[i])
    union, differing = _compare(side.keys, side.sizes, state.levels, keys, sizes, count)
    for i in range(count):
        side.keys[i], side.sizes[i] = keys[i], sizes[i]
    state.levels, state.climbs_left = count, CLIMBS
    _climb(side)
    return union, differing


@kernel
def _compare(keys, sizes, count, other_keys, other_sizes, other_count):
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
def read_best(side, sign, prices, sizes):
    """The best levels, best first, into two rows: NaN and 0 where the book has no more."""
    state = side.state[0]
    held = min(state.levels, len(prices))
    if state.on_ladder != 0:
        read_ladder(side.ladder, held, sign, prices, sizes)
    else:
        for i in range(held):
            prices[i] = sign * side.keys[state.levels - 1 - i]
            sizes[i] = side.sizes[state.levels - 1 - i]
    for i in range(held, len(prices)):
        prices[i] = np.nan
        sizes[i] = 0.0
