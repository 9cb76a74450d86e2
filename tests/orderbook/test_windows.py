"""Windows: consecutive whole bars, as many as the memory budget allows per window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.orderbook.calendar import DAY_MS, HOUR_MS, Window
from quantgod.orderbook.recipe import Recipe, SampleRule
from quantgod.orderbook.windows import (
    BUDGET_BYTES,
    FIRST_MS,
    LONGEST_MS,
    Extent,
    WindowPlan,
    plan_windows,
)

BAR_MS = 60_000
RECIPE = Recipe(1_000, BAR_MS, 200, 10_000, "drop")
RULE = SampleRule(1_000, 10_000, True, depth=200, levels=200)
FINE = SampleRule(100, 10_000, True, depth=500, levels=200)  # read as deep as 500, then cut


def of_size(text_bytes: int) -> Extent:
    """Return a stream that starts at midnight with the given amount of text."""
    return Extent(0, 0, text_bytes)


def walk(plan: WindowPlan, bytes_per_ms: float) -> Iterator[tuple[Window, float]]:
    """Return the windows to the end of the day with each one's text, if the text were even."""
    window, offset = plan.first(), 0.0
    assert plan.extent.text_bytes is not None
    left = float(plan.extent.text_bytes)
    while True:
        held = min(left, (window.end_ms - window.start_ms) * bytes_per_ms)
        yield window, held
        began, offset, left = offset, offset + held, left - held
        if window.end_ms == window.day_end_ms:
            return
        window = plan.after(window, int(began), int(offset))


@pytest.mark.parametrize(("rule", "sample_bytes_per_ms"), [(RULE, 6.4), (FINE, 224.0)])
@given(bytes_per_ms=st.floats(0.001, 40.0), share=st.floats(0.01, 1.0))
def test_windows_are_whole_bars_within_the_budget(
    rule: SampleRule, sample_bytes_per_ms: float, bytes_per_ms: float, share: float
) -> None:
    plan = plan_windows(of_size(int(bytes_per_ms * DAY_MS * share) + 1), RECIPE, rule)
    end = 0
    for window, held in walk(plan, bytes_per_ms):
        length = window.end_ms - window.start_ms
        assert window.start_ms == end
        assert length % BAR_MS == 0
        assert BAR_MS <= length <= LONGEST_MS
        assert held + length * sample_bytes_per_ms <= BUDGET_BYTES
        end = window.end_ms
    assert end == DAY_MS


def test_a_text_that_fits_is_one_window() -> None:
    """Two busy hours; the window leaves room for more, in case the hours are quiet."""
    first = plan_windows(of_size(86 << 20), RECIPE, RULE).first()
    assert 2 * HOUR_MS < first.end_ms <= LONGEST_MS


def test_a_long_text_begins_with_a_short_window() -> None:
    """The time that it covers is not known yet."""
    plan = plan_windows(of_size(1 << 30), RECIPE, RULE)
    assert plan.first().end_ms == FIRST_MS


def test_a_fixed_length_stays() -> None:
    plan = plan_windows(of_size(1 << 20), RECIPE, RULE, 5 * BAR_MS)
    first = plan.first()
    assert first == Window(0, 0, 5 * BAR_MS)
    assert plan.after(first, 0, 10).end_ms == 10 * BAR_MS
