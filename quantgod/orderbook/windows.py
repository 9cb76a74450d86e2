"""Window planning: as many whole bars as keep a window's arrays within the memory budget.

A member may record the size of its text, but not the time it covers. So the first window is short,
and the text of each window sizes the next one. The rest of a text becomes one window once it takes
less than half the budget. Results do not depend on where windows end.
"""

from __future__ import annotations

from dataclasses import dataclass

from quantgod.orderbook.calendar import DAY_MS, HOUR_MS, Window
from quantgod.orderbook.recipe import Recipe, SampleRule

BUDGET_BYTES = 208 << 20
FIRST_MS = HOUR_MS // 4
LONGEST_MS = 6 * HOUR_MS
_MOST_GROWTH = 4  # a quiet quarter of an hour says little about the six hours after it
_BURST = 2  # how much denser a window may be than the one before
_ARRAY_BYTES_PER_TEXT_BYTE = 1.0  # a level takes 16 to 22 bytes of text and 16 of arrays


@dataclass(frozen=True)
class Extent:
    """Size of a stream, as known before it is read."""

    day_ms: int  # d0
    first_ms: int | None  # time of the first message
    text_bytes: int | None  # None: a gzip file does not record it


@dataclass(frozen=True)
class WindowPlan:
    """Where one stream's windows end."""

    extent: Extent
    bar_interval_ms: int
    fixed_ms: int | None  # etl.window, where it is a duration
    sample_bytes_per_ms: float

    def first(self) -> Window:
        """Return the first window, which contains the stream's first message."""
        d0, first_ms = self.extent.day_ms, self.extent.first_ms
        short = min(FIRST_MS, BUDGET_BYTES / _BURST / self.sample_bytes_per_ms)
        length = self.fixed_ms or self._whole_bars(max(short, self._rest_ms(0)))
        offset = max(0, min((d0 if first_ms is None else first_ms) - d0, DAY_MS - 1))
        start = d0 + offset // length * length
        return Window(d0, start, min(start + length, d0 + DAY_MS))

    def after(self, window: Window, began: int, ended: int) -> Window:
        """Return the window after one whose text begins and ends at two offsets."""
        length = self.fixed_ms or self._fitting_ms(window, began, ended)
        return Window(window.day_ms, window.end_ms, min(window.end_ms + length, window.day_end_ms))

    def _fitting_ms(self, window: Window, began: int, ended: int) -> int:
        span = window.end_ms - window.start_ms
        text_per_ms = _BURST * _ARRAY_BYTES_PER_TEXT_BYTE * (ended - began) / span
        fitting = BUDGET_BYTES / (self.sample_bytes_per_ms + text_per_ms)
        length = max(min(fitting, LONGEST_MS, _MOST_GROWTH * span), self._rest_ms(ended))
        return self._whole_bars(length)

    def _rest_ms(self, offset: int) -> float:
        """Length of a window for all text after an offset; 0 if that text takes too much memory."""
        if self.extent.text_bytes is None:
            return 0.0
        rest = _ARRAY_BYTES_PER_TEXT_BYTE * (self.extent.text_bytes - offset)
        if rest > BUDGET_BYTES / 2:
            return 0.0
        return min((BUDGET_BYTES - rest) / self.sample_bytes_per_ms, LONGEST_MS)

    def _whole_bars(self, length_ms: float) -> int:
        return max(1, int(length_ms // self.bar_interval_ms)) * self.bar_interval_ms


def plan_windows(
    extent: Extent, recipe: Recipe, rule: SampleRule, fixed_ms: int | None = None
) -> WindowPlan:
    """Plan the windows of a stream sampled by ``rule``.

    Args:
        extent: of the stream.
        recipe: gives the length of a bar.
        rule: gives the memory that samples take.
        fixed_ms: length of every window, a whole number of bars; None: by the memory budget.
    """
    book_bytes = 4 * 8 * rule.depth
    cut_bytes = 4 * 8 * rule.levels if rule.levels < rule.depth else 0
    sample_bytes_per_ms = (book_bytes + cut_bytes) / rule.interval_ms
    return WindowPlan(extent, recipe.bar_interval_ms, fixed_ms, sample_bytes_per_ms)
