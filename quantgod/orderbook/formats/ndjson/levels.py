"""The levels of one side of a Bybit line: ``[["65114.40","6.054"],...]`` → prices and sizes.

A level that has the venue's usual look is read by words of eight bytes; any other, and any that is
so near the end of the text that a word could reach past it, byte by byte. That decides, and gives
the same numbers.
"""

from __future__ import annotations

import numpy as np

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.formats.decimals import (
    FAIL,
    MOST_IN_WORD,
    digit,
    layout_length,
    layout_of,
    layout_scale,
    length_of,
    load_word,
    odd_bytes,
    read_decimal,
    read_digits,
)

_COMMA, _DOT, _QUOTE, _LIST, _END_LIST = 44, 46, 34, 91, 93
_NONE, _ONE, _TWO, _NINE = (np.uint64(value) for value in (0, 1, 2, 9))

_THREE_BYTES, _FIVE_BYTES = np.uint64(0xFFFFFF), np.uint64(0xFFFFFFFFFF)
_BETWEEN, _LAST, _NEXT = (
    np.uint64(int.from_bytes(b, "little")) for b in (b'","', b'"]]', b'"],["')
)
_AFTER_BETWEEN = _AFTER_LAST = np.uint64(3)
_AFTER_NEXT = np.uint64(5)

# From a price on: a digit, 8 bytes, 3 between, 8 bytes, and a word of which the first bytes end it.
_ROOM = np.uint64(1 + 8 + 3 + 8 + 8)


@inlined_kernel
def _price_layout(text, at):
    """How a price is laid out: (digits before its word: 0 or 1, the word's layout)."""
    odd = odd_bytes(load_word(text, at))
    if text[at + length_of(odd)] == _QUOTE:
        return _NONE, layout_of(odd)
    return _ONE, layout_of(odd_bytes(load_word(text, at + _ONE)))


@inlined_kernel
def _read_price(text, at, before, layout, layouts):
    """A price of a known layout: (digits as an integer, position of its quote, 0 if it is one)."""
    mantissa, wrong = read_digits(load_word(text, at + before), layout, layouts)
    end = at + before + layout_length(layout, layouts)
    wrong |= (load_word(text, end) ^ _BETWEEN) & _THREE_BYTES
    if before != _NONE:
        first = digit(text, at)
        if first > _NINE:
            wrong = FAIL
        mantissa += first * layout_scale(layout, layouts)
    return mantissa, end, wrong


@kernel
def _read_level(text, at, price, size, level):
    """A level from its price on, byte by byte: (position after ``]`` or FAIL, price's length).

    A price counts as one longer if a dot is its second byte: then none can stand before a word.
    """
    start = at
    value, at = read_decimal(text, at)
    if at == FAIL or value == 0.0 or text[at] != _COMMA or text[at + _ONE] != _QUOTE:
        return FAIL, _NONE
    length = at - start - _ONE + np.uint64(text[start + _ONE] == _DOT)
    price[level] = value
    value, at = read_decimal(text, at + _TWO)
    if at == FAIL or text[at] != _END_LIST:
        return FAIL, _NONE
    size[level] = value
    return at + _ONE, length


@inlined_kernel
def _read_by_words(text, at, price, size, level, before, usual, tables):
    """Levels from a price on, as long as they look as usual.

    Returns:
        (position of the first price not read, or after the list; next level's index; digits before
        the last price's word, its layout; whether the list has ended)
    """
    layouts, powers, room_end = tables.layouts, tables.powers, np.uint64(len(text))
    while at + _ROOM <= room_end:
        # That prices are alike lets the processor read on before this one is known.
        mantissa, end, wrong = _read_price(text, at, before, usual, layouts)
        if wrong != _NONE:
            before, usual = _price_layout(text, at)
            mantissa, end, wrong = _read_price(text, at, before, usual, layouts)
        word = load_word(text, end + _AFTER_BETWEEN)
        odd = odd_bytes(word)
        layout = layout_of(odd)
        amount, not_size = read_digits(word, layout, layouts)
        end += _AFTER_BETWEEN + length_of(odd)
        tail = load_word(text, end)
        if wrong | not_size != _NONE or mantissa == _NONE:
            break
        price[level] = np.float64(np.int64(mantissa)) / powers[usual]
        size[level] = np.float64(np.int64(amount)) / powers[layout]
        if (tail ^ _NEXT) & _FIVE_BYTES != _NONE:
            if (tail ^ _LAST) & _THREE_BYTES == _NONE:
                return end + _AFTER_LAST, level + _ONE, before, usual, True
            break
        level += _ONE
        at = end + _AFTER_NEXT
    return at, level, before, usual, False


@kernel
def read_levels(text, at, price, size, level, tables):
    """Levels from ``[`` up to ``]``: (next level's index, position after or FAIL).

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
        # A side whose prices are longer is not tried by words level after level.
        short = length <= MOST_IN_WORD + _ONE
        level += _ONE
        if text[at] == _END_LIST:
            return level, at + _ONE
        if text[at] != _COMMA:
            return level, FAIL
        at += _ONE
