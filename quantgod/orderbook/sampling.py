"""Messages + book → as-of samples on the grid (contract §3).

The sample at ``T`` is the book after every message with time ``< T`` and no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.buffer_pool import empty_pooled
from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.book import order_book as ob
from quantgod.orderbook.book.ladder import RUNGS
from quantgod.orderbook.book.order_book import OrderBook, apply_message, close_sides
from quantgod.orderbook.book.side import COUNT, read_best
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.messages import Float64Array, Int64Array, Messages
from quantgod.orderbook.recipe import FEATURE_DEPTH, SampleRule

# What became of a grid instant.
NO_BOOK, SAMPLE, UNKNOWN, STALE, ONE_SIDED, CROSSED = range(6)

Int32Array = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Samples:
    """``n`` samples of one window, and what became of each of its ``g`` grid instants."""

    start_ms: int  # the grid's intervals start here; instant j is start + (j + 1) * interval
    interval_ms: int
    status: NDArray[np.uint8]  # (g,) NO_BOOK, SAMPLE, or why there is none
    message_count: Int32Array  # (g,) applied messages inside the day in [T - Δ, T)
    time_ms: Int64Array  # (n,) T
    micro_price: Float64Array  # (n,) price
    spread: Float64Array  # (n,) price
    obi: Float64Array  # (n,) -1..1
    deep_obi: Float64Array  # (n,) -1..1
    staleness_ms: Int64Array  # (n,)
    bid_price: Float64Array  # (n, depth) NaN where the level does not exist
    bid_size: Float64Array  # (n, depth) 0 where the level does not exist
    ask_price: Float64Array
    ask_size: Float64Array

    def __len__(self) -> int:
        return len(self.time_ms)


@dataclass(frozen=True, eq=False)
class Sampled:
    """What sampling one window gives."""

    samples: Samples
    book: OrderBook
    counts: Counts


def take_samples(
    messages: Messages,
    more_inside: bool,
    book: OrderBook,
    window: Window,
    rule: SampleRule,
    rungs: int = RUNGS,
) -> Sampled:
    """Apply one window's messages and sample the book on the grid in ``(start, end]``.

    Args:
        messages: the window's messages.
        more_inside: a later message inside the day exists, so the grid runs to the window's end.
        book: the book before the window; left as it is.
        window: a whole number of intervals.
        rungs: length of a side's ladder; it never shows in the result.

    Raises:
        ValueError: a message inside the day lies outside the window.
    """
    _check_window(messages, window)
    grid = (window.end_ms - window.start_ms) // rule.interval_ms
    status, message_count = np.zeros(grid, np.uint8), np.zeros(grid, np.int32)
    times, staleness = np.empty(grid, np.int64), np.empty(grid, np.int64)
    figures = np.empty((4, grid))
    sides = empty_pooled((4, grid, rule.depth), np.float64)
    counts, shallow = np.zeros(ob.COUNT_SLOTS, np.int64), np.zeros(2, np.int64)
    bids, asks = book.open_sides(len(messages.price), rungs)
    state = book.state.copy()
    n = _replay(
        *messages.columns, bids, asks, state, counts,
        window.start_ms, window.day_ms, window.day_end_ms, more_inside,
        rule.interval_ms, rule.max_staleness_ms, rule.drop_on_gap,
        rule.promised_depth, rule.levels,
        status, message_count, times, staleness, figures, sides, shallow,
    )  # fmt: skip
    values = [times[:n], *figures[:, :n], staleness[:n], *sides[:, :n]]
    samples = Samples(window.start_ms, rule.interval_ms, status, message_count, *values)
    return Sampled(samples, close_sides(bids, asks, state), _counts(status, counts, shallow))


def _check_window(messages: Messages, window: Window) -> None:
    """The kernel counts messages by their place in the window: none may lie beside it."""
    edges = (window.day_ms, window.start_ms, window.end_ms, window.day_end_ms)
    before, start, end, after = np.searchsorted(messages.time_ms, edges)
    if before != start or end != after:
        raise ValueError(f"messages inside the day but outside the window {window}")


def cut_levels(samples: Samples, levels: int) -> Samples:
    """The hard cut: the same samples with exactly the best ``levels`` levels a side."""
    if samples.bid_price.shape[1] < levels:
        raise ValueError(f"samples hold {samples.bid_price.shape[1]} levels, fewer than {levels}")
    if samples.bid_price.shape[1] == levels:
        return samples
    values = dict(samples.__dict__)
    for name in ("bid_price", "bid_size", "ask_price", "ask_size"):
        cut = empty_pooled((len(samples), levels), np.float64)
        cut[:] = values[name][:, :levels]
        values[name] = cut
    return Samples(**values)


def _counts(status: NDArray[np.uint8], counts: Int64Array, shallow: Int64Array) -> Counts:
    _, samples, unknown, stale, one_sided, crossed = np.bincount(status, minlength=6).tolist()
    shallow_topic, shallow_cut = shallow.tolist()
    applied, snapshots, updates, before, checked, gaps, absent, compared, union, differ = (
        counts.tolist()
    )
    return Counts(
        samples=samples,
        unknown=unknown,
        stale=stale,
        one_sided=one_sided,
        crossed=crossed,
        shallow_topic=shallow_topic,
        shallow_cut=shallow_cut,
        applied=applied,
        snapshots=snapshots,
        level_updates=updates,
        before_snapshot=before,
        sequence_checked=checked,
        sequence_gaps=gaps,
        absent_deletes=absent,
        reconstruction_snapshots=compared,
        reconstruction_levels=union,
        reconstruction_differ=differ,
    )


@inlined_kernel
def _imbalance(bid_size, ask_size):
    return (bid_size - ask_size) / (bid_size + ask_size)


@inlined_kernel
def _best_sizes(sizes):
    """Sum of the best levels' sizes, from the best outward; levels that do not exist are 0."""
    total = 0.0
    for i in range(FEATURE_DEPTH):
        total += sizes[i]
    return total


@inlined_kernel
def _book_status(instant, bids, asks, state, max_staleness_ms):
    """Whether there may be a sample at ``T``, or the first reason why not (contract §3)."""
    if state[ob.HAS_SNAPSHOT] == 0:
        return NO_BOOK
    if state[ob.IS_KNOWN] == 0:
        return UNKNOWN
    if instant - state[ob.LAST_APPLIED] > max_staleness_ms:
        return STALE
    if bids.state[COUNT] == 0 or asks.state[COUNT] == 0:
        return ONE_SIDED
    return SAMPLE


@kernel
def _write_sample(instant, n, bids, asks, state, times, staleness, figures, sides):
    """Read the book into row ``n``; formulas as in contract §3. False if the book is crossed."""
    bid_prices, bid_sizes, ask_prices, ask_sizes = (
        sides[0, n],
        sides[1, n],
        sides[2, n],
        sides[3, n],
    )
    read_best(bids, 1.0, bid_prices, bid_sizes)
    read_best(asks, -1.0, ask_prices, ask_sizes)
    bid, bid_size = bid_prices[0], bid_sizes[0]  # Pb, Qb of the contract
    ask, ask_size = ask_prices[0], ask_sizes[0]  # Pa, Qa
    if bid >= ask:
        return False
    times[n] = instant
    staleness[n] = instant - state[ob.LAST_APPLIED]
    figures[0, n] = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    figures[1, n] = ask - bid
    figures[2, n] = _imbalance(bid_size, ask_size)
    figures[3, n] = _imbalance(_best_sizes(bid_sizes), _best_sizes(ask_sizes))
    return True


@kernel
def _sample_until(
    last_instant, j, n, start, interval, bids, asks, state,
    max_staleness_ms, promised_depth, levels, status, times, staleness, figures, sides, shallow,
):  # fmt: skip
    """Sample the book as it is at every instant not yet done up to ``last_instant``: (j, n)."""
    while j < len(status) and start + (j + 1) * interval <= last_instant:
        instant = start + (j + 1) * interval
        status[j] = _book_status(instant, bids, asks, state, max_staleness_ms)
        if status[j] == SAMPLE:
            if _write_sample(instant, n, bids, asks, state, times, staleness, figures, sides):
                held = min(bids.state[COUNT], asks.state[COUNT])
                shallow[0] += held < promised_depth
                shallow[1] += held < levels
                n += 1
            else:
                status[j] = CROSSED
        j += 1
    return j, n


@kernel
def _replay(
    time_ms, update_id, first_id, has_id, is_snapshot, bid_count, level_start, price, size,
    bids, asks, state, counts,
    start, day_start, day_end, more_inside,
    interval, max_staleness_ms, drop_on_gap, promised_depth, levels,
    status, message_count, times, staleness, figures, sides, shallow,
):  # fmt: skip
    """Walk messages and grid together; returns the number of samples."""
    j = n = 0
    for i in range(len(time_ms)):
        time = time_ms[i]
        inside = day_start <= time < day_end
        # After the day's last message the grid goes on to the next instant and no further.
        last_instant = time if inside else state[ob.LAST_INSIDE] + interval
        if start + (j + 1) * interval <= last_instant:
            j, n = _sample_until(
                last_instant, j, n, start, interval, bids, asks, state, max_staleness_ms,
                promised_depth, levels, status, times, staleness, figures, sides, shallow,
            )  # fmt: skip
        applied = counts[ob.APPLIED]
        first, last = level_start[i], level_start[i + 1]
        apply_message(
            bids, asks, state, counts, time, update_id[i], first_id[i], has_id[i], is_snapshot[i],
            price, size, first, first + bid_count[i], last, drop_on_gap,
        )  # fmt: skip
        if inside:
            state[ob.LAST_INSIDE] = time
            message_count[(time - start) // interval] += counts[ob.APPLIED] - applied
    last_instant = (
        start + len(status) * interval if more_inside else state[ob.LAST_INSIDE] + interval
    )
    _, n = _sample_until(
        last_instant, j, n, start, interval, bids, asks, state, max_staleness_ms,
        promised_depth, levels, status, times, staleness, figures, sides, shallow,
    )  # fmt: skip
    return n
