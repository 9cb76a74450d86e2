"""The fast core against the slow, obvious twin, on generated streams of every kind."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantgod.errors import MixedStreamError
from quantgod.orderbook.book.ladder import RUNGS
from quantgod.orderbook.features import LastBar, add_features, times_ms
from quantgod.orderbook.schema import FEATURES, level_names
from tests.support import streams
from tests.support.core import CoreDay, cut_day, rebuild_with_core
from tests.support.streams import D0, D1, DAY, NEXT_DAY, NOON, Case
from tests.support.twin import MixedStream, TwinDay, TwinSettings, dataset, rebuild_day, warmup_rows

EXAMPLES = settings(max_examples=300, deadline=None)

EXACT = ("open", "high", "low", "close", "volume", "max_spread", "sample_count")
WHOLE_COUNTS = frozenset({"slow_lines", "closing_deltas", "closing_snapshots", "level_updates"})


LADDERS = (64, 128, RUNGS)


@st.composite
def cuts(draw: st.DrawFn, bar_ms: int) -> list[int]:
    """Times at which to cut the day into windows: whole bars, near where streams have messages."""
    anchors = st.sampled_from((D0, NOON, D1))
    return [
        draw(anchors) + bar_ms * draw(st.integers(-12, 12)) for _ in range(draw(st.integers(0, 6)))
    ]


def close_enough(found: float, expected: float, scale: float) -> bool:
    """Within 1e-9, relative or on the scale of the numbers that went in."""
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9 * max(1.0, scale))


def assert_same_bars(core: CoreDay, twin: TwinDay, levels: int) -> None:
    assert times_ms(core.bars).tolist() == [bar["datetime"] for bar in twin.bars]
    assert times_ms(core.bars, "available_at").tolist() == [b["available_at"] for b in twin.bars]
    for row, bar in zip(core.bars.to_pylist(), twin.bars, strict=True):
        for name in (*EXACT, "max_staleness_ms"):
            assert row[name] == bar[name], name
        for name in ("volatility", "mean_obi", "mean_deep_obi"):
            assert close_enough(row[name], bar[name], bar["high"]), name
        for level in range(levels):
            for name in level_names(level):
                assert row[name] == bar["levels"][name], name


def assert_same_samples(core: CoreDay, twin: TwinDay) -> None:
    for name, column in (
        ("ts", "time_ms"), ("micro_price", "micro_price"), ("spread", "spread"), ("obi", "obi"),
        ("deep_obi", "deep_obi"), ("staleness_ms", "staleness_ms"),
    ):  # fmt: skip
        found = np.concatenate([getattr(samples, column) for samples in core.samples])
        assert found.tolist() == [sample[name] for sample in twin.samples], name


def assert_same_counts(core: CoreDay, twin: TwinDay) -> None:
    found = asdict(core.counts)
    assert {name: found[name] for name in twin.counts} == twin.counts
    assert set(found) - set(twin.counts) == WHOLE_COUNTS
    assert list(core.unreadable_lines) == twin.unreadable_lines[:10]


@EXAMPLES
@given(st.data(), streams.cases())
def test_core_equals_twin_however_the_stream_is_cut(data: st.DataObject, case: Case) -> None:
    """Bars, samples and counts, for windows and pieces of text of any size."""
    twin = rebuild_day(case.text, DAY, case.settings)
    windows = cut_day(DAY, data.draw(cuts(case.settings.bar_interval_ms)))
    piece = data.draw(st.sampled_from((1, 100, 700, 1 << 20)))
    rungs = data.draw(st.sampled_from(LADDERS))
    core = rebuild_with_core(case.text, windows, case.settings, twin.topic, piece, rungs)
    assert_same_counts(core, twin)
    assert_same_samples(core, twin)
    assert_same_bars(core, twin, case.settings.levels)


@EXAMPLES
@given(st.data(), streams.cases())
def test_bars_are_bit_identical_however_the_stream_is_cut(data: st.DataObject, case: Case) -> None:
    """Windows are a way of working, never part of the result."""
    bar_ms = case.settings.bar_interval_ms
    whole = rebuild_with_core(case.text, cut_day(DAY), case.settings, None)
    windows = cut_day(DAY, data.draw(cuts(bar_ms)))
    rungs = data.draw(st.sampled_from(LADDERS))
    parts = rebuild_with_core(case.text, windows, case.settings, None, piece=300, rungs=rungs)
    assert parts.bars.equals(whole.bars)
    assert parts.counts == whole.counts
    assert parts.cursor == whole.cursor


@settings(max_examples=150, deadline=None)
@given(streams.two_day_texts())
def test_features_equal_the_twin_over_midnight(texts: tuple[bytes, bytes]) -> None:
    """The second day's first return is taken from the first day's last bar."""
    rules = streams.TYPICAL
    days = [rebuild_day(text, day, rules) for text, day in zip(texts, (DAY, NEXT_DAY), strict=True)]
    left_out = warmup_rows(days, rules)
    before: LastBar | None = None
    for text, day, rows, count in zip(
        texts, (DAY, NEXT_DAY), dataset(days, rules), left_out, strict=True
    ):
        core = rebuild_with_core(text, cut_day(day), rules, None)
        featured = add_features(core.bars, rules.bar_interval_ms, rules.levels, before)
        assert featured.warmup_rows == count
        assert_same_features(featured.table.to_pylist(), rows)
        last = core.bars.num_rows - 1
        before = (
            LastBar(int(times_ms(core.bars)[last]), core.bars["close"][last].as_py())
            if last >= 0
            else None
        )


def assert_same_features(found: list[dict[str, float]], expected: list[dict[str, float]]) -> None:
    assert len(found) == len(expected)
    for row, twin in zip(found, expected, strict=True):
        for name in FEATURES:
            assert close_enough(row[name], twin[name], twin["high"]), name


@settings(max_examples=100, deadline=None)
@given(streams.mixed_texts())
def test_another_symbol_or_topic_ends_the_stream(text: bytes) -> None:
    """Both refuse it; the core names the line."""
    with pytest.raises(MixedStream):
        rebuild_day(text, DAY, TwinSettings())
    with pytest.raises(MixedStreamError) as caught:
        rebuild_with_core(text, cut_day(DAY), TwinSettings(), None)
    assert caught.value.line is not None
