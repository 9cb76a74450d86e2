"""Read decimals in text, eight bytes at a time or byte by byte, to the same value.

A word of eight bytes holds the start of a decimal, its first byte lowest. The positions of the
bytes that are not digits give the dot and the end of the decimal: this *pattern* selects a table
row, which tells how to extract the digits. A pattern is a guess, perhaps from an earlier decimal:
``read_digits`` tests every byte against it. So no step branches on the length of a decimal, which a
processor cannot predict.
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
    """Return the value of a digit; more than 9 for any other byte."""
    return np.uint64(text[at]) - np.uint64(_ZERO)


@kernel
def read_decimal(text, at):
    """Read a decimal and its closing quote: (nearest float64, position after it or FAIL)."""
    # More digits than 64 bits hold overflow; the digit count refuses them.
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
    """Read a decimal without a quote; the caller tests the byte after it."""
    # A copy of the code: shared with ``read_decimal`` it makes Bybit's scanner 5 % slower.
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
    """Load eight bytes of text, the first one lowest on any machine, in one instruction."""
    word = np.uint64(text[at]) | np.uint64(text[at + _ONE]) << np.uint64(8)
    word |= np.uint64(text[at + _TWO]) << np.uint64(16)
    word |= np.uint64(text[at + _THREE]) << np.uint64(24)
    word |= np.uint64(text[at + _FOUR]) << np.uint64(32)
    word |= np.uint64(text[at + _FIVE]) << np.uint64(40)
    word |= np.uint64(text[at + _SIX]) << np.uint64(48)
    return word | np.uint64(text[at + _SEVEN]) << np.uint64(56)


def _in_each_byte(value: int) -> int:
    return value * 0x0101010101010101


# Columns of the pattern table. A decimal's bytes are shifted up until its last one is highest.
_TEXT_XOR, _SHIFT, _LIMIT, _WHOLE, _LENGTH, _SCALE = range(6)
_COLUMNS = 8


def _pattern_row(odd: int) -> tuple[list[int], int]:
    """Return the row for a word whose bytes at the bits ``odd`` are no digits, and its decimals."""
    odds = [place for place in range(8) if odd >> place & 1]
    # Two adjacent odd bytes are the quote and the next byte. A dot has a digit on each side.
    length = next((i for i in range(1, 8) if i in odds and (i == 7 or i + 1 in odds)), 8)
    dot = next((i for i in range(1, length - 1) if i in odds), None)
    shift = 64 - 8 * length
    row = [0] * _COLUMNS
    row[_TEXT_XOR], row[_SHIFT], row[_LIMIT] = _in_each_byte(_ZERO), shift, _in_each_byte(0x7F - 9)
    row[_LENGTH], row[_SCALE] = length, 10 ** (length - (dot is not None))
    if dot is None:
        return row, 0
    row[_TEXT_XOR] ^= (_DOT ^ _ZERO) << 8 * dot
    row[_LIMIT] |= 0x7F << 8 * dot + shift
    row[_WHOLE] = ((1 << 8 * dot) - 1) << shift
    return row, length - dot - 1


class Tables(NamedTuple):
    """Extraction of digits by pattern. Kernels take it as an argument, faster than a global."""

    patterns: NDArray[np.uint64]  # (256 * 8,) a row per pattern, in the columns above
    powers: NDArray[np.float64]  # (256,) 10 ** decimals


def _make_tables() -> Tables:
    rows, decimals = zip(*map(_pattern_row, range(256)), strict=True)
    return Tables(np.array(rows, np.uint64).ravel(), 10.0 ** np.array(decimals))


TABLES = _make_tables()

_COLUMN_BITS = np.uint64(3)
_TEXT_XOR_AT, _SHIFT_AT, _LIMIT_AT, _WHOLE_AT, _LENGTH_AT, _SCALE_AT = map(np.uint64, range(6))
_ZEROS, _ABOVE_NINE, _TOP_BITS = (np.uint64(_in_each_byte(x)) for x in (_ZERO, 0x7F - 9, 0x80))
_LAST_TOP_BIT = np.uint64(1 << 63)
_GATHER = np.uint64(0x0002040810204081)  # gathers the top bits of eight bytes in the top byte
_TO_PAIRS, _TO_FOURS, _TO_EIGHT = (np.uint64(x) for x in (0xA01, 0x640001, 0x271000000001))
_PAIRS, _FOURS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
_BYTE, _HALF, _WORD, _TO_LOWEST = (np.uint64(bits) for bits in (8, 16, 32, 56))


@inlined_kernel
def odd_bytes(word):
    """Set the top bit of each byte that is no digit; not exact above a byte of 0x80 or more."""
    digits = word ^ _ZEROS
    return ((digits + _ABOVE_NINE) | digits) & _TOP_BITS


@inlined_kernel
def pattern_of(odd):
    """Return the pattern of a word, if it starts with a decimal."""
    return (odd * _GATHER) >> _TO_LOWEST


@inlined_kernel
def length_of(odd):
    """Return the decimal's length, without the table: the next decimal's start depends on it."""
    ends = odd & ((odd >> _BYTE) | _LAST_TOP_BIT)
    return np.uint64(trailing_zeros(ends)) >> _THREE


@inlined_kernel
def pattern_length(pattern, patterns):
    """Return the length of a pattern's decimals, at most 8."""
    return patterns[(pattern << _COLUMN_BITS) + _LENGTH_AT]


@inlined_kernel
def pattern_scale(pattern, patterns):
    """Return 10 ** digits of a pattern: the value of a digit before them."""
    return patterns[(pattern << _COLUMN_BITS) + _SCALE_AT]


@inlined_kernel
def read_digits(word, pattern, patterns):
    """Read a word by a pattern: (digits as an integer, 0 if the word matches the pattern)."""
    row = pattern << _COLUMN_BITS
    digits = (word ^ patterns[row + _TEXT_XOR_AT]) << patterns[row + _SHIFT_AT]
    # Digits are now 0 to 9, the dot 0; any other byte plus its limit reaches 0x80.
    wrong = ((digits + patterns[row + _LIMIT_AT]) | digits) & _TOP_BITS
    # The digits before the dot move up by one byte, over the dot.
    whole = digits & patterns[row + _WHOLE_AT]
    digits += (whole << _BYTE) - whole
    # Join neighbours: eight digits to four pairs, two fours, one number.
    digits = (digits * _TO_PAIRS) >> _BYTE
    digits = ((digits & _PAIRS) * _TO_FOURS) >> _HALF
    return ((digits & _FOURS) * _TO_EIGHT) >> _WORD, wrong
