"""The twin from samples to rows, checked against examples worked out by hand: one rule a test."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.support.bybit_lines import render
from tests.support.examples import BIDS, SETTINGS, delta, move, snapshot, twin_day
from tests.support.stream_plans import D0, D1
from tests.support.streams import NEXT_DAY
from tests.support.twin import dataset, rebuild_day, warmup_rows, zscore

# ---------------------------------------------------------------- §4


def test_bar_boundaries() -> None:
    """§4: bar t contains the sample at t + W and the messages before t + W."""
    day = twin_day(snapshot(4500), delta(4999), delta(5000))
    assert [bar["datetime"] - D0 for bar in day.bars] == [0, 5000]
    assert [bar["available_at"] - D0 for bar in day.bars] == [5000, 10_000]
    assert [bar["volume"] for bar in day.bars] == [2, 1]
    assert [bar["sample_count"] for bar in day.bars] == [1, 1]


def test_bar_columns() -> None:
    """§4: open, high, low, close, the spread, the imbalances and the staleness of the samples."""
    day = twin_day(move(0, 100), move(1000, 104), move(2500, 98), move(3100, 102))
    bar = day.bars[0]
    assert [bar[name] for name in ("open", "high", "low", "close")] == [100, 104, 98, 102]
    assert (bar["sample_count"], bar["max_staleness_ms"], bar["max_spread"]) == (4, 1000, 2)
    assert bar["volatility"] == pytest.approx(math.sqrt((1 + 9 + 9 + 1) / 3), rel=1e-15)
    mixed = twin_day(snapshot(0), delta(1000, (("99", "3"), ("98", "2")))).bars[0]
    assert (mixed["mean_obi"], mixed["mean_deep_obi"]) == (-0.25, (-0.5 + 0.25) / 2)
    wider = twin_day(snapshot(0), delta(1000, (("99", "0"), ("96", "1"))), snapshot(2000))
    assert wider.bars[0]["max_spread"] == 5


def test_volatility_is_exactly_zero() -> None:
    """§4: for one sample, and where all are equal."""
    thirds = (("0.1", "0.7"),), (("0.3", "0.1"),)
    assert twin_day(snapshot(0, *thirds)).bars[0]["volatility"] == 0.0
    day = twin_day(snapshot(0, *thirds), delta(1500), delta(2500))
    assert (day.bars[0]["sample_count"], day.bars[0]["volatility"]) == (3, 0.0)


def test_levels_of_the_last_sample() -> None:
    """§4: a level that does not exist is null in price and 0 in size."""
    day = twin_day(snapshot(0), delta(1000, (("98", "2"), ("97", "4")), (("101", "9"),)))
    names = ("bid_0_p", "bid_0_s", "ask_0_p", "ask_0_s", "bid_1_p", "bid_1_s", "ask_1_p", "ask_1_s")
    values = (99.0, 1.0, 101.0, 9.0, 98.0, 2.0, None, 0.0)
    assert day.bars[0]["levels"] == dict(zip(names, values, strict=True))


def test_volume_counts_applied_messages() -> None:
    """§4: whether or not the book is known; messages of bars without a sample are counted."""
    day = twin_day(
        *(delta(0), snapshot(100), delta(200, u=99), snapshot(900)),
        *(delta(5000, (("99", "0"),)), delta(6000), delta(10_000, BIDS)),
    )
    assert [(bar["datetime"] - D0, bar["volume"]) for bar in day.bars] == [(0, 3), (10_000, 1)]
    assert day.counts["messages_without_sample"] == 2


def test_features_by_hand() -> None:
    """§4: body, wicks, returns and log volume, against the bar before."""
    moves = (move(5000, 100), move(6000, 110), move(7000, 90), move(8000, 95))
    day = twin_day(move(4000, 80), *moves)
    (row,) = dataset([day], SETTINGS)[0]
    assert row["datetime"] == D0 + 5000
    assert row["body"] == math.log(95 / 100)
    assert (row["upper_wick"], row["lower_wick"]) == ((110 - 100) / 80, (95 - 90) / 80)
    assert (row["log_ret_close"], row["log_volume"]) == (math.log(95 / 80), math.log(5))


def test_rows_need_the_bar_before() -> None:
    """§4: at the start and after a gap a row is left out, but its close still counts."""
    day = twin_day(move(0, 100), move(5000, 101), move(15_000, 102), move(20_000, 103))
    rows = dataset([day], SETTINGS)[0]
    assert [row["datetime"] - D0 for row in rows] == [5000, 20_000]
    assert [row["prev_close"] for row in rows] == [100, 102]
    assert warmup_rows([day], SETTINGS) == [2]


def test_prev_close_over_midnight() -> None:
    """§4: the first bar of a day takes the close of the last bar of the day before."""
    length = D1 - D0
    first = twin_day(move(length - 1, 100), move(length + 100, 105))
    text = render(move(length + 100, 105)) + b"\n" + render(move(length + 1100, 106))
    second = rebuild_day(text, NEXT_DAY, SETTINGS)
    rows = dataset([first, second], SETTINGS)
    assert (rows[0], rows[1][0]["prev_close"], rows[1][0]["open"]) == ([], 100, 105)
    assert warmup_rows([first, second], SETTINGS) == [1, 0]


# ---------------------------------------------------------------- §§6-7


def test_zscore() -> None:
    """§6: population variance; a scale of 1 where there is no variance."""
    day = twin_day(move(0, 100), move(5000, 100), move(10_000, 100 * math.e), move(12_000, 50))
    means, scales = zscore(dataset([day], SETTINGS)[0])
    assert (means["max_spread"], scales["max_spread"]) == (2.0, 1.0)
    low, high = math.log(2), math.log(3)
    assert means["log_volume"] == pytest.approx((low + high) / 2, rel=1e-15)
    assert scales["log_volume"] == pytest.approx((high - low) / 2, rel=1e-15)


def test_reconstruction() -> None:
    """§7: a later snapshot is compared with the book just before it, known or not."""
    day = twin_day(
        *(snapshot(0, (("99", "1"), ("98", "1"))), delta(1, (("97", "1"),), u=99)),
        snapshot(2, (("99", "1.0"), ("98", "2"), ("96", "0")), (("102", "1"),)),
    )
    counts = [day.counts[f"reconstruction_{name}"] for name in ("snapshots", "levels", "differ")]
    assert counts == [1, 5, 4]


def test_shallow() -> None:
    """§7: samples in which either side is thinner than the topic promises, or than N."""
    line = replace(snapshot(0, (("99", "1"), ("98", "1"))), topic="orderbook.1.BTCUSDT")
    day = twin_day(line, replace(delta(1000, (), (("102", "1"),)), topic=None))
    assert (day.counts["shallow_topic"], day.counts["shallow_cut"]) == (0, 1)
    promised = twin_day(snapshot(0))
    assert (promised.counts["shallow_topic"], promised.counts["shallow_cut"]) == (1, 1)
