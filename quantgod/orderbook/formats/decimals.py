"""Decimals in text, read eight bytes at a time or byte by byte: to the same value.

A word of eight bytes holds the start of a decimal, its first byte lowest. Which of its bytes are
not digits says where the dot stands and where the decimal ends, if it is one: that *layout* picks
a row of a table, and the row says how to take the digits apart. A layout is a guess and may come
from an earlier decimal too: ``read_digits`` tests every byte against it. So no step branches on
how long a decimal is, which a processor cannot foresee.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel, trailing_zeros

FAIL = np.uint64(0xFFFFFFFFFFFFFFFF)
MOST_IN_WORD = np.uint64(8)

_DOT, _QUOTE, _ZERO = 46, 34, 48
_NONE, _ONE, _TWO, _THREE, _NINE, _TEN = (np.uint64(value) for value in (0, 1, 2, 3, 9, 10))
_FOUR, _FIVE, _SIX, _SEVEN = (np.uint64(value) for value in (4, 5, 6, 7))

# m / 10**k is the float64 nearest to the decimal when m < 2**53 and k <= 22 (both exact).
POWER = 10.0 ** np.arange(16)
_MOST_DIGITS = np.uint64(15)


# ---------------------------------------------------------------- byte by byte


@inlined_kernel
def digit(text, at):
    """The value of a digit; of any other byte more than 9."""
    return np.uint64(text[at]) - np.uint64(_ZERO)


@kernel
def read_decimal(text, at):
    """A decimal and its closing quote: (the float64 nearest to it, position after or FAIL)."""
    # More digits than 64 bits hold wrap round in here, and are refused by their number.
    start, mantissa, decimals = at, _NONE, _NONE
    while digit(text, at) <= _NINE:
        mantissa = mantissa * _TEN + digit(text, at)
        at += _ONE
    whole = at - start
    if text[at] == _DOT:
        at += _ONE
        start = at
        while digit(text, at) <= _NINE:
            mantissa = mantissa * _TEN + digit(text, at)
            at += _ONE
        decimals = at - start
        if decimals == _NONE:
            return 0.0, FAIL
    if text[at] != _QUOTE or whole == _NONE or whole + decimals > _MOST_DIGITS:
        return 0.0, FAIL
    return np.float64(np.int64(mantissa)) / POWER[decimals], at + _ONE


@inlined_kernel
def read_number(text, at):
    """The same of a decimal without a quote; what ends it is left to the caller."""
    # Written out: as a part of ``read_decimal`` it makes Bybit's scanner slower by a twentieth.
    start, mantissa, decimals = at, _NONE, _NONE
    while digit(text, at) <= _NINE:
        mantissa = mantissa * _TEN + digit(text, at)
        at += _ONE
    whole = at - start
    if text[at] == _DOT:
        at += _ONE
        start = at
        while digit(text, at) <= _NINE:
            mantissa = mantissa * _TEN + digit(text, at)
            at += _ONE
        decimals = at - start
        if decimals == _NONE:
            return 0.0, FAIL
    if whole == _NONE or whole + decimals > _MOST_DIGITS:
        return 0.0, FAIL
    return np.float64(np.int64(mantissa)) / POWER[decimals], at


# ---------------------------------------------------------------- eight bytes at a time


@inlined_kernel
def load_word(text, at):
    """Eight bytes of text, the first one lowest on any machine; compiled to one load."""
    word = np.uint64(text[at]) | np.uint64(text[at + _ONE]) << np.uint64(8)
    word |= np.uint64(text[at + _TWO]) << np.uint64(16)
    word |= np.uint64(text[at + _THREE]) << np.uint64(24)
    word |= np.uint64(text[at + _FOUR]) << np.uint64(32)
    word |= np.uint64(text[at + _FIVE]) << np.uint64(40)
    word |= np.uint64(text[at + _SIX]) << np.uint64(48)
    return word | np.uint64(text[at + _SEVEN]) << np.uint64(56)


def _in_each_byte(value: int) -> int:
    return value * 0x0101010101010101


# Columns of the table of layouts. A decimal's bytes are shifted up until its last one is on top.
_PATTERN, _SHIFT, _LIMIT, _WHOLE, _LENGTH, _SCALE = range(6)
_COLUMNS = 8


def _layout(odd: int) -> tuple[list[int], int]:
    """Row of the table for a word whose bytes of the bits ``odd`` are no digits, and decimals."""
    odds = [place for place in range(8) if odd >> place & 1]
    # Two odd bytes in a row are the quote and what follows it. A dot has a digit on each side.
    length = next((i for i in range(1, 8) if i in odds and (i == 7 or i + 1 in odds)), 8)
    dot = next((i for i in range(1, length - 1) if i in odds), None)
    shift = 64 - 8 * length
    row = [0] * _COLUMNS
    row[_PATTERN], row[_SHIFT], row[_LIMIT] = _in_each_byte(_ZERO), shift, _in_each_byte(0x7F - 9)
    row[_LENGTH], row[_SCALE] = length, 10 ** (length - (dot is not None))
    if dot is None:
        return row, 0
    row[_PATTERN] ^= (_DOT ^ _ZERO) << 8 * dot
    row[_LIMIT] |= 0x7F << 8 * dot + shift
    row[_WHOLE] = ((1 << 8 * dot) - 1) << shift
    return row, length - dot - 1


class Tables(NamedTuple):
    """How to take decimals of each layout apart, as kernels take it.

    They take it as an argument: the address of a global array would be loaded at each use.
    """

    layouts: NDArray[np.uint64]  # (256 * 8,) a row a layout, in the columns above
    powers: NDArray[np.float64]  # (256,) 10 to the number of its decimals


def _make_tables() -> Tables:
    rows, decimals = zip(*map(_layout, range(256)), strict=True)
    return Tables(np.array(rows, np.uint64).ravel(), 10.0 ** np.array(decimals))


TABLES = _make_tables()

_COLUMN_BITS = np.uint64(3)
_PATTERN_AT, _SHIFT_AT, _LIMIT_AT, _WHOLE_AT, _LENGTH_AT, _SCALE_AT = map(np.uint64, range(6))
_ZEROS, _ABOVE_NINE, _TOP_BITS = (np.uint64(_in_each_byte(x)) for x in (_ZERO, 0x7F - 9, 0x80))
_LAST_TOP_BIT = np.uint64(1 << 63)
_GATHER = np.uint64(0x0002040810204081)  # brings the top bits of eight bytes together, on top
_TO_PAIRS, _TO_FOURS, _TO_EIGHT = (np.uint64(x) for x in (0xA01, 0x640001, 0x271000000001))
_PAIRS, _FOURS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
_BYTE, _HALF, _WORD, _TO_LOWEST = (np.uint64(bits) for bits in (8, 16, 32, 56))


@inlined_kernel
def odd_bytes(word):
    """The top bit of each byte that is no digit; bytes above one of 0x80 or more may be wrong."""
    digits = word ^ _ZEROS
    return ((digits + _ABOVE_NINE) | digits) & _TOP_BITS


@inlined_kernel
def layout_of(odd):
    """Number of the layout that a word has, if it starts with a decimal."""
    return (odd * _GATHER) >> _TO_LOWEST


@inlined_kernel
def length_of(odd):
    """Length of that decimal: faster than by its layout, and the next one's start waits for it."""
    ends = odd & ((odd >> _BYTE) | _LAST_TOP_BIT)
    return np.uint64(trailing_zeros(ends)) >> _THREE


@inlined_kernel
def layout_length(layout, layouts):
    """Length of the decimals of a layout, at most 8."""
    return layouts[(layout << _COLUMN_BITS) + _LENGTH_AT]


@inlined_kernel
def layout_scale(layout, layouts):
    """10 to the number of digits of a layout: the worth of a digit before them."""
    return layouts[(layout << _COLUMN_BITS) + _SCALE_AT]


@inlined_kernel
def read_digits(word, layout, layouts):
    """The word as a decimal of that layout: (its digits as an integer, not 0 if it is not one)."""
    row = layout << _COLUMN_BITS
    digits = (word ^ layouts[row + _PATTERN_AT]) << layouts[row + _SHIFT_AT]
    # Every digit is 0 to 9 now, and the dot 0; any other byte, plus its limit, reaches 0x80.
    wrong = ((digits + layouts[row + _LIMIT_AT]) | digits) & _TOP_BITS
    # The digits before the dot move up by one byte, over the dot.
    whole = digits & layouts[row + _WHOLE_AT]
    digits += (whole << _BYTE) - whole
    # Neighbours are joined: eight digits to four pairs, two fours, one number.
    digits = (digits * _TO_PAIRS) >> _BYTE
    digits = ((digits & _PAIRS) * _TO_FOURS) >> _HALF
    return ((digits & _FOURS) * _TO_EIGHT) >> _WORD, wrong
