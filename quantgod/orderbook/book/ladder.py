"""``Ladder``: one side of the book as an array with a place, a *rung*, for every tick.

Setting a level takes one multiplication and a few stores; the sorted form has to search and shift.
A bitmap marks the rungs that hold a level, so reading skips empty rungs 64 at a time.

The ladder is exact for any input. Rounding finds a price's rung and keeps the order of prices. If
two prices meet on one rung, or one is beyond the ends, the side falls back to its sorted form.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel, trailing_zeros
from quantgod.orderbook.arrays.record import Record, record_type

RUNGS = 1 << 16  # 500 levels of a spot market may span 20,000 ticks
_SHIFT, _BIT, _ONE = np.uint64(6), np.uint64(63), np.uint64(1)

_WORDS = record_type(
    "first",  # no bit is set in an earlier word
    "low",  # words ``low`` to ``high`` hold all rungs in use
    "high",
)
_SCALE = record_type("per_tick", "top", kind=np.float64)  # rung = round(top - signed * per_tick)


class Ladder(NamedTuple):
    """``r`` rungs; the best level is on the lowest occupied one."""

    prices: NDArray[np.float64]  # (r,) signed price of a rung since the last clearing; 0: none
    sizes: NDArray[np.float64]  # (r,) of occupied rungs
    occupied: NDArray[np.uint64]  # (r / 64,) a bit per rung
    words: Record  # (1,) of _WORDS: the words of ``occupied`` in use
    scale: Record  # (1,) of _SCALE: the rung of a signed price


def make_ladder(rungs: int) -> Ladder:
    """Return an empty ladder; ``rungs`` is a multiple of 64."""
    words = np.array([(rungs // 64, rungs // 64, -1)], _WORDS)
    prices, sizes = np.zeros(rungs), np.zeros(rungs)  # untouched zeros cost no memory
    return Ladder(prices, sizes, np.zeros(rungs // 64, np.uint64), words, np.zeros(1, _SCALE))


@kernel
def clear_ladder(ladder):
    """Remove all levels."""
    words = ladder.words[0]
    for word in range(words.low, words.high + 1):
        ladder.occupied[word] = 0
    for rung in range(words.low * 64, (words.high + 1) * 64):
        ladder.prices[rung] = 0.0
    words.first = words.low = len(ladder.occupied)
    words.high = -1


@kernel
def _smallest_step(signed, count):
    """Return the smallest difference of neighbouring prices; inf for fewer than two."""
    step = np.inf
    for i in range(1, count):
        step = min(step, signed[i] - signed[i - 1])
    return step


@kernel
def fill_ladder(ladder, signed, sizes, count):
    """Put sorted levels on an empty ladder, centred.

    Returns:
        whether they fit: within half of the ladder, so that prices can move, and each on a separate
        rung. Otherwise the ladder stays empty.
    """
    per_tick = 1.0 / _smallest_step(signed, count)
    span = (signed[count - 1] - signed[0]) * per_tick if count > 1 else np.inf
    if not span <= len(ladder.prices) // 2:
        return False
    scale = ladder.scale[0]
    scale.per_tick = per_tick
    scale.top = signed[count - 1] * per_tick + np.floor((len(ladder.prices) - span) / 2.0)
    _, held, _ = set_on_ladder(ladder, 0, 1.0, signed, sizes, 0, count)
    if held < count:
        clear_ladder(ladder)
    return held == count


@inlined_kernel
def set_on_ladder(ladder, count, sign, price, size, first, last):
    """Set levels ``first : last`` in listed order; size 0 deletes.

    Stops at a level without a free rung. Inserts, updates and deletes come in random order, so the
    code has no branches that depend on them: a mispredicted one costs more than all of this.

    Args:
        count: levels on the ladder before.

    Returns:
        (index of the first level not set, levels on the ladder after, deletes of absent levels)
    """
    prices, sizes, occupied = ladder.prices, ladder.sizes, ladder.occupied
    words, scale = ladder.words[0], ladder.scale[0]
    per_tick, top, rungs = scale.per_tick, scale.top + 0.5, float(len(prices))
    low, high, absent = words.first, words.high, np.int64(0)
    i = first
    while i < last:
        signed, new = sign * price[i], size[i]
        place = top - signed * per_tick
        if not 0.0 <= place < rungs:
            break
        rung = np.uint64(np.int64(place))
        if prices[rung] != signed:
            if prices[rung] != 0.0:
                break
            prices[rung] = signed
        sizes[rung] = new
        word, bit = rung >> _SHIFT, rung & _BIT
        had, has = (occupied[word] >> bit) & _ONE, np.uint64(new != 0.0)
        occupied[word] ^= (had ^ has) << bit
        count += np.int64(has) - np.int64(had)
        absent += np.int64((had | has) ^ _ONE)
        low, high = min(low, np.int64(word)), max(high, np.int64(word))
        i += 1
    words.first, words.low, words.high = low, min(low, words.low), high
    return i, count, absent


@inlined_kernel
def read_ladder(ladder, count, sign, prices, sizes):
    """Read the best ``count`` levels, all of which exist, best first."""
    if count == 0:
        return
    signed, rung_sizes, occupied = ladder.prices, ladder.sizes, ladder.occupied
    words = ladder.words[0]
    word = _next_word(occupied, np.uint64(words.first))
    words.first = np.int64(word)
    bits = occupied[word]
    for i in range(count):
        if bits == 0:
            word = _next_word(occupied, word + _ONE)
            bits = occupied[word]
        rung = (word << _SHIFT) + np.uint64(trailing_zeros(bits))
        bits &= bits - _ONE
        prices[i] = sign * signed[rung]
        sizes[i] = rung_sizes[rung]


@inlined_kernel
def _next_word(occupied, word):
    """Return the first word that is not 0, from ``word`` on; it exists."""
    while occupied[word] == 0:
        word += _ONE
    return word
