"""Bars → the feature columns (contract §4), with returns across midnight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from quantgod.orderbook.arrays.arrow import to_arrow, to_mask, to_numpy
from quantgod.orderbook.messages import Float64Array, Int64Array
from quantgod.orderbook.schema import output_schema


@dataclass(frozen=True)
class LastBar:
    """The last bar of a series' previous day, from which the first return is computed."""

    open_ms: int
    close: float


@dataclass(frozen=True, eq=False)
class Featured:
    """A table with the output's schema, and the number of bars without a previous close."""

    table: pa.Table
    warmup_rows: int


def times_ms(table: pa.Table, column: str = "datetime") -> Int64Array:
    """Return a time column as integer milliseconds since the epoch, UTC."""
    return to_numpy(table[column])


def previous_closes(
    open_ms: Int64Array, closes: Float64Array, bar_interval_ms: int, before: LastBar | None
) -> Float64Array:
    """Return the close of bar ``t - W`` for each bar ``t``: (n,), NaN if there is no such bar.

    Args:
        open_ms: (n,) bar opens of one day, rising.
        closes: (n,)
        before: the last bar of the previous day, adjacent or not.
    """
    previous_open = np.concatenate([[before.open_ms if before else -1], open_ms[:-1]])
    previous_close = np.concatenate([[before.close if before else np.nan], closes[:-1]])
    follows = open_ms - previous_open == bar_interval_ms
    return np.where(follows, previous_close, np.nan)


def add_features(
    bars: pa.Table, bar_interval_ms: int, levels: int, before: LastBar | None
) -> Featured:
    """Return one day's output table, unscaled, without the bars that have no previous close."""
    close = to_numpy(bars["close"])
    previous = previous_closes(times_ms(bars), close, bar_interval_ms, before)
    has_return = ~np.isnan(previous)
    bars, previous = bars.filter(to_mask(has_return)), previous[has_return]
    derived = _derived(bars, previous)
    schema = output_schema(levels)
    columns = [
        to_arrow(derived[field.name], field.type) if field.name in derived else bars[field.name]
        for field in schema
    ]
    return Featured(pa.Table.from_arrays(columns, schema=schema), int((~has_return).sum()))


def _derived(bars: pa.Table, prev_close: Float64Array) -> dict[str, Float64Array]:
    """Compute the derived columns by the formulas of contract §4."""
    open_, high, low, close, volume = (
        to_numpy(bars[name]) for name in ("open", "high", "low", "close", "volume")
    )
    # The checks find, count and refuse values that are not finite.
    with np.errstate(all="ignore"):
        return {
            "body": np.log(close / open_),
            "upper_wick": (high - np.maximum(open_, close)) / prev_close,
            "lower_wick": (np.minimum(open_, close) - low) / prev_close,
            "log_ret_close": np.log(close / prev_close),
            "log_volume": np.log(1.0 + volume),
        }
