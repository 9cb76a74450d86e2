"""Samples → bars (contract §4): bar ``t`` covers the samples with ``t < T <= t + W``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from quantgod.orderbook.arrays.arrow import to_arrow
from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.messages import Float64Array, Int64Array
from quantgod.orderbook.sampling import Samples
from quantgod.orderbook.schema import bars_schema


@dataclass(frozen=True, eq=False)
class Bars:
    """``n`` bars in time order, as arrays."""

    columns: Mapping[str, NDArray[np.generic]]  # (n,) each, by name; times in milliseconds
    levels: Float64Array  # (n, 4N) closing books, in the schema's order; NaN: no such level

    def __len__(self) -> int:
        return len(self.levels)


@dataclass(frozen=True, eq=False)
class Resampled:
    """Result of resampling one window."""

    bars: Bars
    counts: Counts


def resample(samples: Samples, bar_interval_ms: int) -> Resampled:
    """Summarise samples, cut to N levels per side, into bars.

    Args:
        samples: of a window that is a whole number of bars.
        bar_interval_ms: W, a multiple of the samples' interval.
    """
    per_bar = bar_interval_ms // samples.interval_ms
    volumes = samples.message_count.reshape(-1, per_bar).sum(axis=1, dtype=np.int64)
    # T = t + W belongs to bar t, so the bar of T is the one that contains T - 1 ms.
    bar_of_sample = (samples.time_ms - 1 - samples.start_ms) // bar_interval_ms
    bars, starts = np.unique(bar_of_sample, return_index=True)
    starts = starts.astype(np.int64)
    ends = np.append(starts, len(samples))[1:].astype(np.int64)
    open_ms = samples.start_ms + bars * bar_interval_ms
    columns = {
        "datetime": open_ms,
        "available_at": open_ms + bar_interval_ms,
        "volume": volumes[bars],
        "sample_count": ends - starts,
        **_summarise(samples, starts, ends)._asdict(),
    }
    unsampled = int(volumes.sum() - volumes[bars].sum())
    made = Bars(columns, _closing_books(samples, ends - 1))
    return Resampled(made, Counts(messages_without_sample=unsampled))


class Statistics(NamedTuple):
    """Statistics of ``n`` bars' samples, by the names of the bars' columns."""

    open: Float64Array  # (n,), as all columns
    high: Float64Array
    low: Float64Array
    close: Float64Array
    volatility: Float64Array
    max_spread: Float64Array
    mean_obi: Float64Array
    mean_deep_obi: Float64Array
    max_staleness_ms: Int64Array


class _Figures(NamedTuple):
    """The columns of the samples that bars summarise."""

    micro_price: Float64Array
    spread: Float64Array
    obi: Float64Array
    deep_obi: Float64Array
    staleness_ms: Int64Array


def _summarise(samples: Samples, starts: Int64Array, ends: Int64Array) -> Statistics:
    """Compute the statistics of bars with the samples ``starts : ends``."""
    figures = _Figures(*(getattr(samples, name) for name in _Figures._fields))
    count = len(starts)
    columns = np.empty((len(Statistics._fields) - 1, count))
    statistics = Statistics._make([*columns, np.empty(count, np.int64)])
    _fill_statistics(figures, starts, ends, statistics)
    return statistics


def _closing_books(samples: Samples, rows: NDArray[np.int64]) -> Float64Array:
    """Return the books of some samples: (rows, 4N), in the order of the schema."""
    sides = (samples.bid_price, samples.bid_size, samples.ask_price, samples.ask_size)
    books = np.stack([side[rows] for side in sides], axis=2)
    return books.reshape(len(rows), 4 * books.shape[1])


def to_table(parts: Sequence[Bars]) -> pa.Table:
    """Join the bars of consecutive windows into a table with the schema ``bars_schema(levels)``."""
    levels = np.asfortranarray(np.concatenate([part.levels for part in parts]))
    schema = bars_schema(levels.shape[1] // 4)
    named = schema.names[: len(parts[0].columns)]
    columns = [np.concatenate([part.columns[name] for part in parts]) for name in named]
    arrays = [to_arrow(column, kind) for column, kind in zip(columns, schema.types, strict=False)]
    # The price of a missing level, NaN, becomes null.
    arrays += [to_arrow(level, pa.float64()) for level in levels.T]
    return pa.Table.from_arrays(arrays, schema=schema)


@inlined_kernel
def _range_of(values):
    """Return (min, max), both NaN if any value is."""
    low = high = values[0]
    for value in values:
        if np.isnan(value):
            return value, value
        low, high = min(low, value), max(high, value)
    return low, high


@inlined_kernel
def _mean(values):
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


@inlined_kernel
def _volatility(values):
    """Compute the standard deviation (ddof 1) in two passes; exactly 0 for equal values."""
    low, high = _range_of(values)
    if len(values) < 2 or low == high:
        return 0.0
    mean, squares = _mean(values), 0.0
    for value in values:
        squares += (value - mean) * (value - mean)
    return np.sqrt(squares / (len(values) - 1))


@kernel
def _fill_statistics(samples, starts, ends, bars):
    for bar in range(len(starts)):
        a, b = starts[bar], ends[bar]
        prices = samples.micro_price[a:b]
        bars.open[bar], bars.close[bar] = prices[0], prices[-1]
        bars.low[bar], bars.high[bar] = _range_of(prices)
        bars.volatility[bar] = _volatility(prices)
        bars.max_spread[bar] = _range_of(samples.spread[a:b])[1]
        bars.mean_obi[bar] = _mean(samples.obi[a:b])
        bars.mean_deep_obi[bar] = _mean(samples.deep_obi[a:b])
        bars.max_staleness_ms[bar] = _range_of(samples.staleness_ms[a:b])[1]
