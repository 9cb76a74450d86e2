"""The compiled scanner of Bybit lines: bytes → columns, in one pass, without reading past a line.

It knows lines of one form only (``bybit_form.py``): text that is equal to the byte, between it
plain integers, and decimals of at most 15 digits. Any other line it leaves untouched. Every step
tests one byte and stops at a byte it does not expect; each line ends in a line feed, which it
expects nowhere else, so it cannot run over the end. Steps of more bytes look first whether the text
is that long.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.formats.decimals import FAIL, LAYOUT_POWER, LAYOUTS
from quantgod.orderbook.formats.ndjson.levels import read_levels
from quantgod.orderbook.formats.ndjson.line_form import ASKS, BIDS, TIME, TYPE, UPDATE_ID
from quantgod.orderbook.formats.tokens import read_integer, read_line_end, skip_blank, skip_piece
from quantgod.orderbook.messages import BLANK, LINES, N_LEVELS, admit_message

ALL_READ, SLOW_LINE, WINDOW_ENDED = 0, 1, 2

_SHORTEST_LEVEL = len('["1","0"]')
_SHORTEST_MESSAGE = len('{"type":"delta","ts":1,"data":{"b":[],"a":[]}}\n')


def most_in(size: int) -> tuple[int, int]:
    """The most messages and levels that ``size`` bytes of lines can hold."""
    return size // _SHORTEST_MESSAGE + 1, size // _SHORTEST_LEVEL + 1


_QUOTE, _S = 34, 115
_SNAPSHOT = np.frombuffer(b'"snapshot"', np.uint8)
_DELTA = np.frombuffer(b'"delta"', np.uint8)

_ONE = np.uint64(1)


@inlined_kernel
def _read_type(text, at):
    """``"snapshot"`` or ``"delta"``: (is it a snapshot, position after it or FAIL)."""
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
    """Let two neighbouring blocks of levels change places, each in its order."""
    _reverse(values, start, middle)
    _reverse(values, middle, end)
    _reverse(values, start, end)


@inlined_kernel
def _read_line(text, at, slots, pieces, piece_start, price, size, level, layouts, powers):
    """One line of the form.

    Returns:
        (position after it or FAIL, time, update id, is it a snapshot, index after the levels of
        the side listed first, index after those of both)
    """
    ts = update_id = np.int64(0)
    is_snapshot, middle, end = False, level, level
    at = skip_piece(text, at, pieces, piece_start[0], piece_start[1]) if len(slots) > 0 else FAIL
    for k in range(len(slots)):
        if at == FAIL:
            break
        if slots[k] == BIDS or slots[k] == ASKS:
            middle = end
            end, at = read_levels(text, at, price, size, end, layouts, powers)
        elif slots[k] == TYPE:
            is_snapshot, at = _read_type(text, at)
        else:
            value, at = read_integer(text, at)
            if slots[k] == TIME:
                ts = value
            elif slots[k] == UPDATE_ID:
                update_id = value
        if at != FAIL:
            at = skip_piece(text, at, pieces, piece_start[k + 1], piece_start[k + 2])
    if at != FAIL:
        at = read_line_end(text, at)
    return at, ts, update_id, is_snapshot, middle, end


@kernel
def _scan(
    text, position, state, times, update_ids, first_ids, has_ids, snapshots, bid_counts, starts,
    price, size, slots, pieces, piece_start, asks_first, has_id, layouts, powers,
):  # fmt: skip
    """Read lines from ``position`` on into the columns, until the lines or the window end.

    Args:
        text: (bytes,) uint8, whole lines, the last byte a line feed.
        position: where a line starts.
        state: the builder's state vector; columns have room for ``most_in(len(text))`` more.
        slots, pieces, piece_start, asks_first, has_id: the form of the lines, a ``LineForm``.
        layouts, powers: ``decimals.LAYOUTS`` and ``decimals.LAYOUT_POWER``.

    Returns:
        (position of the first line not read, ALL_READ | SLOW_LINE | WINDOW_ENDED)
    """
    at, text_end = np.uint64(position), np.uint64(len(text))
    while at < text_end:
        level = np.uint64(state[N_LEVELS])
        after, ts, update_id, is_snapshot, middle, end = _read_line(
            text, at, slots, pieces, piece_start, price, size, level, layouts, powers
        )  # fmt: skip
        if after == FAIL:
            after = skip_blank(text, at)
            if after == FAIL:
                return np.int64(at), SLOW_LINE
            state[BLANK] += 1
        else:
            bids = end - middle if asks_first else middle - level
            if asks_first:
                _exchange(price, level, middle, end)
                _exchange(size, level, middle, end)
            if not admit_message(
                state, times, update_ids, first_ids, has_ids, snapshots, bid_counts, starts,
                ts, update_id, update_id, has_id, is_snapshot, np.int64(bids), np.int64(end),
            ):  # fmt: skip
                return np.int64(at), WINDOW_ENDED
        state[LINES] += 1
        at = after
    return np.int64(at), ALL_READ


def scan(*arguments: Any) -> tuple[int, int]:
    """The kernel ``_scan`` with the tables that its last two arguments are."""
    return _scan(*arguments, LAYOUTS, LAYOUT_POWER)
