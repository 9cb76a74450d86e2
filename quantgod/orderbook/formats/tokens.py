"""Steps of compiled scanners: each returns the position after the text it matched, or FAIL.

A line ends in a line feed. Only the step for a line end accepts it, so none runs past a line.
"""

from __future__ import annotations

import numpy as np

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.formats.decimals import FAIL, digit, load_word

_NL, _CR, _ZERO = 10, 13, 48
_MOST_INTEGER_DIGITS = np.uint64(18)

# Unsigned positions: for signed ones numba tests for negative indexes, which costs a third.
_NONE, _ONE, _EIGHT, _NINE, _TEN = (np.uint64(value) for value in (0, 1, 8, 9, 10))


@inlined_kernel
def skip_piece(text, at, pieces, start, end):
    """Skip a constant piece of text."""
    i, end = np.uint64(start), np.uint64(end)
    # Eight bytes at a time, unless the text ends first.
    if at + (end - i) <= np.uint64(len(text)):
        while i + _EIGHT <= end:
            if load_word(text, at) != load_word(pieces, i):
                return FAIL
            at += _EIGHT
            i += _EIGHT
    while i < end:
        if text[at] != pieces[i]:
            return FAIL
        at += _ONE
        i += _ONE
    return at


@inlined_kernel
def read_integer(text, at):
    """Read an integer without sign or leading zero: (value, position after it or FAIL)."""
    start, value = at, _NONE
    while digit(text, at) <= _NINE:
        value = value * _TEN + digit(text, at)
        at += _ONE
    count = at - start
    if count == _NONE or count > _MOST_INTEGER_DIGITS or (count > _ONE and text[start] == _ZERO):
        at = FAIL
    return np.int64(value), at


@inlined_kernel
def read_line_end(text, at):
    """Skip a line end."""
    if text[at] == _CR:
        at += _ONE
    return at + _ONE if text[at] == _NL else FAIL


@inlined_kernel
def skip_blank(text, at):
    """Skip a blank line."""
    while text[at] == 32 or text[at] == 9 or text[at] == _CR:
        at += _ONE
    return at + _ONE if text[at] == _NL else FAIL


@kernel
def line_end(text, position):
    """Return the position after the line that starts at ``position``."""
    at = np.uint64(position)
    while text[at] != _NL:
        at += _ONE
    return np.int64(at + _ONE)
