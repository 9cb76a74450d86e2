"""Samples of the core, checked against examples worked out by hand (contract §2, §3)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.sampling import (
    CROSSED,
    NO_BOOK,
    ONE_SIDED,
    SAMPLE,
    STALE,
    UNKNOWN,
    cut_levels,
    take_samples,
)
from tests.support.core import cut_day, rule_of
from tests.support.examples import (
    ASKS,
    BIDS,
    SETTINGS,
    delta,
    instants,
    move,
    rebuild,
    snapshot,
    text_of,
)
from tests.support.parsed import parse
from tests.support.stream_plans import D0, D1, HOUR_MS
from tests.support.streams import DAY

LENGTH = D1 - D0


def test_a_message_stamped_T_is_not_in_the_sample_at_T() -> None:  # noqa: N802
    """§3: the book after every message with time < T and no other."""
    day = rebuild(snapshot(1000), delta(2999, (("99", "2"),)), delta(3000, (("99", "3"),)))
    assert instants(day) == [2000, 3000, 4000]
    assert day.samples[0].obi.tolist() == [-0.5, -0.2, 0.0]
    assert day.samples[0].staleness_ms.tolist() == [1000, 1, 1000]


def test_first_sample_is_the_first_instant_after_the_first_snapshot() -> None:
    """§3: a snapshot stamped T gives its first sample at T + Δ; before it nothing is counted."""
    assert instants(rebuild(snapshot(1999))) == [2000]
    late = rebuild(delta(0), snapshot(2000))
    assert instants(late) == [3000]
    assert late.counts.before_snapshot == 1
    assert late.samples[0].status[:3].tolist() == [NO_BOOK, NO_BOOK, SAMPLE]
    assert (late.counts.unknown, late.counts.stale, late.counts.one_sided) == (0, 0, 0)


def test_first_snapshot_before_the_day() -> None:
    """§2, §3: up to one hour before d0 it is applied; the first sample is d0 + Δ, never d0."""
    day = rebuild(snapshot(-500), delta(0))
    assert (instants(day), day.samples[0].staleness_ms.tolist()) == ([1000], [1000])
    assert (day.counts.outside_day, day.counts.outside_ignored, day.counts.applied) == (1, 0, 2)
    assert instants(rebuild(snapshot(-HOUR_MS - 1), delta(0))) == []


def test_an_hour_outside_is_still_applied() -> None:
    """§2: exactly one hour is not over one hour."""
    edge = rebuild(snapshot(-HOUR_MS), delta(5), delta(LENGTH + HOUR_MS))
    assert (edge.counts.applied, edge.counts.outside_ignored) == (3, 0)
    assert (edge.counts.closing_deltas, edge.counts.closing_snapshots) == (1, 0)
    over = rebuild(snapshot(-HOUR_MS - 1), snapshot(5), delta(LENGTH + HOUR_MS + 1))
    assert (over.counts.applied, over.counts.outside_ignored, over.counts.outside_day) == (1, 2, 2)


def test_the_day_ends_with_the_instant_d1() -> None:
    """§3: d1 is sampled without messages stamped d1; nothing is sampled after it."""
    day = rebuild(
        *(snapshot(LENGTH - 1), delta(LENGTH, (("99", "2"),)), delta(LENGTH + 1)),
        snapshot(LENGTH + 2500, (("99", "5"),)),
    )
    assert (instants(day), day.samples[0].bid_size[0, 0]) == ([LENGTH], 1.0)
    assert (day.counts.closing_deltas, day.counts.closing_snapshots) == (2, 1)
    assert day.samples[0].message_count.sum() == 1


def test_samples_end_with_the_first_instant_after_the_last_message() -> None:
    """§3: applied or not, but inside the day: closing lines do not stretch it to midnight."""
    assert instants(rebuild(snapshot(0), delta(1999))) == [1000, 2000]
    assert instants(rebuild(snapshot(0), delta(2000))) == [1000, 2000, 3000]
    closing = rebuild(snapshot(LENGTH - 3500), delta(LENGTH), snapshot(LENGTH + 100))
    assert (instants(closing), closing.samples[0].staleness_ms.tolist()) == ([LENGTH - 3000], [500])


def test_silence_repeats_the_book_until_it_is_stale() -> None:
    """§3: a staleness of exactly the limit is still a sample; one ms more is none."""
    day = rebuild(snapshot(0), delta(4000))
    assert day.samples[0].status[:5].tolist() == [SAMPLE, SAMPLE, STALE, STALE, SAMPLE]
    assert day.counts.stale == 2
    assert instants(rebuild(snapshot(999), delta(6000))) == [1000, 2000, 7000]


def test_staleness_is_measured_from_the_last_applied_message() -> None:
    """§3: a snapshot as well as a delta, inside the day or before it."""
    day = rebuild(snapshot(0), snapshot(1500), delta(2400))
    assert day.samples[0].staleness_ms.tolist() == [1000, 500, 600]
    assert rebuild(snapshot(-500), delta(1500)).samples[0].staleness_ms.tolist() == [1500, 500]


@pytest.mark.parametrize("cut", [5000, 10_000])
def test_a_window_may_end_in_mid_silence(cut: int) -> None:
    """§3: the next window continues with the same book; it does not sample the cut again."""
    settings = replace(SETTINGS, max_staleness_ms=20_000)
    lines = (snapshot(4500), delta(11_000, (("99", "2"),)))
    whole = rebuild(*lines, settings=settings)
    parts = rebuild(*lines, settings=settings, windows=cut_day(DAY, [D0 + cut]))
    assert [len(samples) for samples in parts.samples] == [cut // 1000 - 4, 12 - cut // 1000]
    assert instants(parts) == instants(whole) == list(range(5000, 13_000, 1000))
    assert parts.samples[1].staleness_ms[0] == cut + 1000 - 4500
    assert parts.counts == whole.counts


def test_a_window_without_messages_takes_samples_if_more_is_inside() -> None:
    """§3: a later message inside the day carries the grid on; one outside does not."""
    settings = replace(SETTINGS, max_staleness_ms=60_000)
    windows = cut_day(DAY, [D0 + 5000, D0 + 10_000, D0 + 15_000])
    inside = rebuild(snapshot(0), delta(15_000), settings=settings, windows=windows)
    assert [len(samples) for samples in inside.samples] == [5, 5, 5, 1]
    outside = rebuild(snapshot(0), delta(LENGTH), settings=settings, windows=windows)
    assert [len(samples) for samples in outside.samples] == [1, 0, 0, 0]


def test_a_message_stamped_with_a_windows_end_is_of_the_next_one() -> None:
    """§3: that instant is the first window's last, and excludes the message."""
    windows = cut_day(DAY, [D0 + 5000])
    day = rebuild(snapshot(4000), delta(5000, (("99", "2"),)), windows=windows)
    first, second = day.samples
    assert (first.time_ms.tolist(), second.time_ms.tolist()) == ([D0 + 5000], [D0 + 6000])
    assert (first.bid_size[0, 0], second.bid_size[0, 0]) == (1.0, 2.0)
    assert (first.message_count.sum(), second.message_count.sum()) == (1, 1)


def test_grid_of_100_ms() -> None:
    """§3: Δ = 100 ms; grids start at the epoch, not at the first message."""
    settings = replace(SETTINGS, sampling_interval_ms=100, bar_interval_ms=1000)
    day = rebuild(snapshot(50), delta(199), delta(200), delta(301), settings=settings)
    assert instants(day) == [100, 200, 300, 400]
    assert day.samples[0].staleness_ms.tolist() == [50, 1, 100, 99]
    assert day.samples[0].message_count[:5].tolist() == [1, 1, 1, 1, 0]


def test_update_ids_that_follow_keep_the_book_known() -> None:
    """§2: over snapshots too, which are never a gap."""
    day = rebuild(snapshot(0), delta(1000, u=11), delta(2000, u=12), snapshot(3000, u=1))
    assert (day.counts.samples, day.counts.sequence_checked, day.counts.sequence_gaps) == (4, 2, 0)


def test_no_sample_of_an_unknown_book() -> None:
    """§2: a gap makes the book unknown until the next snapshot; the delta is applied."""
    lines = (snapshot(0), delta(1000, (("99", "5"),), u=12), delta(2000, u=13), snapshot(3000))
    day = rebuild(*lines)
    assert day.samples[0].status[:4].tolist() == [SAMPLE, UNKNOWN, UNKNOWN, SAMPLE]
    assert (day.counts.unknown, day.counts.sequence_gaps, day.counts.sequence_checked) == (2, 1, 2)
    kept = rebuild(*lines, settings=replace(SETTINGS, on_sequence_gap="keep"))
    assert kept.samples[0].bid_size[:, 0].tolist() == [1.0, 5.0, 5.0, 1.0]


def test_one_sided_and_crossed_books() -> None:
    """§3: best bid = best ask is crossed; either side empty is one-sided, also both."""
    day = rebuild(
        *(snapshot(0), delta(1000, (("101", "1"),)), delta(2000, (("101", "0"),))),
        *(delta(3000, (("99", "0"),)), delta(4000, BIDS, (("101", "0"),)), snapshot(5000)),
    )
    expected = [SAMPLE, CROSSED, SAMPLE, ONE_SIDED, ONE_SIDED, SAMPLE]
    assert day.samples[0].status[:6].tolist() == expected
    assert (day.counts.crossed, day.counts.one_sided, day.counts.samples) == (1, 2, 3)


def test_the_first_reason_counts() -> None:
    """§3: unknown before stale, stale before one-sided."""
    day = rebuild(snapshot(0, ()), delta(1000, u=99), delta(5000, u=100), snapshot(5500, ()))
    assert (day.counts.unknown, day.counts.stale, day.counts.one_sided) == (4, 0, 2)
    silent = rebuild(snapshot(0, ()), delta(3000))
    assert (silent.counts.unknown, silent.counts.stale, silent.counts.one_sided) == (0, 1, 3)


def test_formulas_use_the_whole_book_and_the_cut_only_kept_levels() -> None:
    """§3: deep_obi sums levels 0-4, whatever N is."""
    bids = (("99", "2"), ("98", "2"), ("97", "1"), ("96", "4"), ("95", "1"), ("94", "50"))
    day = rebuild(snapshot(0, bids, (("103", "1"), *ASKS, ("102", "2"))))
    samples = day.samples[0]
    assert samples.micro_price.tolist() == [(99 * 3 + 101 * 2) / 5]
    assert (samples.spread.tolist(), samples.obi.tolist()) == ([2.0], [-0.2])
    assert samples.deep_obi.tolist() == [(10 - 6) / (10 + 6)]
    assert (samples.bid_price.tolist(), samples.bid_size.tolist()) == ([[99.0, 98.0]], [[2.0, 2.0]])
    assert (samples.ask_price.tolist(), samples.ask_size.tolist()) == (
        [[101.0, 102.0]],
        [[3.0, 2.0]],
    )


def test_missing_levels_are_nan_and_zero() -> None:
    """§4: a level that does not exist has no price and size 0."""
    samples = rebuild(snapshot(0)).samples[0]
    assert samples.bid_price[0, 0] == 99.0
    assert np.isnan([samples.bid_price[0, 1], samples.ask_price[0, 1]]).all()
    assert (samples.bid_size[0, 1], samples.ask_size[0, 1]) == (0.0, 0.0)


def test_array_slots_after_the_levels_are_ignored() -> None:
    """The book's arrays are longer than its sides: the rest holds arbitrary values."""
    window = cut_day(DAY)[0]
    rule = rule_of(SETTINGS, None)
    parsed = [parse(text_of(line)).messages for line in (snapshot(0), delta(1500))]
    book = take_samples(parsed[0], False, OrderBook(), window, rule).book
    clean = take_samples(parsed[1], False, book, window, rule).samples
    for array in (book.bid_prices, book.bid_sizes, book.negated_ask_prices, book.ask_sizes):
        array[1:] = 7777.0
    dirty = take_samples(parsed[1], False, book, window, rule).samples
    assert len(clean) == 2
    for name in ("micro_price", "deep_obi", "bid_price", "bid_size", "ask_price", "ask_size"):
        assert np.array_equal(getattr(clean, name), getattr(dirty, name), equal_nan=True), name


@pytest.mark.parametrize("ms", [4999, 10_000])
def test_messages_outside_their_window_are_a_mistake(ms: int) -> None:
    """The caller's mistake: they would be counted in the wrong bar."""
    messages = parse(text_of(snapshot(ms))).messages
    window = Window(D0, D0 + 5000, D0 + 10_000)
    with pytest.raises(ValueError, match="outside the window 00:00:05-00:00:10"):
        take_samples(messages, False, OrderBook(), window, rule_of(SETTINGS, None))


@pytest.mark.parametrize("ms", [-1, 5000, 9999, LENGTH])
def test_messages_outside_the_day_are_in_any_window(ms: int) -> None:
    """The first window takes all earlier messages, the last one all later messages."""
    messages = parse(text_of(snapshot(ms))).messages
    window = Window(D0, D0 + 5000, D0 + 10_000)
    counts = take_samples(messages, False, OrderBook(), window, rule_of(SETTINGS, None)).counts
    assert counts.applied == 1


def test_shallow_samples_are_counted() -> None:
    """Decision 7: either side below the topic's promise, or below N; an exact match is enough."""
    lines = (snapshot(0, (("99", "1"), ("98", "1"))), delta(1000, (), (("102", "1"),)))
    day = rebuild(*lines, topic="orderbook.1.BTCUSDT")
    assert (day.counts.shallow_topic, day.counts.shallow_cut, day.counts.samples) == (0, 1, 2)
    promised = rebuild(*lines, topic="orderbook.3.BTCUSDT")
    assert (promised.counts.shallow_topic, promised.counts.shallow_cut) == (2, 1)
    assert rebuild(*lines).counts.shallow_topic == 0


def test_the_cut_keeps_the_best_levels_and_never_makes_any_up() -> None:
    """§4: N is a hard cut; asking for more levels than were read is a mistake of the caller."""
    samples = rebuild(move(0, 100), settings=replace(SETTINGS, levels=3)).samples[0]
    assert cut_levels(samples, 3) is samples
    cut = cut_levels(samples, 1)
    assert (cut.bid_price.tolist(), cut.ask_size.tolist()) == ([[99.0]], [[1.0]])
    assert cut.micro_price is samples.micro_price
    with pytest.raises(ValueError, match="samples hold 3 levels, fewer than 4"):
        cut_levels(samples, 4)
