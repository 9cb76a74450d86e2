"""The compiled scanner of Bybit lines: bytes → columns, in one pass, without reading past a line.

It knows only lines in the venue's own form: no white space, no escapes, no unknown key, plain
integers, decimals of at most 15 digits, ``b`` before ``a``. Any other line it leaves untouched.
Every step tests one byte and stops at a byte it does not expect; each line ends in a line feed,
which it expects nowhere else, so it cannot run over the end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orderbook.kernel import kernel
from orderbook.messages import BLANK, LINES, N_LEVELS, admit_message

ALL_READ, SLOW_LINE, WINDOW_ENDED = 0, 1, 2

_SHORTEST_LEVEL = len('["1","0"]')
_SHORTEST_MESSAGE = len('{"type":"delta","ts":1,"data":{"b":[],"a":[]}}\n')


def most_in(size: int) -> tuple[int, int]:
    """The most messages and levels that ``size`` bytes of lines can hold."""
    return size // _SHORTEST_MESSAGE + 1, size // _SHORTEST_LEVEL + 1


def _ascii(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


_TOPIC = _ascii('"topic":"')
_TYPE = _ascii('"type":"')
_SNAPSHOT = _ascii('snapshot"')
_DELTA = _ascii('delta"')
_TS = _ascii('"ts":')
_CTS = _ascii('"cts":')
_DATA = _ascii('"data":{')
_SYMBOL = _ascii('"s":"')
_BIDS = _ascii('"b":[')
_ASKS = _ascii('"a":[')
_UPDATE_ID = _ascii('"u":')
_SEQ = _ascii('"seq":')

_NL, _CR, _COMMA, _DOT, _QUOTE = 10, 13, 44, 46, 34
_OPEN, _CLOSE, _LIST, _END_LIST, _ZERO = 123, 125, 91, 93, 48
_A, _B, _C, _D, _S, _T, _U, _Y = 97, 98, 99, 100, 115, 116, 117, 121

# m / 10**k is the float64 nearest to the decimal when m < 2**53 and k <= 22 (both exact).
_POWER = 10.0 ** np.arange(16)
_MOST_DIGITS = 15
_MOST_INTEGER_DIGITS = 18

# Which fields of a message have been seen: required ones, and all, to notice a repeated key.
_HAS_TYPE, _HAS_TS, _HAS_DATA, _HAS_TOPIC, _HAS_CTS = 1, 2, 4, 8, 16
_HAS_BIDS, _HAS_ASKS, _HAS_SYMBOL, _HAS_ID, _HAS_SEQ = 32, 64, 128, 256, 512
_REQUIRED = _HAS_TYPE | _HAS_TS | _HAS_DATA | _HAS_BIDS | _HAS_ASKS

# Slots of a message's scratch vector.
_TS_AT, _SNAPSHOT_AT, _ID_AT, _HAS_ID_AT, _BIDS_AT, _END_AT, _SEEN_AT = range(7)

# Unsigned positions: numba wraps signed ones round for negative indexes, which costs a third.
_FAIL = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE = np.uint64(1)


@kernel
def _skip(text, at, literal):
    """Position after ``literal``, or _FAIL."""
    for i in range(len(literal)):
        if text[at] != literal[i]:
            return _FAIL
        at += _ONE
    return at


@kernel
def _read_digits(text, at, value):
    """Digits from ``at`` on appended to ``value``: (value, position of the first other byte)."""
    while True:
        digit = text[at] - np.uint8(_ZERO)
        if digit > 9:
            return value, at
        value = value * 10 + np.int64(digit)
        at += _ONE


@kernel
def _read_integer(text, at):
    """A JSON integer without sign: (value, position after it or _FAIL)."""
    value, after = _read_digits(text, at, np.int64(0))
    count = after - at
    if count == np.uint64(0) or count > np.uint64(_MOST_INTEGER_DIGITS):
        return value, _FAIL
    if count > _ONE and text[at] == _ZERO:
        return value, _FAIL
    return value, after


@kernel
def _read_decimal(text, at):
    """A decimal and its closing quote: (the float64 nearest to it, position after or _FAIL)."""
    start = at
    # More digits than an int64 holds wrap round in here, and are refused by their number.
    mantissa, at = _read_digits(text, at, np.int64(0))
    whole = at - start
    decimals = np.uint64(0)
    if text[at] == _DOT and whole > np.uint64(0):
        start = at + _ONE
        mantissa, at = _read_digits(text, start, mantissa)
        decimals = at - start
        if decimals == np.uint64(0):
            return 0.0, _FAIL
    if text[at] != _QUOTE or whole == np.uint64(0) or whole + decimals > np.uint64(_MOST_DIGITS):
        return 0.0, _FAIL
    return np.float64(mantissa) / _POWER[decimals], at + _ONE


@kernel
def _read_levels(text, at, price, size, level):
    """Levels up to the closing ``]``: (next level's index, position after or _FAIL)."""
    if text[at] == _END_LIST:
        return level, at + _ONE
    while True:
        if text[at] != _LIST or text[at + _ONE] != _QUOTE:
            return level, _FAIL
        value, at = _read_decimal(text, at + _ONE + _ONE)
        if at == _FAIL or value == 0.0 or text[at] != _COMMA or text[at + _ONE] != _QUOTE:
            return level, _FAIL
        price[level] = value
        value, at = _read_decimal(text, at + _ONE + _ONE)
        if at == _FAIL or text[at] != _END_LIST:
            return level, _FAIL
        size[level] = value
        level += 1
        at += _ONE
        if text[at] == _END_LIST:
            return level, at + _ONE
        if text[at] != _COMMA:
            return level, _FAIL
        at += _ONE


@kernel
def _read_name(text, at, name):
    """The stream's known name and its closing quote: position after, or _FAIL."""
    if at == _FAIL or len(name) == 0:
        return _FAIL
    at = _skip(text, at, name)
    return at + _ONE if at != _FAIL and text[at] == _QUOTE else _FAIL


@kernel
def _enter(text, at, key, found, flag):
    """Position of a key's value, or _FAIL; also if the key was there before (the last counts)."""
    if found[_SEEN_AT] & flag:
        return _FAIL
    found[_SEEN_AT] |= flag
    return _skip(text, at, key)


@kernel
def _read_side(text, at, found, price, size):
    """One side's levels up to the closing ``]``: position after, or _FAIL."""
    if at == _FAIL:
        return _FAIL
    found[_END_AT], at = _read_levels(text, at, price, size, found[_END_AT])
    return at


@kernel
def _read_data_member(text, at, found, price, size, symbol):
    """One ``"key":value`` of ``data``: position after, or _FAIL."""
    key = text[at + _ONE] if text[at] == _QUOTE else np.uint8(0)
    if key == _B and not found[_SEEN_AT] & _HAS_ASKS:
        start = found[_END_AT]
        at = _read_side(text, _enter(text, at, _BIDS, found, _HAS_BIDS), found, price, size)
        found[_BIDS_AT] = found[_END_AT] - start
        return at
    if key == _A:
        return _read_side(text, _enter(text, at, _ASKS, found, _HAS_ASKS), found, price, size)
    if key == _U:
        found[_HAS_ID_AT] = 1
        at = _enter(text, at, _UPDATE_ID, found, _HAS_ID)
        found[_ID_AT], at = _read_value(text, at)
        return at
    if key == _S and text[at + _ONE + _ONE] == _QUOTE:
        return _read_name(text, _enter(text, at, _SYMBOL, found, _HAS_SYMBOL), symbol)
    if key == _S:
        return _read_value(text, _enter(text, at, _SEQ, found, _HAS_SEQ))[1]
    return _FAIL


@kernel
def _read_value(text, at):
    """An integer where a key was found: (value, position after it or _FAIL)."""
    if at == _FAIL:
        return np.int64(0), _FAIL
    return _read_integer(text, at)


@kernel
def _read_data(text, at, found, price, size, symbol):
    """The members of ``data`` up to its ``}``: position after, or _FAIL."""
    while at != _FAIL:
        at = _read_data_member(text, at, found, price, size, symbol)
        if at == _FAIL:
            return _FAIL
        if text[at] == _CLOSE:
            return at + _ONE
        at = at + _ONE if text[at] == _COMMA else _FAIL
    return _FAIL


@kernel
def _read_type(text, at, found):
    """The message's type and its closing quote: position after, or _FAIL."""
    if at == _FAIL:
        return _FAIL
    found[_SNAPSHOT_AT] = text[at] == _S
    return _skip(text, at, _SNAPSHOT if text[at] == _S else _DELTA)


@kernel
def _read_member(text, at, found, price, size, topic, symbol):
    """One ``"key":value`` of the outer object: position after, or _FAIL."""
    key = text[at + _ONE] if text[at] == _QUOTE else np.uint8(0)
    if key == _D:
        after = _enter(text, at, _DATA, found, _HAS_DATA)
        return _read_data(text, after, found, price, size, symbol)
    if key == _C:
        return _read_value(text, _enter(text, at, _CTS, found, _HAS_CTS))[1]
    if key != _T:
        return _FAIL
    if text[at + _ONE + _ONE] == _Y:
        return _read_type(text, _enter(text, at, _TYPE, found, _HAS_TYPE), found)
    if text[at + _ONE + _ONE] == _S:
        found[_TS_AT], at = _read_value(text, _enter(text, at, _TS, found, _HAS_TS))
        return at
    return _read_name(text, _enter(text, at, _TOPIC, found, _HAS_TOPIC), topic)


@kernel
def _read_line(text, at, found, price, size, topic, symbol):
    """One line with its line end: position after, or _FAIL if it is not in the venue's form."""
    if text[at] != _OPEN:
        return _FAIL
    at += _ONE
    while True:
        at = _read_member(text, at, found, price, size, topic, symbol)
        if at == _FAIL:
            return _FAIL
        if text[at] == _CLOSE:
            break
        if text[at] != _COMMA:
            return _FAIL
        at += _ONE
    at += _ONE
    if text[at] == _CR:
        at += _ONE
    if text[at] != _NL or found[_SEEN_AT] & _REQUIRED != _REQUIRED:
        return _FAIL
    return at + _ONE


@kernel
def _skip_blank(text, at):
    """Position after a blank line, or _FAIL if the line is not blank."""
    while text[at] == 32 or text[at] == 9 or text[at] == _CR:
        at += _ONE
    return at + _ONE if text[at] == _NL else _FAIL


@kernel
def line_end(text, position):
    """Position after the line that starts at ``position``."""
    at = np.uint64(position)
    while text[at] != _NL:
        at += _ONE
    return np.int64(at + _ONE)


@kernel
def scan(
    text, position, state, times, update_ids, has_ids, snapshots, bid_counts, starts,
    price, size, topic, symbol,
):  # fmt: skip
    """Read lines from ``position`` on into the columns, until the lines or the window end.

    Args:
        text: (bytes,) uint8, whole lines, the last byte a line feed.
        position: where a line starts.
        state: the builder's state vector; columns have room for ``most_in(len(text))`` more.
        topic, symbol: the stream's names in bytes; empty while not known.

    Returns:
        (position of the first line not read, ALL_READ | SLOW_LINE | WINDOW_ENDED)
    """
    at = np.uint64(position)
    end = np.uint64(len(text))
    found = np.zeros(7, np.int64)
    while at < end:
        found[:] = 0
        found[_END_AT] = state[N_LEVELS]
        after = _read_line(text, at, found, price, size, topic, symbol)
        if after == _FAIL:
            after = _skip_blank(text, at)
            if after == _FAIL:
                return np.int64(at), SLOW_LINE
            state[BLANK] += 1
        elif not admit_message(
            state, times, update_ids, has_ids, snapshots, bid_counts, starts,
            found[_TS_AT], found[_ID_AT], found[_HAS_ID_AT] != 0, found[_SNAPSHOT_AT] != 0,
            found[_BIDS_AT], found[_END_AT],
        ):  # fmt: skip
            return np.int64(at), WINDOW_ENDED
        state[LINES] += 1
        at = after
    return np.int64(at), ALL_READ
