"""How long a window is: as many whole bars as keep its arrays within the memory budget.

A member tells its size but not the time it covers, so the first window is short and each later one
is sized by the text that the one before it held. Where windows end never shows in the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from orderbook.calendar import DAY_MS, HOUR_MS, Window, day_start_ms
from orderbook.sampling import SampleRule
from storage.streams import Stream

BUDGET_BYTES = 192 << 20
FIRST_MS = HOUR_MS // 4
LONGEST_MS = 6 * HOUR_MS
_MOST_GROWTH = 4  # a quiet quarter of an hour tells little about the six that follow
_BURST = 2  # how much denser than the window before a window may be
_ARRAY_BYTES_PER_TEXT_BYTE = 1.0  # a level takes 16 to 22 bytes of text and 16 of arrays


@dataclass(frozen=True)
class WindowPlan:
    """Where one stream's windows end."""

    bar_interval_ms: int
    fixed_ms: int | None  # etl.window, where it is a duration
    sample_bytes_per_ms: float

    def first(self, stream: Stream) -> Window:
        """The window that holds the stream's first message; before it there is nothing."""
        d0 = day_start_ms(stream.day)
        length = self.fixed_ms or self._whole_bars(FIRST_MS)
        first_ms = d0 if stream.first_ms is None else stream.first_ms
        offset = max(0, min(first_ms - d0, DAY_MS - 1))
        start = d0 + offset // length * length
        return Window(d0, start, min(start + length, d0 + DAY_MS))

    def after(self, window: Window, text_bytes: int) -> Window:
        """The next window, after one that held so much text."""
        length = self.fixed_ms or self._fitting_ms(window, text_bytes)
        return Window(window.day_ms, window.end_ms, min(window.end_ms + length, window.day_end_ms))

    def _fitting_ms(self, window: Window, text_bytes: int) -> int:
        span = window.end_ms - window.start_ms
        text_per_ms = _BURST * _ARRAY_BYTES_PER_TEXT_BYTE * text_bytes / span
        fitting = BUDGET_BYTES / (self.sample_bytes_per_ms + text_per_ms)
        return self._whole_bars(min(fitting, LONGEST_MS, _MOST_GROWTH * span))

    def _whole_bars(self, length_ms: float) -> int:
        return max(1, int(length_ms // self.bar_interval_ms)) * self.bar_interval_ms


def plan_windows(rule: SampleRule, bar_interval_ms: int, fixed_ms: int | None) -> WindowPlan:
    """The plan for a stream that is sampled by ``rule``."""
    book_bytes = 4 * 8 * rule.depth
    cut_bytes = 4 * 8 * rule.levels if rule.levels < rule.depth else 0
    return WindowPlan(bar_interval_ms, fixed_ms, (book_bytes + cut_bytes) / rule.interval_ms)
