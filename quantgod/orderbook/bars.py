"""Samples → bars (contract §4): open bars ``t`` cover the samples with ``t < T <= t + W``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from quantgod.orderbook.arrays.arrow import to_arrow
from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.messages import Float64Array
from quantgod.orderbook.sampling import Samples
from quantgod.orderbook.schema import bars_schema


@dataclass(frozen=True, eq=False)
class Bars:
    """``n`` bars in time order, as arrays."""

    columns: Mapping[str, NDArray[np.generic]]  # (n,) each, by name; times in milliseconds
    levels: Float64Array  # (n, 4N) the closing books, in the schema's order; NaN: no such level

    def __len__(self) -> int:
        return len(self.levels)


@dataclass(frozen=True, eq=False)
class Resampled:
    """What resampling one window gives."""

    bars: Bars
    counts: Counts


def make_bars(samples: Samples, bar_interval_ms: int) -> Resampled:
    """Summarise a window's samples, cut to N levels a side, into bars.

    Args:
        samples: of a window that is a whole number of bars.
        bar_interval_ms: W, a multiple of the samples' interval.
    """
    per_bar = bar_interval_ms // samples.interval_ms
    volumes = samples.message_count.reshape(-1, per_bar).sum(axis=1, dtype=np.int64)
    # T = t + W belongs to bar t, so the bar of an instant is that of the moment before it.
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
        **_statistics(samples, starts, ends),
    }
    unsampled = int(volumes.sum() - volumes[bars].sum())
    made = Bars(columns, _closing_books(samples, ends - 1))
    return Resampled(made, Counts(messages_without_sample=unsampled))


def _statistics(
    samples: Samples, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> dict[str, NDArray[np.generic]]:
    """The columns that summarise each bar's samples ``starts : ends``."""
    names = (
        "open", "high", "low", "close", "volatility", "max_spread", "mean_obi", "mean_deep_obi",
    )  # fmt: skip
    figures = np.empty((len(names), len(starts)))
    max_staleness = np.empty(len(starts), np.int64)
    _summarise(
        starts, ends, samples.micro_price, samples.spread, samples.obi, samples.deep_obi,
        samples.staleness_ms, figures, max_staleness,
    )  # fmt: skip
    return {**dict(zip(names, figures, strict=True)), "max_staleness_ms": max_staleness}


def _closing_books(samples: Samples, rows: NDArray[np.int64]) -> Float64Array:
    """The books of the given samples, level by level in the order of the schema."""
    sides = (samples.bid_price, samples.bid_size, samples.ask_price, samples.ask_size)
    books = np.stack([side[rows] for side in sides], axis=2)
    return books.reshape(len(rows), 4 * books.shape[1])


def to_table(parts: Sequence[Bars]) -> pa.Table:
    """The bars of consecutive windows as one table with the schema ``bars_schema(levels)``."""
    levels = np.asfortranarray(np.concatenate([part.levels for part in parts]))
    schema = bars_schema(levels.shape[1] // 4)
    named = schema.names[: len(parts[0].columns)]
    columns = [np.concatenate([part.columns[name] for part in parts]) for name in named]
    arrays = [to_arrow(column, kind) for column, kind in zip(columns, schema.types, strict=False)]
    # A level that does not exist has no price: NaN becomes null.
    arrays += [to_arrow(level, pa.float64()) for level in levels.T]
    return pa.Table.from_arrays(arrays, schema=schema)


@inlined_kernel
def _range_of(values):
    """(Least, greatest) value; NaN if there is one."""
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
    """Sample standard deviation (ddof 1) in two passes; exactly 0 when all values are equal."""
    low, high = _range_of(values)
    if len(values) < 2 or low == high:
        return 0.0
    mean, squares = _mean(values), 0.0
    for value in values:
        squares += (value - mean) * (value - mean)
    return np.sqrt(squares / (len(values) - 1))


@kernel
def _summarise(
    starts, ends, micro_price, spread, obi, deep_obi, staleness_ms, figures, max_staleness
):  # fmt: skip
    """Fill a column of ``figures`` for each bar, in the order of ``_statistics``."""
    for bar in range(len(starts)):
        a, b = starts[bar], ends[bar]
        prices = micro_price[a:b]
        low, high = _range_of(prices)
        figures[0, bar] = prices[0]
        figures[1, bar] = high
        figures[2, bar] = low
        figures[3, bar] = prices[-1]
        figures[4, bar] = _volatility(prices)
        figures[5, bar] = _range_of(spread[a:b])[1]
        figures[6, bar] = _mean(obi[a:b])
        figures[7, bar] = _mean(deep_obi[a:b])
        max_staleness[bar] = _range_of(staleness_ms[a:b])[1]
