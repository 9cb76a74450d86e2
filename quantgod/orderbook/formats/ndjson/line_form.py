"""The form that the lines of one stream share: the same text but for a few values.

A venue writes all lines of a stream alike. So a line that the JSON library has read teaches the
compiled scanner: the text between the values (names of keys, symbol, topic) is compared byte by
byte from then on, and only the values are read. The form is learned from an *example*: such a line
without its levels.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# What stands between two pieces of equal text.
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

# Escapes could hide a key, and white space a second one of the same name.
_UNPLAIN = re.compile(rb"[\\\s]")


class LineForm(NamedTuple):
    """``k`` values with ``k + 1`` pieces of text around them, as the scanner takes it."""

    slots: NDArray[np.int64]  # (k,) which value: TYPE, TIME, ...
    pieces: NDArray[np.uint8]  # all pieces, one after the other
    piece_start: NDArray[np.int64]  # (k + 2,)
    asks_first: bool  # asks are listed before bids
    has_update_id: bool


# Without a value: no line has it.
UNKNOWN_FORM = LineForm(
    np.empty(0, np.int64), np.empty(0, np.uint8), np.zeros(2, np.int64), False, False
)


def example_of(line: bytes, has_update_id: bool) -> bytes | None:
    """The example that a message's line gives; None if its form is not one for the scanner.

    Args:
        line: one that the JSON library has read as a message.
        has_update_id: whether that message has an update id.
    """
    line = line.rstrip(b"\r\n")
    values = _find_values(line)
    slots = [slot for slot, _, _ in values]
    # A key that stands twice, or a ``u`` elsewhere than in ``data``, means something else in JSON.
    once = len({line[start:end] for _, start, end in _key_spans(line)}) == len(values)
    if not (once and set(slots) >= _NEEDED and (UPDATE_ID in slots) == has_update_id):
        return None
    return _without_levels(line, values)


def _key_spans(line: bytes) -> list[tuple[bytes, int, int]]:
    return [(key[1], *key.span()) for key in _KEY.finditer(line)]


def _find_values(line: bytes) -> list[tuple[int, int, int]]:
    """(slot, start, end) of every value; empty if one is not in the venue's own form."""
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
    """The form that an example shows; without one, a form that no line has."""
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
