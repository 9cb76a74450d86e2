"""Read and change the time of a single line, with nothing of its dialect but the parser."""

import re

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.calendar import DAY_MS, Window
from quantgod.orderbook.formats.dialect import Dialect
from quantgod.orderbook.messages import Cursor, Parsed

_INTEGER = re.compile(rb"(?<![0-9])[0-9]{1,40}(?![0-9])")
_UNITS_PER_MS = (1, 1_000, 1_000_000)  # a stamp in ms, µs or ns
_EVERYTHING = Window(day_ms=0, start_ms=0, end_ms=DAY_MS)  # a day's last window has no end


def time_of(dialect: Dialect, line: bytes) -> int | None:
    """Time in ms of the message that a line (without its line feed) is or begins; None: neither."""
    parsed = _parse(dialect, line + b"\n")
    return parsed.cursor.latest_ms if parsed.counts.messages else None


def restamp(dialect: Dialect, line: bytes, time_ms: int) -> bytes | None:
    """Change the digits of a line's time, and nothing else of it.

    A line may hold several times, such as the venue's and the recorder's. The one that counts is
    the one whose change moves the time that the parser reads.

    Returns:
        The line with that time; None if it is no message, or its time is not written in digits.
    """
    before = time_of(dialect, line)
    for integer in _INTEGER.finditer(line):
        for units in _UNITS_PER_MS:
            if int(integer[0]) // units == before:
                digits = b"%d" % (time_ms * units)
                stamped = line[: integer.start()] + digits + line[integer.end() :]
                if time_of(dialect, stamped) == time_ms:
                    return stamped
    return None


def begins_message(dialect: Dialect, past: bytes, line: bytes) -> bool:
    """Whether a line after the lines of ``past`` begins a message, rather than joins the last."""
    before = _parse(dialect, past).counts.messages
    return _parse(dialect, past + line + b"\n").counts.messages == before + 1


class _MidText:
    """Whole lines from the middle of a text, where no header is expected."""

    def __init__(self, lines: bytes) -> None:
        self.offset = 1
        # A bytearray, as kernels are compiled for arrays that may be written to.
        self._lines = np.frombuffer(bytearray(lines), np.uint8)

    def lines(self) -> NDArray[np.uint8]:
        return self._lines

    def advance(self, count: int) -> None:
        self.offset += count
        self._lines = self._lines[count:]


def _parse(dialect: Dialect, lines: bytes) -> Parsed:
    return dialect.parse_window(_MidText(lines), Cursor(offset=1), _EVERYTHING)
