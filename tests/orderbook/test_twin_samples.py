"""The twin from text to samples, checked against examples worked out by hand, one rule a test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.bybit_lines import (
    BREAKS,
    EARLIER_DATA_PAIRS,
    EARLIER_ROOT_PAIRS,
    SPOT_ORDER,
    UNKNOWN_DATA_PAIRS,
    UNKNOWN_ROOT_PAIRS,
    Line,
    Style,
    render,
)
from tests.support.examples import ASKS, BIDS, SETTINGS, delta, snapshot, twin_day
from tests.support.stream_plans import D0, D1, HOUR_MS
from tests.support.streams import DAY
from tests.support.twin import MixedStream, TwinDay, rebuild_day
from tests.support.twin_messages import read_message


def instants(day: TwinDay) -> list[int]:
    """Return the instants of the samples, in ms after the start of the day."""
    return [sample["ts"] - D0 for sample in day.samples]


# ---------------------------------------------------------------- §1.1


def test_broken_lines_are_no_messages() -> None:
    """§1.1: any line that is not exactly a message is unreadable."""
    readable = [name for name, spoil in BREAKS.items() if read_message(spoil(snapshot(0)))]
    assert readable == []


def test_unreadable_line_changes_nothing() -> None:
    """§1.1, §2: one bad level spoils the whole message; the line is counted, with its number."""
    bad = render(delta(600, (("98", "1"), ("97", "1e3"))))
    lines = b"\n" + render(snapshot(500)) + b"\r\n \t\r\n" + bad + b"\n\x0c\n"
    day = rebuild_day(lines, DAY, SETTINGS)
    assert (day.counts["lines"], day.counts["messages"], day.counts["unreadable"]) == (3, 1, 2)
    assert day.unreadable_lines == [4, 5]
    assert day.samples[0]["bids"] == [(99.0, 1.0)]


def test_style_means_nothing() -> None:
    """§1.1: key order, white space, escapes, unknown and earlier duplicate keys do not matter."""
    styles = [
        *(Style(), Style(order=SPOT_ORDER), Style(space=" \t\r "), Style(escapes=-1)),
        *(Style(before=(pair,)) for pair in (*EARLIER_ROOT_PAIRS, *UNKNOWN_ROOT_PAIRS)),
        *(Style(data_before=(pair,)) for pair in (*EARLIER_DATA_PAIRS, *UNKNOWN_DATA_PAIRS)),
        *(Style(after=(pair,), escapes=-1) for pair in UNKNOWN_ROOT_PAIRS),
        *(Style(data_after=(pair,), space=" ") for pair in UNKNOWN_DATA_PAIRS),
        *(Style(missing=("cts", "seq")), Style(missing=("seq",))),
    ]
    assert len({repr(read_message(render(snapshot(0), style))) for style in styles}) == 1


def test_names_may_be_absent() -> None:
    """§1.1: the symbol is data.s, else the last part of topic, else absent."""
    line = snapshot(0)
    assert twin_day(line).symbol == "BTCUSDT"
    assert twin_day(replace(line, symbol=None, topic="orderbook.5.X")).symbol == "X"
    nameless = twin_day(replace(line, symbol=None, topic=None))
    assert (nameless.symbol, nameless.topic) == (None, None)


FAR = delta(-2 * HOUR_MS)


@pytest.mark.parametrize(
    "other", [replace(FAR, symbol="ETHUSDT"), replace(FAR, topic="orderbook.50.BTCUSDT")]
)
def test_another_symbol_or_topic_ends_the_stream(other: Line) -> None:
    """§1.1: also if the first message has no name, and the other one is too far away to apply."""
    with pytest.raises(MixedStream):
        twin_day(replace(snapshot(0), symbol=None, topic=None), snapshot(1), other)


# ---------------------------------------------------------------- §2


def test_prices_are_numbers() -> None:
    """§1.1: "99", "99.00" and "099.0" are one price; size "0.000" deletes it."""
    day = twin_day(
        snapshot(0, (("99", "1"), ("98", "4"))), delta(1, (("99.00", "0.000"), ("098.0", "5")))
    )
    assert day.samples[0]["bids"] == [(98.0, 5.0)]
    assert day.counts["absent_deletes"] == 0


def test_last_listing_of_a_price_wins() -> None:
    """§2: levels apply in listed order; a size of 0 in a snapshot is no level."""
    twice = (("99", "0"), ("99", "7"), ("98", "2"), ("98", "0"))
    assert twin_day(snapshot(0, twice)).samples[0]["bids"] == [(99.0, 7.0)]
    assert twin_day(snapshot(0), delta(1, twice)).samples[0]["bids"] == [(99.0, 7.0)]


def test_absent_deletes_are_counted_in_deltas_only() -> None:
    """§2: deleting a level that does not exist changes nothing."""
    zeros = (("98", "0"), ("98", "0"))
    day = twin_day(snapshot(0, (*BIDS, *zeros)), delta(1, zeros, (("101", "0"), ("101", "0"))))
    assert day.counts["absent_deletes"] == 3


def test_delta_before_first_snapshot() -> None:
    """§2: it is ignored and counted; just outside the day it counts twice."""
    day = twin_day(delta(-1, (("98", "9"),)), delta(0, (("97", "9"),)), snapshot(1))
    assert (day.counts["before_snapshot"], day.counts["outside_day"]) == (2, 1)
    assert (day.counts["applied"], day.counts["snapshots"]) == (1, 1)
    assert day.samples[0]["bids"] == [(99.0, 1.0)]


@pytest.mark.parametrize("u", [10, 9, 12, 1])
def test_gap_drops_the_book_until_the_next_snapshot(u: int) -> None:
    """§2: repeated and lower ids are gaps too; the delta applies, and the next u follows its u."""
    lines = (
        *(snapshot(0), delta(1000, (("99", "5"),), u=u), delta(2000, u=u + 1)),
        *(snapshot(3000, u=3), delta(3500, u=4)),
    )
    dropped = twin_day(*lines)
    assert (dropped.counts["sequence_gaps"], dropped.counts["sequence_checked"]) == (1, 3)
    assert (instants(dropped), dropped.counts["unknown"]) == ([1000, 4000], 2)
    kept = twin_day(*lines, settings=replace(SETTINGS, on_sequence_gap="keep"))
    assert (instants(kept), kept.counts["sequence_gaps"]) == ([1000, 2000, 3000, 4000], 1)
    assert kept.samples[1]["bids"] == [(99.0, 5.0)]


def test_no_check_without_u_on_either_side() -> None:
    """§2: neither if the delta has no u, nor if the last applied message had none."""
    day = twin_day(snapshot(0), delta(1, u=None), delta(2, u=500), delta(3, u=501))
    assert (day.counts["sequence_checked"], day.counts["sequence_gaps"]) == (1, 0)


def test_time_never_falls() -> None:
    """§2: a stamp below the latest takes the latest; the next is compared with that."""
    lines = (delta(900, (("99", "2"),)), delta(1400), delta(1600), delta(1600))
    day = twin_day(snapshot(1500), *lines)
    assert day.counts["out_of_order"] == 2
    assert (instants(day), day.samples[0]["staleness_ms"]) == ([2000], 400)
    assert day.samples[0]["bids"] == [(99.0, 2.0)]


def test_outside_the_day() -> None:
    """§2: up to one hour outside is applied and counted; beyond it is ignored and counted."""
    day = twin_day(
        *(snapshot(-HOUR_MS - 1), snapshot(-HOUR_MS), delta(0)),
        *(delta(D1 - D0), delta(D1 - D0 + HOUR_MS), delta(D1 - D0 + HOUR_MS + 1)),
    )
    assert (day.counts["outside_day"], day.counts["outside_ignored"]) == (5, 2)
    assert (day.counts["applied"], day.bars[0]["volume"]) == (4, 1)
    assert day.counts["messages_without_sample"] == 0


def test_ignored_message_still_sets_the_latest_time() -> None:
    """§2: after one stamp far ahead no later message is inside the day."""
    day = twin_day(snapshot(0), delta(2 * (D1 - D0)), delta(1000), delta(2000))
    assert (day.counts["out_of_order"], day.counts["outside_ignored"]) == (2, 3)
    assert instants(day) == [1000]


# ---------------------------------------------------------------- §3


def test_sample_holds_only_earlier_messages() -> None:
    """§3: a message stamped exactly T is not in the sample at T."""
    day = twin_day(snapshot(1000), delta(2999, (("99", "2"),)), delta(3000, (("99", "3"),)))
    assert instants(day) == [2000, 3000, 4000]
    assert [sample["obi"] for sample in day.samples] == [-0.5, -0.2, 0.0]
    assert [sample["staleness_ms"] for sample in day.samples] == [1000, 1, 1000]


def test_samples_end_after_the_last_message() -> None:
    """§3: at the first instant after it, whether applied or not."""
    assert instants(twin_day(snapshot(0), delta(1999))) == [1000, 2000]
    assert instants(twin_day(snapshot(0), delta(2000))) == [1000, 2000, 3000]


def test_samples_lie_in_d0_d1() -> None:
    """§3: d0 is not sampled, d1 is; messages stamped d1 are not in the sample at d1."""
    length = D1 - D0
    assert instants(twin_day(snapshot(-1), delta(0))) == [1000]
    day = twin_day(snapshot(length - 1), delta(length, (("99", "2"),)), delta(length + 1))
    assert (instants(day), day.samples[0]["bids"]) == ([length], [(99.0, 1.0)])
    assert instants(twin_day(snapshot(length - 1500), delta(length))) == [length - 1000]


def test_no_samples_without_a_snapshot_or_a_message_inside() -> None:
    """§3: then there are neither samples nor counts of missing ones, nor bars."""
    for lines in ((delta(0), delta(5000)), (snapshot(-5),), (snapshot(D1 - D0),), ()):
        day = twin_day(*lines)
        assert (day.samples, day.bars, day.counts["unknown"]) == ([], [], 0)


def test_stale() -> None:
    """§3: a staleness of exactly the limit is still a sample."""
    day = twin_day(snapshot(0), delta(4000))
    assert (instants(day), day.counts["stale"]) == ([1000, 2000, 5000], 2)


def test_one_sided_and_crossed() -> None:
    """§3: best bid = best ask is crossed; an empty book is one-sided."""
    day = twin_day(
        *(snapshot(0), delta(1000, (("101", "1"),)), delta(2000, (("101", "0"),))),
        *(delta(3000, (("99", "0"),)), delta(3500, (), (("101", "0"),)), snapshot(4000)),
    )
    assert (day.counts["crossed"], day.counts["one_sided"]) == (1, 1)
    assert instants(day) == [1000, 3000, 5000]


def test_first_reason_counts() -> None:
    """§3: unknown comes before stale, stale before one-sided."""
    day = twin_day(snapshot(0, ()), delta(1000, u=99), delta(5000, u=100), snapshot(5500, ()))
    assert [day.counts[name] for name in ("unknown", "stale", "one_sided")] == [4, 0, 2]
    silent = twin_day(snapshot(0, ()), delta(3000))
    assert [silent.counts[name] for name in ("unknown", "stale", "one_sided")] == [0, 1, 3]


def test_formulas() -> None:
    """§3: deep_obi sums levels 0-4, whatever N is; only kept levels are cut to N."""
    bids = tuple((str(99 - i), "2") for i in range(6))
    asks = (*ASKS, ("103", "1"), ("102", "2"))
    sample = twin_day(snapshot(0, bids, asks)).samples[0]
    assert sample["micro_price"] == (99 * 3 + 101 * 2) / 5
    assert (sample["spread"], sample["obi"]) == (2.0, -0.2)
    assert sample["deep_obi"] == (10 - 6) / (10 + 6)
    assert (sample["bid_count"], sample["ask_count"]) == (6, 3)
    assert sample["bids"] == [(99.0, 2.0), (98.0, 2.0)]
    assert sample["asks"] == [(101.0, 3.0), (102.0, 2.0)]
