"""Windows: whole bars one after the other, as many as the memory budget lets a window hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.orderbook.calendar import DAY_MS, HOUR_MS, Window
from quantgod.orderbook.sampling import SampleRule
from quantgod.storage.archives.archive import find_archives
from quantgod.storage.archives.streams import Stream, read_streams
from quantgod.storage.windows import BUDGET_BYTES, FIRST_MS, LONGEST_MS, WindowPlan, plan_windows
from quantgod.synthetic import MIN_SPAN_MS, StreamSpec, generate_text
from quantgod.synthetic.demo import name_of, write_archive

BAR_MS = 60_000
RULE = SampleRule(1_000, 10_000, True, depth=200, levels=200)
FINE = SampleRule(100, 10_000, True, depth=500, levels=200)  # read as deep as 500, then cut


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    """A stream that starts at midnight."""
    folder = tmp_path_factory.mktemp("archives")
    spec = StreamSpec("BTCUSDT", "linear", 50, start_ms=0, end_ms=2 * MIN_SPAN_MS, seed=1)
    write_archive(folder / f"{name_of(spec)}.zip", name_of(spec), generate_text(spec))
    (archive,) = find_archives(folder, "*.zip")
    (stream,) = read_streams(archive)
    return stream


def of_size(stream: Stream, text_bytes: int) -> Stream:
    """The same stream, if it held so much text."""
    return replace(stream, member=replace(stream.member, size=text_bytes))


def walk(plan: WindowPlan, bytes_per_ms: float) -> Iterator[tuple[Window, float]]:
    """Windows to the end of the day with the text in each, if it lay evenly."""
    window, offset = plan.first(), 0.0
    left = float(plan.stream.member.size)
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
    small: Stream, rule: SampleRule, sample_bytes_per_ms: float, bytes_per_ms: float, share: float
) -> None:
    stream = of_size(small, int(bytes_per_ms * DAY_MS * share) + 1)
    plan = plan_windows(stream, rule, BAR_MS, None)
    end = 0
    for window, held in walk(plan, bytes_per_ms):
        length = window.end_ms - window.start_ms
        assert window.start_ms == end
        assert length % BAR_MS == 0
        assert BAR_MS <= length <= LONGEST_MS
        assert held + length * sample_bytes_per_ms <= BUDGET_BYTES
        end = window.end_ms
    assert end == DAY_MS


def test_a_text_that_fits_is_one_window(small: Stream) -> None:
    """Two busy hours; the window has room for more, in case they are quiet ones."""
    stream = of_size(small, 86 << 20)
    first = plan_windows(stream, RULE, BAR_MS, None).first()
    assert 2 * HOUR_MS < first.end_ms <= LONGEST_MS


def test_a_long_text_begins_with_a_short_window(small: Stream) -> None:
    """Nothing is known yet of the time that it covers."""
    plan = plan_windows(of_size(small, 1 << 30), RULE, BAR_MS, None)
    assert plan.first().end_ms == FIRST_MS


def test_a_fixed_length_stays(small: Stream) -> None:
    plan = plan_windows(small, RULE, BAR_MS, 5 * BAR_MS)
    first = plan.first()
    assert first == Window(0, 0, 5 * BAR_MS)
    assert plan.after(first, 0, 10).end_ms == 10 * BAR_MS
