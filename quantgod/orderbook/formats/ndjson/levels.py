"""Read the levels of one side of a Bybit line: ``[["65114.40","6.054"],...]`` → prices and sizes.

Levels in the venue's usual form are read in words of eight bytes. All others, and those near the
end of the text, are read byte by byte: this code defines a level, and gives the same numbers.
"""

from __future__ import annotations

import numpy as np

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.formats import decimals
from quantgod.orderbook.formats.decimals import FAIL, digit, length_of, load_word, odd_bytes

_COMMA, _DOT, _QUOTE, _LIST, _END_LIST = 44, 46, 34, 91, 93
_NONE, _ONE, _TWO, _NINE = (np.uint64(value) for value in (0, 1, 2, 9))

_THREE_BYTES, _FIVE_BYTES = np.uint64(0xFFFFFF), np.uint64(0xFFFFFFFFFF)
_BETWEEN, _LAST, _NEXT = (
    np.uint64(int.from_bytes(b, "little")) for b in (b'","', b'"]]', b'"],["')
)
_AFTER_BETWEEN = _AFTER_LAST = np.uint64(3)
_AFTER_NEXT = np.uint64(5)

# From a price on: a digit, 8 bytes, 3 between, 8 bytes, and a word that starts with the end.
_MOST_BYTES = np.uint64(1 + 8 + 3 + 8 + 8)


@inlined_kernel
def _price_pattern(text, at):
    """Find a price's pattern: (digits before its word: 0 or 1, the word's pattern)."""
    odd = odd_bytes(load_word(text, at))
    if text[at + length_of(odd)] == _QUOTE:
        return _NONE, decimals.pattern_of(odd)
    return _ONE, decimals.pattern_of(odd_bytes(load_word(text, at + _ONE)))


@inlined_kernel
def _read_price(text, at, before, pattern, patterns):
    """Read a price by a pattern: (digits as an integer, position of its quote, 0 if it matches)."""
    mantissa, wrong = decimals.read_digits(load_word(text, at + before), pattern, patterns)
    end = at + before + decimals.pattern_length(pattern, patterns)
    wrong |= (load_word(text, end) ^ _BETWEEN) & _THREE_BYTES
    if before != _NONE:
        first = digit(text, at)
        if first > _NINE:
            wrong = FAIL
        mantissa += first * decimals.pattern_scale(pattern, patterns)
    return mantissa, end, wrong


@kernel
def _read_level(text, at, price, size, level):
    """Read a level byte by byte, from its price on: (position after ``]`` or FAIL, price's length).

    The length is one more if the price's second byte is a dot: no digit can precede its word then.
    """
    start = at
    value, at = decimals.read_decimal(text, at)
    if at == FAIL or value == 0.0 or text[at] != _COMMA or text[at + _ONE] != _QUOTE:
        return FAIL, _NONE
    length = at - start - _ONE + np.uint64(text[start + _ONE] == _DOT)
    price[level] = value
    value, at = decimals.read_decimal(text, at + _TWO)
    if at == FAIL or text[at] != _END_LIST:
        return FAIL, _NONE
    size[level] = value
    return at + _ONE, length


@inlined_kernel
def _read_by_words(text, at, price, size, level, before, usual, tables):
    """Read levels from a price on, as long as they have the usual form.

    Returns:
        (position of the first price not read, or after the list; next level's index; digits before
        the last price's word, its pattern; whether the list has ended)
    """
    patterns, powers, text_end = tables.patterns, tables.powers, np.uint64(len(text))
    while at + _MOST_BYTES <= text_end:
        # Equal patterns let the processor read ahead before this price is known.
        mantissa, end, wrong = _read_price(text, at, before, usual, patterns)
        if wrong != _NONE:
            before, usual = _price_pattern(text, at)
            mantissa, end, wrong = _read_price(text, at, before, usual, patterns)
        word = load_word(text, end + _AFTER_BETWEEN)
        odd = odd_bytes(word)
        pattern = decimals.pattern_of(odd)
        amount, not_size = decimals.read_digits(word, pattern, patterns)
        end += _AFTER_BETWEEN + length_of(odd)
        tail = load_word(text, end)
        if wrong | not_size != _NONE or mantissa == _NONE:
            break
        price[level] = np.float64(np.int64(mantissa)) / powers[usual]
        size[level] = np.float64(np.int64(amount)) / powers[pattern]
        if (tail ^ _NEXT) & _FIVE_BYTES != _NONE:
            if (tail ^ _LAST) & _THREE_BYTES == _NONE:
                return end + _AFTER_LAST, level + _ONE, before, usual, True
            break
        level += _ONE
        at = end + _AFTER_NEXT
    return at, level, before, usual, False


@kernel
def read_levels(text, at, price, size, level, tables):
    """Read levels from ``[`` to ``]``: (next level's index, position after it or FAIL).

    Args:
        tables: ``decimals.TABLES``.
    """
    if text[at] != _LIST:
        return level, FAIL
    at += _ONE
    if text[at] == _END_LIST:
        return level, at + _ONE
    before, usual, short = _NONE, _NONE, True
    while True:
        if text[at] != _LIST or text[at + _ONE] != _QUOTE:
            return level, FAIL
        at += _TWO
        if short:
            at, level, before, usual, ended = _read_by_words(
                text, at, price, size, level, before, usual, tables
            )
            if ended:
                return level, at
        at, length = _read_level(text, at, price, size, level)
        if at == FAIL:
            return level, FAIL
        # Do not try words again for a side with longer prices.
        short = length <= decimals.MOST_IN_WORD + _ONE
        level += _ONE
        if text[at] == _END_LIST:
            return level, at + _ONE
        if text[at] != _COMMA:
            return level, FAIL
        at += _ONE
