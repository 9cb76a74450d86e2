"""Hand-made bars and finished tables of one day; every value is valid unless a test changes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from quantgod.orderbook.features import LastBar, add_features
from quantgod.orderbook.schema import bars_schema, level_names
from tests.support.stream_plans import D0

BAR_MS = 60_000


def make_bars(
    opens: Sequence[int], closes: Sequence[float] | None = None, levels: int = 2, **columns: Any
) -> pa.Table:
    """Make bars that open the given number of minutes after the start of the day.

    The book is 99, 98, … bid and 101, 102, … ask; `columns` replace the plain ones.
    """
    count = len(opens)
    times = [D0 + minute * BAR_MS for minute in opens]
    closes = [100.0 + i for i in range(count)] if closes is None else closes
    values: dict[str, Any] = {
        "datetime": times,
        "available_at": [time + BAR_MS for time in times],
        **dict.fromkeys(("open", "high", "low", "close"), closes),
        "volume": [3] * count,
        "volatility": [0.5] * count,
        "max_spread": [2.0] * count,
        "mean_obi": [0.25] * count,
        "mean_deep_obi": [-0.25] * count,
        "sample_count": [60] * count,
        "max_staleness_ms": [999] * count,
    }
    for level in range(levels):
        for name, value in zip(
            level_names(level), (99.0 - level, 1.0, 101.0 + level, 0.001), strict=True
        ):
            values[name] = [value] * count
    schema = bars_schema(levels)
    return pa.table({name: (values | columns)[name] for name in schema.names}, schema=schema)


def make_output(opens: Sequence[int] = (0, 1, 2), levels: int = 2, **columns: Any) -> pa.Table:
    """Make the finished table of such bars; the close before the first bar is 100."""
    before = LastBar(D0 + (opens[0] - 1) * BAR_MS, 100.0) if opens else None
    table = add_features(make_bars(opens, levels=levels), BAR_MS, levels, before).table
    for name, values in columns.items():
        table = put_column(table, name, values)
    return table


def put_column(table: pa.Table, name: str, values: Sequence[Any]) -> pa.Table:
    """Replace the values of one column."""
    index = table.schema.get_field_index(name)
    field = table.schema.field(index)
    return table.set_column(index, field, pa.array(values, field.type))


def put_value(table: pa.Table, name: str, row: int, value: object) -> pa.Table:
    """Replace the value in one row of one column."""
    values = table[name].to_pylist()
    values[row] = value
    return put_column(table, name, values)
