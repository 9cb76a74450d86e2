"""``LineForm``: the constant text of a stream's lines, and the values between it.

A venue writes all lines of a stream alike. So the compiled scanner learns their form from a line
that the JSON library has read: from then on it compares the constant text (keys, symbol, topic) and
reads only the values. It keeps that line, without its levels, as the stream's *example*.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Meaning of a value between two pieces of constant text.
TYPE, TIME, UPDATE_ID, OTHER_INTEGER, BIDS, ASKS = range(6)

_LEVEL = rb'\["[0-9.]+","[0-9.]+"\]'
_INTEGER = rb"(?:0|[1-9][0-9]*)"
_LEVELS = rb"\[(?:%b(?:,%b)*)?\]" % (_LEVEL, _LEVEL)
_VALUES = {
    b"type": (TYPE, rb'"(?:snapshot|delta)"'),
    b"ts": (TIME, _INTEGER),
    b"u": (UPDATE_ID, _INTEGER),
    b"seq": (OTHER_INTEGER, _INTEGER),
    b"cts": (OTHER_INTEGER, _INTEGER),
    b"b": (BIDS, _LEVELS),
    b"a": (ASKS, _LEVELS),
}
_KEY = re.compile(rb'"(%b)":' % b"|".join(_VALUES))
_VALUE = {key: (slot, re.compile(value)) for key, (slot, value) in _VALUES.items()}
_NEEDED = {TYPE, TIME, BIDS, ASKS}

# Escapes could hide a key, white space a duplicate key.
_UNPLAIN = re.compile(rb"[\\\s]")


class LineForm(NamedTuple):
    """``k`` values and the ``k + 1`` pieces of text around them, for the scanner."""

    slots: NDArray[np.int64]  # (k,) meaning of each value: TYPE, TIME, ...
    pieces: NDArray[np.uint8]  # all pieces, concatenated
    piece_start: NDArray[np.int64]  # (k + 2,)
    asks_first: bool  # asks are listed before bids
    has_update_id: bool


# It has no values, so no line matches.
UNKNOWN_FORM = LineForm(
    np.empty(0, np.int64), np.empty(0, np.uint8), np.zeros(2, np.int64), False, False
)


def example_of(line: bytes, has_update_id: bool) -> bytes | None:
    """Return the example for a line of a message; None if the scanner cannot read its form.

    Args:
        line: a line that the JSON library has read as a message.
        has_update_id: whether that message has an update id.
    """
    line = line.rstrip(b"\r\n")
    values = _find_values(line)
    slots = [slot for slot, _, _ in values]
    # JSON reads a duplicate key, or a ``u`` outside ``data``, differently.
    once = len({line[start:end] for _, start, end in _key_spans(line)}) == len(values)
    if not (once and set(slots) >= _NEEDED and (UPDATE_ID in slots) == has_update_id):
        return None
    return _without_levels(line, values)


def _key_spans(line: bytes) -> list[tuple[bytes, int, int]]:
    return [(key[1], *key.span()) for key in _KEY.finditer(line)]


def _find_values(line: bytes) -> list[tuple[int, int, int]]:
    """Return (slot, start, end) of every value; empty if one is not in the venue's form."""
    if _UNPLAIN.search(line):
        return []
    found = []
    for key, _, start in _key_spans(line):
        slot, pattern = _VALUE[key]
        value = pattern.match(line, start)
        if value is None:
            return []
        found.append((slot, start, value.end()))
    return found


def _without_levels(line: bytes, values: list[tuple[int, int, int]]) -> bytes:
    for slot, start, end in reversed(values):
        if slot in (BIDS, ASKS):
            line = line[:start] + b"[]" + line[end:]
    return line


@lru_cache(maxsize=64)
def form_of(example: bytes | None) -> LineForm:
    """Return the form of an example; without one, a form that no line matches."""
    if example is None:
        return UNKNOWN_FORM
    values = _find_values(example)
    edges = [0, *(edge for _, start, end in values for edge in (start, end)), len(example)]
    pieces = [example[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    slots = [slot for slot, _, _ in values]
    return LineForm(
        np.array(slots, np.int64),
        np.frombuffer(b"".join(pieces), np.uint8),
        np.cumsum([0, *map(len, pieces)], dtype=np.int64),
        asks_first=slots.index(ASKS) < slots.index(BIDS),
        has_update_id=UPDATE_ID in slots,
    )
