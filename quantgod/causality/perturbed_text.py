"""The text of a perturbed stream, for a parser to read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantgod.causality.perturbation import PAST_BYTES, Perturbation
from quantgod.orderbook.calendar import DAY_MS, Window
from quantgod.orderbook.formats.dialect import Dialect, Text
from quantgod.orderbook.messages import Cursor


def find_instant(dialect: Dialect, text: Text, instant_ms: int) -> int:
    """Offset of the line with the first message with ``ts >= T``; the text's end if none has.

    Args:
        dialect: the dialect of the text.
        text: a stream from its start; read up to that line.
        instant_ms: T.
    """
    # More than an hour before the window's day: messages are passed over, and none is kept.
    past = Window(day_ms=instant_ms + DAY_MS, start_ms=instant_ms, end_ms=instant_ms)
    return dialect.parse_window(text, Cursor(), past).cursor.offset


class PerturbedText:
    """A text that is perturbed from an offset on, as it is read; a ``Text`` itself."""

    def __init__(self, source: Text, perturbed_from: int, perturbation: Perturbation) -> None:
        self.offset = 0  # in the perturbed text
        self._source, self._from, self._perturbation = source, perturbed_from, perturbation
        self._lines = np.empty(0, np.uint8)

    def lines(self) -> NDArray[np.uint8]:
        """Some whole lines ahead; empty at the end."""
        while not len(self._lines) and len(ahead := self._source.lines()):
            untouched = self._from - self._source.offset
            if untouched > 0:
                return ahead[:untouched]
            # A bytearray, as kernels are compiled for arrays that may be written to.
            rewritten = bytearray(self._perturbation.rewrite(ahead.tobytes()))
            self._lines = np.frombuffer(rewritten, np.uint8)
            self._source.advance(len(ahead))
        return self._lines

    def advance(self, count: int) -> None:
        """Drop the first ``count`` bytes of ``lines()``."""
        self.offset += count
        if len(self._lines):
            self._lines = self._lines[count:]
        else:
            passed = self._source.lines()[max(0, count - PAST_BYTES) : count]
            self._perturbation.pass_by(passed.tobytes())
            self._source.advance(count)
