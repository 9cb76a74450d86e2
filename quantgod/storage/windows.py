"""How long a window is: as many whole bars as keep its arrays within the memory budget.

A member tells its size, if that, but not the time it covers. So the first window is short, and each
later one is sized by the text that the one before it held; a rest that takes half the budget is one
window. Where windows end never shows in the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from quantgod.orderbook.calendar import DAY_MS, HOUR_MS, Window, day_start_ms
from quantgod.orderbook.sampling import SampleRule
from quantgod.storage.archives.streams import Stream

BUDGET_BYTES = 208 << 20
FIRST_MS = HOUR_MS // 4
LONGEST_MS = 6 * HOUR_MS
_MOST_GROWTH = 4  # a quiet quarter of an hour tells little about the six that follow
_BURST = 2  # how much denser than the window before a window may be
_ARRAY_BYTES_PER_TEXT_BYTE = 1.0  # a level takes 16 to 22 bytes of text and 16 of arrays


@dataclass(frozen=True)
class WindowPlan:
    """Where one stream's windows end."""

    stream: Stream
    bar_interval_ms: int
    fixed_ms: int | None  # etl.window, where it is a duration
    sample_bytes_per_ms: float

    def first(self) -> Window:
        """The window that holds the stream's first message; before it there is nothing."""
        d0 = day_start_ms(self.stream.day)
        short = min(FIRST_MS, BUDGET_BYTES / _BURST / self.sample_bytes_per_ms)
        length = self.fixed_ms or self._whole_bars(max(short, self._rest_ms(0)))
        first_ms = d0 if self.stream.first_ms is None else self.stream.first_ms
        offset = max(0, min(first_ms - d0, DAY_MS - 1))
        start = d0 + offset // length * length
        return Window(d0, start, min(start + length, d0 + DAY_MS))

    def after(self, window: Window, began: int, ended: int) -> Window:
        """The next window, after one that held the text between two offsets."""
        length = self.fixed_ms or self._fitting_ms(window, began, ended)
        return Window(window.day_ms, window.end_ms, min(window.end_ms + length, window.day_end_ms))

    def _fitting_ms(self, window: Window, began: int, ended: int) -> int:
        span = window.end_ms - window.start_ms
        text_per_ms = _BURST * _ARRAY_BYTES_PER_TEXT_BYTE * (ended - began) / span
        fitting = BUDGET_BYTES / (self.sample_bytes_per_ms + text_per_ms)
        length = max(min(fitting, LONGEST_MS, _MOST_GROWTH * span), self._rest_ms(ended))
        return self._whole_bars(length)

    def _rest_ms(self, offset: int) -> float:
        """How long a window may be that holds all text from an offset on; 0 if that is too much."""
        size = self.stream.member.size
        if size is None:  # the text may be longer than any guess
            return 0.0
        rest = _ARRAY_BYTES_PER_TEXT_BYTE * (size - offset)
        if rest > BUDGET_BYTES / 2:
            return 0.0
        return min((BUDGET_BYTES - rest) / self.sample_bytes_per_ms, LONGEST_MS)

    def _whole_bars(self, length_ms: float) -> int:
        return max(1, int(length_ms // self.bar_interval_ms)) * self.bar_interval_ms


def plan_windows(
    stream: Stream, rule: SampleRule, bar_interval_ms: int, fixed_ms: int | None
) -> WindowPlan:
    """The plan for a stream that is sampled by ``rule``."""
    book_bytes = 4 * 8 * rule.depth
    cut_bytes = 4 * 8 * rule.levels if rule.levels < rule.depth else 0
    return WindowPlan(
        stream, bar_interval_ms, fixed_ms, (book_bytes + cut_bytes) / rule.interval_ms
    )
