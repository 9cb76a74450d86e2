"""Compiled scanner of Bybit lines: bytes → columns in one pass.

It reads lines of one form (``line_form.py``): constant text, plain integers, decimals of at most
15 digits. It leaves any other line to the caller. Each step stops at an unexpected byte, and a line
feed is expected only at the end of a line, so no step runs past a line. Steps of several bytes
check the length of the text first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.formats.decimals import FAIL, TABLES
from quantgod.orderbook.formats.ndjson.levels import read_levels
from quantgod.orderbook.formats.ndjson.line_form import ASKS, BIDS, TIME, TYPE, UPDATE_ID, LineForm
from quantgod.orderbook.formats.tokens import read_integer, read_line_end, skip_blank, skip_piece
from quantgod.orderbook.messages import Batch, Header, admit_message

ALL_READ, SLOW_LINE, WINDOW_ENDED = 0, 1, 2

_SHORTEST_LEVEL = len('["1","0"]')
_SHORTEST_MESSAGE = len('{"type":"delta","ts":1,"data":{"b":[],"a":[]}}\n')


def most_in(size: int) -> tuple[int, int]:
    """Return the most messages and levels that ``size`` bytes of lines can hold."""
    return size // _SHORTEST_MESSAGE + 1, size // _SHORTEST_LEVEL + 1


_QUOTE, _S = 34, 115
_SNAPSHOT = np.frombuffer(b'"snapshot"', np.uint8)
_DELTA = np.frombuffer(b'"delta"', np.uint8)

_ONE = np.uint64(1)


@inlined_kernel
def _read_type(text, at):
    """Read ``"snapshot"`` or ``"delta"``: (whether a snapshot, position after it or FAIL)."""
    if text[at] == _QUOTE and text[at + _ONE] == _S:
        return True, skip_piece(text, at, _SNAPSHOT, 0, len(_SNAPSHOT))
    return False, skip_piece(text, at, _DELTA, 0, len(_DELTA))


@inlined_kernel
def _reverse(values, start, end):
    while start + _ONE < end:
        end -= _ONE
        values[start], values[end] = values[end], values[start]
        start += _ONE


@kernel
def _exchange(values, start, middle, end):
    """Swap two adjacent blocks of levels, each in its order."""
    _reverse(values, start, middle)
    _reverse(values, middle, end)
    _reverse(values, start, end)


@inlined_kernel
def _read_line(text, at, form, columns, level, tables):
    """Read one line of the form, its levels to index ``level`` and after.

    Returns:
        (position after it or FAIL, time, update id, whether a snapshot, index after the levels of
        the side listed first, index after those of both)
    """
    slots, pieces, starts = form.slots, form.pieces, form.piece_start
    ts = update_id = np.int64(0)
    is_snapshot, middle, end = False, level, level
    at = skip_piece(text, at, pieces, starts[0], starts[1]) if len(slots) > 0 else FAIL
    for k in range(len(slots)):
        if at == FAIL:
            break
        if slots[k] == BIDS or slots[k] == ASKS:
            middle = end
            end, at = read_levels(text, at, columns.price, columns.size, end, tables)
        elif slots[k] == TYPE:
            is_snapshot, at = _read_type(text, at)
        else:
            value, at = read_integer(text, at)
            if slots[k] == TIME:
                ts = value
            elif slots[k] == UPDATE_ID:
                update_id = value
        if at != FAIL:
            at = skip_piece(text, at, pieces, starts[k + 1], starts[k + 2])
    if at != FAIL:
        at = read_line_end(text, at)
    return at, ts, update_id, is_snapshot, middle, end


@inlined_kernel
def _bids_first(columns, form, start, middle, end):
    """Move a message's bids before its asks; return the number of bids."""
    if not form.asks_first:
        return np.int64(middle - start)
    _exchange(columns.price, start, middle, end)
    _exchange(columns.size, start, middle, end)
    return np.int64(end - middle)


@kernel
def _scan(text, position, batch, form, tables):
    at, text_end = np.uint64(position), np.uint64(len(text))
    columns, state, counts = batch.columns, batch.state[0], batch.counts[0]
    while at < text_end:
        level = np.uint64(state.levels)
        after, ts, update_id, is_snapshot, middle, end = _read_line(
            text, at, form, columns, level, tables
        )
        if after == FAIL:
            after = skip_blank(text, at)
            if after == FAIL:
                return np.int64(at), SLOW_LINE
            state.blank += 1
        else:
            bid_count = _bids_first(columns, form, level, middle, end)
            header = Header(ts, update_id, update_id, form.has_update_id, is_snapshot)
            if not admit_message(batch, header, bid_count, np.int64(end)):
                return np.int64(at), WINDOW_ENDED
            counts.lines += 1
        at = after
    return np.int64(at), ALL_READ


def scan(text: NDArray[np.uint8], position: int, batch: Batch, form: LineForm) -> tuple[int, int]:
    """Scan lines from ``position`` into the columns, to the end of the lines or of the window.

    Args:
        text: (bytes,) whole lines, the last byte a line feed.
        position: start of a line.
        batch: of the builder, with spare capacity for ``most_in(len(text))``.
        form: of the lines.

    Returns:
        (position of the first line not read, ALL_READ | SLOW_LINE | WINDOW_ENDED)
    """
    position, status = _scan(text, position, batch, form, TABLES)
    return position, status
