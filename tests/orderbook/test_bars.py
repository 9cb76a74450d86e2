"""Bars of the core, checked against examples worked out by hand (contract §4)."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import stdev

import pyarrow as pa
import pytest

from quantgod.orderbook.bars import resample, to_table
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.features import times_ms
from quantgod.orderbook.sampling import cut_levels
from quantgod.orderbook.schema import bars_schema
from tests.support.core import CoreDay, cut_day
from tests.support.examples import SETTINGS, delta, move, rebuild, snapshot
from tests.support.stream_plans import D0, D1
from tests.support.streams import DAY

LENGTH = D1 - D0


def opens(day: CoreDay) -> list[int]:
    """Return the opens of the bars, in ms after the start of the day."""
    return [int(time) - D0 for time in times_ms(day.bars)]


def column(day: CoreDay, name: str) -> list[float | None]:
    return day.bars[name].to_pylist()


def test_edges_of_a_bar() -> None:
    """§4: bar t contains the sample at t + W and the messages before t + W."""
    day = rebuild(snapshot(4500), delta(4999), delta(5000))
    assert opens(day) == [0, 5000]
    assert times_ms(day.bars, "available_at").tolist() == [D0 + 5000, D0 + 10_000]
    assert (column(day, "volume"), column(day, "sample_count")) == ([2, 1], [1, 1])


def test_the_last_bar_ends_with_the_day() -> None:
    """§4: the sample at d1 belongs to the bar before it; messages from d1 on are in no bar."""
    day = rebuild(snapshot(LENGTH - 1), delta(LENGTH), snapshot(LENGTH + 900))
    assert opens(day) == [LENGTH - 5000]
    assert times_ms(day.bars, "available_at").tolist() == [D1]
    assert (column(day, "volume"), day.counts.messages_without_sample) == ([1], 0)


def test_prices_of_a_bar() -> None:
    """§4: first, greatest, least and last micro-price; two-pass deviation with ddof 1."""
    day = rebuild(move(0, 100), move(1000, 104), move(2500, 98), move(3100, 102))
    row = day.bars.to_pylist()[0]
    assert [row[name] for name in ("open", "high", "low", "close")] == [100, 104, 98, 102]
    assert row["volatility"] == pytest.approx(math.sqrt((1 + 9 + 9 + 1) / 3), rel=1e-15)
    assert (row["sample_count"], row["max_staleness_ms"], row["max_spread"]) == (4, 1000, 2.0)


def test_means_and_greatest_values_of_a_bar() -> None:
    """§4: the mean of the imbalances; the greatest spread and staleness, at any sample."""
    day = rebuild(snapshot(0), delta(1000, (("99", "3"), ("98", "2"))))
    assert (column(day, "mean_obi"), column(day, "mean_deep_obi")) == (
        [-0.25],
        [(-0.5 + 0.25) / 2],
    )
    wide = rebuild(snapshot(900), delta(1000, (("99", "0"), ("96", "1"))), snapshot(2000))
    assert (column(wide, "max_spread"), column(wide, "max_staleness_ms")) == ([5.0], [1000])
    assert column(wide, "close") == [99.5]


def test_volatility_is_exactly_zero() -> None:
    """§4: for one sample, and when all are equal, though their mean may be off by a bit."""
    tenth = (("0.05", "1"),), (("0.15", "1"),)  # (0.1 + 0.1 + 0.1) / 3 is above 0.1
    assert column(rebuild(snapshot(0, *tenth)), "volatility") == [0.0]
    day = rebuild(snapshot(0, *tenth), delta(1500), delta(2500))
    assert (column(day, "volatility"), column(day, "sample_count")) == ([0.0], [3])


def test_volatility_is_two_pass() -> None:
    """§4: small moves of a large price are not lost in the squares of the price."""
    day = rebuild(move(0, 1e8), move(1000, 1e8 + 0.25))
    assert column(day, "volatility") == [pytest.approx(0.25 / math.sqrt(2), rel=1e-14)]
    prices = [65_000.1, 65_000.2, 65_000.4]
    day = rebuild(*(move(1000 * i, price) for i, price in enumerate(prices)))
    exact = stdev(day.samples[0].micro_price.tolist())
    assert column(day, "volatility") == [pytest.approx(exact, rel=1e-13)]


def test_levels_are_those_of_the_last_sample() -> None:
    """§4: all of one instant; a level that does not exist is null in price and 0 in size."""
    day = rebuild(snapshot(0), delta(1000, (("98", "2"), ("97", "4")), (("101", "9"),)))
    names = ("bid_0_p", "bid_0_s", "ask_0_p", "ask_0_s", "bid_1_p", "bid_1_s", "ask_1_p", "ask_1_s")
    assert day.bars.schema.names[-8:] == list(names)
    values = [99.0, 1.0, 101.0, 9.0, 98.0, 2.0, None, 0.0]
    assert [day.bars[name][0].as_py() for name in names] == values


def test_volume_counts_applied_messages() -> None:
    """§4: from the first snapshot on, whether or not the book was known."""
    day = rebuild(delta(0), snapshot(100), delta(200, u=99), delta(300, u=100), snapshot(900))
    assert (column(day, "volume"), day.counts.before_snapshot) == ([4], 1)


def test_bars_without_a_sample_do_not_exist() -> None:
    """§4, §7: their applied messages are still counted."""
    day = rebuild(
        *(snapshot(0), delta(5000, (("99", "0"),)), delta(6000), delta(10_000, (("99", "1"),))),
        *(delta(15_000, u=20), delta(16_000, u=77)),
    )
    assert opens(day) == [0, 10_000, 15_000]
    assert column(day, "volume") == [1, 1, 2]
    assert (day.counts.messages_without_sample, day.counts.applied) == (2, 6)


def test_a_bar_may_begin_in_mid_silence() -> None:
    """§4: a bar without messages exists while the book is not stale, with volume 0."""
    settings = replace(SETTINGS, max_staleness_ms=60_000)
    day = rebuild(snapshot(4999), delta(10_001), settings=settings)
    assert opens(day) == [0, 5000, 10_000]
    assert column(day, "volume") == [1, 0, 1]
    assert (column(day, "sample_count"), column(day, "max_staleness_ms")) == (
        [1, 5, 1],
        [1, 5001, 999],
    )


@pytest.mark.parametrize("interval_ms", [100, 1000, 5000])
def test_samples_and_bars_of_any_ratio(interval_ms: int) -> None:
    """§4: W / Δ samples in a full bar; with Δ = W the bar is its one sample."""
    settings = replace(SETTINGS, sampling_interval_ms=interval_ms, max_staleness_ms=5000)
    day = rebuild(snapshot(0), delta(5000), delta(9999), settings=settings)
    assert (opens(day), column(day, "volume")) == ([0, 5000], [1, 2])
    assert column(day, "sample_count") == [5000 // interval_ms] * 2


def test_samples_of_every_millisecond() -> None:
    """§4: t < T <= t + W, also for T one millisecond after t."""
    settings = replace(SETTINGS, sampling_interval_ms=1, bar_interval_ms=5)
    lines = (snapshot(0), delta(5), delta(6), delta(14))
    day = rebuild(*lines, settings=settings, windows=[Window(D0, D0, D0 + 100)])
    assert (opens(day), column(day, "volume")) == ([0, 5, 10], [1, 2, 1])
    assert column(day, "sample_count") == [5, 5, 5]
    assert column(day, "max_staleness_ms") == [5, 4, 8]


def test_windows_are_no_part_of_the_result() -> None:
    """§4: the bars of consecutive windows are the bars of the day."""
    lines = (move(0, 100), move(7000, 104), move(12_000, 98), move(12_500, 102))
    parts = rebuild(*lines, windows=cut_day(DAY, [D0 + 5000, D0 + 10_000]))
    assert parts.bars.equals(rebuild(*lines).bars)


def test_types_and_an_empty_window() -> None:
    """§4: names, order and types are those of the schema, also without a bar."""
    day = rebuild(snapshot(0))
    assert day.bars.schema.equals(bars_schema(2))
    nothing = resample(rebuild().samples[0], 5000)
    assert (len(nothing.bars), nothing.counts) == (0, Counts())
    assert to_table([nothing.bars]).schema.equals(bars_schema(2))


def test_no_price_is_ever_not_a_number() -> None:
    """§4: NaN becomes null, which the checks find."""
    samples = rebuild(snapshot(0)).samples[0]
    samples.micro_price[0] = math.nan
    bars = to_table([resample(cut_levels(samples, 1), 5000).bars])
    assert bars["open"].combine_chunks() == pa.array([None], pa.float64())
