"""Messages + book → as-of samples on the grid (contract §3).

The sample at ``T`` is the book after exactly the messages with time ``< T``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.buffer_pool import empty_pooled
from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.arrays.record import values_of
from quantgod.orderbook.book.ladder import RUNGS
from quantgod.orderbook.book.order_book import OpenBook, OrderBook, apply_message, close_book
from quantgod.orderbook.book.side import read_best
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.messages import Float64Array, Int64Array, Messages
from quantgod.orderbook.recipe import FEATURE_DEPTH, SampleRule

# Status of a grid instant, and the field of ``Counts`` that counts it.
NO_BOOK, SAMPLE, UNKNOWN, STALE, ONE_SIDED, CROSSED = range(6)
_COUNTED = {
    SAMPLE: "samples",
    UNKNOWN: "unknown",
    STALE: "stale",
    ONE_SIDED: "one_sided",
    CROSSED: "crossed",
}

Int32Array = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Samples:
    """``n`` samples of one window, and the status of its ``g`` grid instants."""

    start_ms: int  # of the window; instant j is start + (j + 1) * interval
    interval_ms: int
    status: NDArray[np.uint8]  # (g,) NO_BOOK, SAMPLE, or the reason for no sample
    message_count: Int32Array  # (g,) applied messages inside the day in [T - Δ, T)
    time_ms: Int64Array  # (n,) T
    micro_price: Float64Array  # (n,) price
    spread: Float64Array  # (n,) price
    obi: Float64Array  # (n,) -1..1
    deep_obi: Float64Array  # (n,) -1..1
    staleness_ms: Int64Array  # (n,)
    bid_price: Float64Array  # (n, depth) NaN: no such level
    bid_size: Float64Array  # (n, depth) 0: no such level
    ask_price: Float64Array
    ask_size: Float64Array

    def __len__(self) -> int:
        return len(self.time_ms)


class _Grid(NamedTuple):
    """A window's grid and its ``SampleRule``, for kernels."""

    start_ms: int
    interval_ms: int
    day_ms: int
    day_end_ms: int
    runs_on: bool  # to the window's end: a later message of the day exists
    max_staleness_ms: int
    drop_on_gap: bool
    promised_depth: int
    levels: int


class _Rows(NamedTuple):
    """The columns of ``Samples`` for kernels, with a row for each of ``g`` instants."""

    status: NDArray[np.uint8]
    message_count: Int32Array
    time_ms: Int64Array
    micro_price: Float64Array
    spread: Float64Array
    obi: Float64Array
    deep_obi: Float64Array
    staleness_ms: Int64Array
    bid_price: Float64Array
    bid_size: Float64Array
    ask_price: Float64Array
    ask_size: Float64Array


@dataclass(frozen=True, eq=False)
class Sampled:
    """Result of sampling one window."""

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
        messages: of the window.
        more_inside: a later message of the day exists, so the grid runs to the window's end.
        book: the book before the window; not modified.
        window: a whole number of intervals.
        rungs: length of a side's ladder, for speed alone.

    Raises:
        ValueError: a message of the day is outside the window.
    """
    _check_window(messages, window)
    grid = _Grid(
        window.start_ms,
        rule.interval_ms,
        window.day_ms,
        window.day_end_ms,
        more_inside,
        rule.max_staleness_ms,
        rule.drop_on_gap,
        rule.promised_depth,
        rule.levels,
    )
    rows = _empty_rows((window.end_ms - window.start_ms) // rule.interval_ms, rule.depth)
    open_book = book.open(len(messages.price), rungs)
    n = _replay(messages.columns, open_book, grid, rows)
    samples = _cut(rows, n, grid)
    return Sampled(samples, close_book(open_book), _counts(open_book, rows.status))


def _empty_rows(count: int, depth: int) -> _Rows:
    status, message_count = np.zeros(count, np.uint8), np.zeros(count, np.int32)
    time_ms, staleness_ms = np.empty(count, np.int64), np.empty(count, np.int64)
    figures = np.empty((4, count))
    sides = empty_pooled((4, count, depth), np.float64)
    return _Rows._make([status, message_count, time_ms, *figures, staleness_ms, *sides])


def _cut(rows: _Rows, n: int, grid: _Grid) -> Samples:
    """Return the first ``n`` rows as samples."""
    of_samples: list[NDArray[Any]]
    status, message_count, *of_samples = rows
    cut = [column[:n] for column in of_samples]
    return Samples(grid.start_ms, grid.interval_ms, status, message_count, *cut)


def _check_window(messages: Messages, window: Window) -> None:
    """Refuse messages outside the window, which the kernel would count in the wrong interval."""
    edges = (window.day_ms, window.start_ms, window.end_ms, window.day_end_ms)
    before, start, end, after = np.searchsorted(messages.time_ms, edges)
    if before != start or end != after:
        raise ValueError(f"messages inside the day but outside the window {window}")


def cut_levels(samples: Samples, levels: int) -> Samples:
    """Make the hard cut: keep exactly the best ``levels`` levels per side."""
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


def _counts(book: OpenBook, status: NDArray[np.uint8]) -> Counts:
    instants = np.bincount(status, minlength=len(_COUNTED) + 1).tolist()
    by_status = {name: instants[each] for each, name in _COUNTED.items()}
    return Counts(**values_of(book.counts), **by_status)


@inlined_kernel
def _imbalance(bid_size, ask_size):
    return (bid_size - ask_size) / (bid_size + ask_size)


@inlined_kernel
def _best_sizes(sizes):
    """Sum the sizes of the best levels, from the best outward; missing levels are 0."""
    total = 0.0
    for i in range(FEATURE_DEPTH):
        total += sizes[i]
    return total


@inlined_kernel
def _book_status(instant, book, max_staleness_ms):
    """Return SAMPLE, or the first reason for no sample at ``T`` (contract §3)."""
    state = book.state[0]
    if state.has_snapshot == 0:
        return NO_BOOK
    if state.is_known == 0:
        return UNKNOWN
    if instant - state.last_applied_ms > max_staleness_ms:
        return STALE
    if book.bids.state[0].levels == 0 or book.asks.state[0].levels == 0:
        return ONE_SIDED
    return SAMPLE


@kernel
def _write_sample(instant, n, book, rows):
    """Write row ``n`` by the formulas of contract §3; False if the book is crossed."""
    bid_prices, bid_sizes = rows.bid_price[n], rows.bid_size[n]
    ask_prices, ask_sizes = rows.ask_price[n], rows.ask_size[n]
    read_best(book.bids, 1.0, bid_prices, bid_sizes)
    read_best(book.asks, -1.0, ask_prices, ask_sizes)
    bid, bid_size = bid_prices[0], bid_sizes[0]  # Pb, Qb in the contract
    ask, ask_size = ask_prices[0], ask_sizes[0]  # Pa, Qa
    if bid >= ask:
        return False
    rows.time_ms[n] = instant
    rows.staleness_ms[n] = instant - book.state[0].last_applied_ms
    rows.micro_price[n] = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    rows.spread[n] = ask - bid
    rows.obi[n] = _imbalance(bid_size, ask_size)
    rows.deep_obi[n] = _imbalance(_best_sizes(bid_sizes), _best_sizes(ask_sizes))
    return True


@inlined_kernel
def _instant(grid, j):
    """Return grid instant ``j``: ``T``, milliseconds."""
    return grid.start_ms + (j + 1) * grid.interval_ms


@kernel
def _sample_until(last_instant, j, n, book, grid, rows):
    """Sample the book from instant ``j`` to ``last_instant``: (next instant, next row)."""
    while j < len(rows.status) and _instant(grid, j) <= last_instant:
        instant = _instant(grid, j)
        rows.status[j] = _book_status(instant, book, grid.max_staleness_ms)
        if rows.status[j] == SAMPLE:
            if _write_sample(instant, n, book, rows):
                held = min(book.bids.state[0].levels, book.asks.state[0].levels)
                book.counts[0].shallow_topic += held < grid.promised_depth
                book.counts[0].shallow_cut += held < grid.levels
                n += 1
            else:
                rows.status[j] = CROSSED
        j += 1
    return j, n


@kernel
def _replay(messages, book, grid, rows):
    """Merge messages and grid in time order; return the number of samples."""
    state, counts = book.state[0], book.counts[0]
    j = n = 0
    for i in range(len(messages.time_ms)):
        time = messages.time_ms[i]
        inside = grid.day_ms <= time < grid.day_end_ms
        # After the day's last message the grid has one more instant.
        last_instant = time if inside else state.last_inside_ms + grid.interval_ms
        if _instant(grid, j) <= last_instant:
            j, n = _sample_until(last_instant, j, n, book, grid, rows)
        applied = counts.applied
        apply_message(book, messages, i, grid.drop_on_gap)
        if inside:
            state.last_inside_ms = time
            interval = (time - grid.start_ms) // grid.interval_ms
            rows.message_count[interval] += counts.applied - applied
    if grid.runs_on:
        last_instant = grid.start_ms + len(rows.status) * grid.interval_ms
    else:
        last_instant = state.last_inside_ms + grid.interval_ms
    _, n = _sample_until(last_instant, j, n, book, grid, rows)
    return n
