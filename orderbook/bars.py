"""Samples → bars (contract §4): open bars ``t`` cover the samples with ``t < T <= t + W``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orderbook.counts import Counts
from orderbook.kernel import kernel
from orderbook.messages import Float64Array
from orderbook.sampling import Samples
from orderbook.schema import bars_schema


@dataclass(frozen=True, eq=False)
class Resampled:
    """What resampling one window gives."""

    bars: pa.Table  # schema ``bars_schema(levels)``, in time order
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
    ends = np.append(starts, len(samples))[1:].astype(np.int64)
    open_ms = samples.start_ms + bars * bar_interval_ms
    table = _table(samples, starts.astype(np.int64), ends, open_ms, bar_interval_ms, volumes[bars])
    unsampled = int(volumes.sum() - volumes[bars].sum())
    return Resampled(table, Counts(messages_without_sample=unsampled))


def _table(
    samples: Samples,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    open_ms: NDArray[np.int64],
    bar_interval_ms: int,
    volumes: NDArray[np.int64],
) -> pa.Table:
    figures = np.empty((8, len(starts)))
    max_staleness = np.empty(len(starts), np.int64)
    _summarise(
        starts, ends, samples.micro_price, samples.spread, samples.obi, samples.deep_obi,
        samples.staleness_ms, figures, max_staleness,
    )  # fmt: skip
    first, high, low, close, volatility, max_spread, mean_obi, mean_deep_obi = figures
    columns = [
        open_ms, open_ms + bar_interval_ms, first, high, low, close, volumes,
        volatility, max_spread, mean_obi, mean_deep_obi, ends - starts, max_staleness,
        *_level_columns(samples, ends - 1),
    ]  # fmt: skip
    schema = bars_schema(samples.bid_price.shape[1])
    arrays = [_array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(column: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """NaN becomes null: a level that does not exist has no price."""
    if pa.types.is_timestamp(kind):
        return pa.array(column.astype("datetime64[ms]"), type=kind)
    if pa.types.is_floating(kind):
        return pa.array(column, type=kind, mask=np.isnan(column))
    return pa.array(column.astype(kind.to_pandas_dtype()))


def _level_columns(samples: Samples, rows: NDArray[np.int64]) -> list[Float64Array]:
    """The books of the given samples, level by level in the order of the schema."""
    sides = (samples.bid_price, samples.bid_size, samples.ask_price, samples.ask_size)
    books = [np.asfortranarray(side[rows]) for side in sides]
    return [book[:, level] for level in range(books[0].shape[1]) for book in books]


@kernel
def _volatility(values):
    """Sample standard deviation (ddof 1) in two passes; exactly 0 when all values are equal."""
    n = len(values)
    if n < 2 or values.min() == values.max():
        return 0.0
    total = 0.0
    for value in values:
        total += value
    mean = total / n
    squares = 0.0
    for value in values:
        squares += (value - mean) * (value - mean)
    return np.sqrt(squares / (n - 1))


@kernel
def _mean(values):
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


@kernel
def _summarise(
    starts, ends, micro_price, spread, obi, deep_obi, staleness_ms, figures, max_staleness
):  # fmt: skip
    for bar in range(len(starts)):
        a, b = starts[bar], ends[bar]
        prices = micro_price[a:b]
        figures[0, bar] = prices[0]
        figures[1, bar] = prices.max()
        figures[2, bar] = prices.min()
        figures[3, bar] = prices[-1]
        figures[4, bar] = _volatility(prices)
        figures[5, bar] = spread[a:b].max()
        figures[6, bar] = _mean(obi[a:b])
        figures[7, bar] = _mean(deep_obi[a:b])
        max_staleness[bar] = staleness_ms[a:b].max()
