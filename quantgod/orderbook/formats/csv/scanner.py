"""Compiled scanner of CSV rows: bytes → levels in one pass, never past a line.

It reads rows in the vendors' form: the stream's names, plain integers, literals and decimals, no
quotes. It leaves any other row to the caller. Most rows share their head, the columns before the
side, with the previous row: the scanner compares the head eight bytes at a time and skips it.
"""

from __future__ import annotations

import numpy as np

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.formats.csv.columns import KIND, PREVIOUS_ID, PRICE, SIDE, SIZE
from quantgod.orderbook.formats.csv.groups import take_row
from quantgod.orderbook.formats.decimals import FAIL, load_word, read_number
from quantgod.orderbook.formats.tokens import read_integer, read_line_end, skip_blank, skip_piece

ALL_READ, SLOW_ROW, WINDOW_ENDED = 0, 1, 2

_COMMA, _MINUS = 44, 45
_NONE, _ONE, _EIGHT = (np.uint64(value) for value in (0, 1, 8))


def most_rows(size: int, columns: int) -> int:
    """Return the most rows that ``size`` bytes of lines can hold."""
    return size // (2 * columns) + 1


@inlined_kernel
def _is_same(text, at, other, length):
    """Test whether two ranges of text are equal and have at least eight bytes."""
    if length < _EIGHT or at + length > np.uint64(len(text)):
        return False
    last = length - _EIGHT
    i = _NONE
    while i < last:
        if load_word(text, at + i) != load_word(text, other + i):
            return False
        i += _EIGHT
    return load_word(text, at + last) == load_word(text, other + last)


@inlined_kernel
def _read_literal(text, at, rules, first):
    """Read one of two literals: (0 or 1, position after it or FAIL)."""
    starts = rules.literal_starts
    end = skip_piece(text, at, rules.literals, starts[first], starts[first + 1])
    if end != FAIL:
        return 0, end
    return 1, skip_piece(text, at, rules.literals, starts[first + 1], starts[first + 2])


@inlined_kernel
def _read_signed(text, at):
    """Read an integer with an optional minus: (value, position after it or FAIL)."""
    if text[at] != _MINUS:
        return read_integer(text, at)
    value, at = read_integer(text, at + _ONE)
    return -value, at


@inlined_kernel
def _skip_comma(text, at):
    """Skip a comma."""
    return at + _ONE if text[at] == _COMMA else FAIL


@inlined_kernel
def _read_value(text, at, slot, rules, row):
    """Read a column other than price and size: position after it or FAIL."""
    if slot == KIND:
        row[KIND], at = _read_literal(text, at, rules, 0)
    elif slot == SIDE:
        row[SIDE], at = _read_literal(text, at, rules, 2)
    elif slot == PREVIOUS_ID:
        row[PREVIOUS_ID], at = _read_signed(text, at)
    else:
        row[slot], at = read_integer(text, at)
    return at


@inlined_kernel
def _read_columns(text, at, column, rules, row):
    """Read a row from one of its columns on.

    Returns:
        (price, size, position of its side, position after the row or FAIL)
    """
    price = size = 0.0
    side_at = at
    last = len(rules.slots) - 1
    for k in range(column, last + 1):
        slot = rules.slots[k]
        if slot == PRICE:
            price, at = read_number(text, at)
        elif slot == SIZE:
            size, at = read_number(text, at)
        else:
            if slot == SIDE:
                side_at = at
            at = _read_value(text, at, slot, rules, row)
        if at != FAIL:
            at = _skip_comma(text, at) if k < last else read_line_end(text, at)
        if at == FAIL:
            break
    if price == 0.0:
        at = FAIL
    return price, size, side_at, at


@kernel
def scan(text, position, batch, group, rules, names):
    """Scan rows from ``position`` into messages, to the end of the rows or of the window.

    Args:
        text: (bytes,) uint8, whole lines, the last byte a line feed.
        position: start of a line.
        batch: of the builder, with spare capacity for ``most_rows``.
        group: the open message, with the same capacity.
        rules: of the row format.
        names: start of the stream's rows; empty: read no row.

    Returns:
        (position of the first row not read, ALL_READ | SLOW_ROW | WINDOW_ENDED)
    """
    at, text_end = np.uint64(position), np.uint64(len(text))
    state, counts = batch.state[0], batch.counts[0]
    # Of the previous row. Inline: a separate kernel for this step takes a twelfth of the time more.
    head_at = head_length = _NONE
    while at < text_end:
        if _is_same(text, at, head_at, head_length):
            column, after = rules.side_column, at + head_length
        else:
            column = rules.names
            after = skip_piece(text, at, names, 0, len(names)) if len(names) > 0 else FAIL
        price = size = 0.0
        side_at = after
        if after != FAIL:
            price, size, side_at, after = _read_columns(text, after, column, rules, group.row)
        if after == FAIL:
            after = skip_blank(text, at)
            if after == FAIL:
                return np.int64(at), SLOW_ROW
            head_length = _NONE
            state.blank += 1
        else:
            head_at, head_length = at, side_at - at
            if not take_row(batch, group, rules, price, size):
                return np.int64(at), WINDOW_ENDED
            counts.lines += 1
        at = after
    return np.int64(at), ALL_READ
