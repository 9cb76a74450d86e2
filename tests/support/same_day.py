"""Compare the core's result for a day with the twin's, for any cut into windows."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
from hypothesis import strategies as st

from quantgod.orderbook.features import times_ms
from quantgod.orderbook.schema import FEATURES, level_names
from tests.support.core import CoreDay
from tests.support.stream_parts import Roll, blocks
from tests.support.streams import D0, D1, NOON
from tests.support.twin import TwinDay

EXACT = ("open", "high", "low", "close", "volume", "max_spread", "sample_count")
WHOLE_COUNTS = frozenset({"slow_lines", "closing_deltas", "closing_snapshots", "level_updates"})


MOST_CUTS = 6
BARS_OFF = sorted(range(-12, 13), key=abs)


@st.composite
def cuts(draw: st.DrawFn, bar_ms: int) -> list[int]:
    """Draw times at which to cut the day into windows: whole bars, near the stream's messages."""
    roll = Roll(draw(blocks(1 + 2 * MOST_CUTS)))
    number = roll.pick(range(MOST_CUTS + 1))
    return [roll.pick((D0, NOON, D1)) + bar_ms * roll.pick(BARS_OFF) for _ in range(number)]


def close_enough(found: float, expected: float, scale: float) -> bool:
    """Return whether values agree within 1e-9, relative or on the scale of the inputs."""
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9 * max(1.0, scale))


def assert_same_day(core: CoreDay, twin: TwinDay, levels: int) -> None:
    assert_same_counts(core, twin)
    assert_same_samples(core, twin)
    assert_same_bars(core, twin, levels)


def assert_uncut(parts: CoreDay, whole: CoreDay) -> None:
    """A day read in windows is, to the bit, the day read in one."""
    assert parts.bars.equals(whole.bars)
    assert parts.counts == whole.counts
    assert parts.cursor == whole.cursor


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


def assert_same_features(found: list[dict[str, float]], expected: list[dict[str, float]]) -> None:
    assert len(found) == len(expected)
    for row, twin in zip(found, expected, strict=True):
        for name in FEATURES:
            assert close_enough(row[name], twin[name], twin["high"]), name
