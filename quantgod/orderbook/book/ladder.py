"""The ladder: one side of the book as an array with a place, a *rung*, for every tick.

Setting a level takes a multiplication and a few stores, whatever is set where; the sorted form has
to search and to shift. A set bit marks a rung that holds a level, so that reading skips the others
64 at a time.

It is exact for any input: a key's rung is found by rounding, which never swaps two keys; two keys
that meet on one rung, or one beyond the ladder's ends, are noticed, and the side goes on sorted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel, trailing_zeros
from quantgod.orderbook.arrays.record import Record, record_type

RUNGS = 1 << 16  # 500 levels of a spot market may lie 20,000 ticks apart
_SHIFT, _BIT, _ONE = np.uint64(6), np.uint64(63), np.uint64(1)

_WORDS = record_type(
    "first",  # no bit is set in a word before it
    "low",  # all rungs that are not 0 are in words ``low`` to ``high``
    "high",
)
_SCALE = record_type("per_tick", "top", kind=np.float64)  # rung = round(top - key * per_tick)


class Ladder(NamedTuple):
    """``r`` rungs, the best level on the lowest one that is occupied."""

    keys: NDArray[np.float64]  # (r,) the key that a rung has had since the last clearing; 0: none
    sizes: NDArray[np.float64]  # (r,) of occupied rungs
    occupied: NDArray[np.uint64]  # (r / 64,) a bit a rung
    words: Record  # (1,) of _WORDS: which words of ``occupied`` are in use
    scale: Record  # (1,) of _SCALE: the rung of a key


def make_ladder(rungs: int) -> Ladder:
    """An empty ladder; ``rungs`` is a multiple of 64."""
    words = np.array([(rungs // 64, rungs // 64, -1)], _WORDS)
    # Untouched zeros cost no memory.
    return Ladder(
        np.zeros(rungs),
        np.zeros(rungs),
        np.zeros(rungs // 64, np.uint64),
        words,
        np.zeros(1, _SCALE),
    )


@kernel
def clear_ladder(ladder):
    """Take all levels off."""
    words = ladder.words[0]
    for word in range(words.low, words.high + 1):
        ladder.occupied[word] = 0
    for rung in range(words.low * 64, (words.high + 1) * 64):
        ladder.keys[rung] = 0.0
    words.first = words.low = len(ladder.occupied)
    words.high = -1


@kernel
def _smallest_step(keys, count):
    """Smallest difference of neighbouring keys; inf if there are fewer than two."""
    step = np.inf
    for i in range(1, count):
        step = min(step, keys[i] - keys[i - 1])
    return step


@kernel
def fill_ladder(ladder, keys, sizes, count):
    """Put sorted levels on an empty ladder, the middle one in its middle.

    Returns:
        whether they fit: on a half of the ladder, so that they can wander, and each on a rung of
        its own. If not, the ladder stays empty.
    """
    per_tick = 1.0 / _smallest_step(keys, count)
    span = (keys[count - 1] - keys[0]) * per_tick if count > 1 else np.inf
    if not span <= len(ladder.keys) // 2:
        return False
    scale = ladder.scale[0]
    scale.per_tick = per_tick
    scale.top = keys[count - 1] * per_tick + np.floor((len(ladder.keys) - span) / 2.0)
    _, held, _ = set_on_ladder(ladder, 0, 1.0, keys, sizes, 0, count)
    if held < count:
        clear_ladder(ladder)
    return held == count


@inlined_kernel
def set_on_ladder(ladder, count, sign, price, size, first, last):
    """Set levels ``first : last`` in listed order; size 0 deletes.

    Stops at one that has no rung of its own. There are no unforeseeable branches in here: inserts,
    updates and deletes come as if thrown by dice, and a processor that guesses wrong loses more
    time than all this takes.

    Args:
        count: levels on the ladder before.

    Returns:
        (index of the first level not set, levels on the ladder now, deletes that found nothing)
    """
    keys, sizes, occupied = ladder.keys, ladder.sizes, ladder.occupied
    words, scale = ladder.words[0], ladder.scale[0]
    per_tick, top, rungs = scale.per_tick, scale.top + 0.5, float(len(keys))
    low, high, absent = words.first, words.high, np.int64(0)
    i = first
    while i < last:
        key, new = sign * price[i], size[i]
        place = top - key * per_tick
        if not 0.0 <= place < rungs:
            break
        rung = np.uint64(np.int64(place))
        if keys[rung] != key:
            if keys[rung] != 0.0:
                break
            keys[rung] = key
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
    """The best ``count`` levels, best first; there are as many."""
    if count == 0:
        return
    keys, rung_sizes, occupied = ladder.keys, ladder.sizes, ladder.occupied
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
        prices[i] = sign * keys[rung]
        sizes[i] = rung_sizes[rung]


@inlined_kernel
def _next_word(occupied, word):
    """The first word from ``word`` on that is not 0; there is one."""
    while occupied[word] == 0:
        word += _ONE
    return word
