"""Features (contract §4): returns over gaps and midnight, formulas worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quantgod.orderbook.features import LastBar, add_features, previous_closes, times_ms
from quantgod.orderbook.schema import output_schema
from tests.support.day_tables import BAR_MS, make_bars
from tests.support.stream_plans import D0


def closes_before(opens: list[int], before: LastBar | None) -> list[float | None]:
    """Return the previous close of bars that close at 10, 11, …, or None."""
    times = np.array([D0 + minute * BAR_MS for minute in opens], np.int64)
    closes = 10.0 + np.arange(len(opens))
    found = previous_closes(times, closes, BAR_MS, before)
    return [None if math.isnan(close) else close for close in found]


def bar_before(minute: int, close: float = 5.0) -> LastBar:
    return LastBar(D0 + minute * BAR_MS, close)


@pytest.mark.parametrize(
    ("opens", "before", "expected"),
    [
        ([0, 1, 2], None, [None, 10.0, 11.0]),
        ([0, 1, 2], bar_before(-1), [5.0, 10.0, 11.0]),
        ([0, 1, 2], bar_before(-2), [None, 10.0, 11.0]),
        ([0, 1, 2], bar_before(0), [None, 10.0, 11.0]),
        ([0, 1, 2], bar_before(-1441), [None, 10.0, 11.0]),
        ([3, 4], bar_before(-1), [None, 10.0]),
        ([3, 4], bar_before(2), [5.0, 10.0]),
        ([0, 2, 3, 7], bar_before(-1), [5.0, None, 11.0, None]),
        ([5], None, [None]),
        ([], bar_before(-1), []),
        ([], None, []),
    ],
)
def test_previous_close_is_that_of_the_bar_t_minus_W(  # noqa: N802
    opens: list[int], before: LastBar | None, expected: list[float | None]
) -> None:
    """§4: of no other bar: none after a gap, or if the day before ended earlier."""
    assert closes_before(opens, before) == expected


def test_formulas_of_a_falling_bar() -> None:
    bars = make_bars([1], open=[110.0], high=[120.0], low=[90.0], close=[95.0], volume=[4])
    (row,) = add_features(bars, BAR_MS, 2, bar_before(0, 80.0)).table.to_pylist()
    assert row["body"] == math.log(95 / 110)
    assert (row["upper_wick"], row["lower_wick"]) == ((120 - 110) / 80, (95 - 90) / 80)
    assert (row["log_ret_close"], row["log_volume"]) == (math.log(95 / 80), math.log(5))


def test_formulas_of_a_rising_bar() -> None:
    bars = make_bars([1], open=[95.0], high=[120.0], low=[90.0], close=[110.0], volume=[0])
    (row,) = add_features(bars, BAR_MS, 2, bar_before(0, 160.0)).table.to_pylist()
    assert row["body"] == math.log(110 / 95)
    assert (row["upper_wick"], row["lower_wick"]) == ((120 - 110) / 160, (95 - 90) / 160)
    assert (row["log_ret_close"], row["log_volume"]) == (math.log(110 / 160), 0.0)


def test_each_row_has_its_own_previous_close() -> None:
    """§4: a bar that is not written as a row still gives its close to the next one."""
    featured = add_features(make_bars([0, 1, 4, 5], [100.0, 110.0, 121.0, 100.0]), BAR_MS, 2, None)
    assert featured.warmup_rows == 2
    minutes = (times_ms(featured.table) - D0) // BAR_MS
    assert minutes.tolist() == [1, 5]
    returns = featured.table["log_ret_close"].to_pylist()
    assert returns == [math.log(110 / 100), math.log(100 / 121)]


def test_no_row_left() -> None:
    """§4: bars but no rows give a table without rows, with the full schema."""
    for bars in (make_bars([0]), make_bars([0, 2, 4]), make_bars([])):
        featured = add_features(bars, BAR_MS, 2, None)
        assert (featured.table.num_rows, featured.warmup_rows) == (0, bars.num_rows)
        assert featured.table.schema.equals(output_schema(2), check_metadata=True)


def test_order_types_and_columns_carried_over() -> None:
    """§4: every column of the bars is in the output, untouched, also a missing level."""
    bars = make_bars([0, 1, 2], bid_1_p=[98.0, None, None], bid_1_s=[1.0, 0.0, 0.0])
    table = add_features(bars, BAR_MS, 2, bar_before(-1)).table
    assert table.schema.equals(output_schema(2), check_metadata=True)
    for name in bars.schema.names:
        assert table[name].equals(bars[name]), name


def test_bars_of_many_chunks() -> None:
    """Bars of several windows are one table."""
    parts = [make_bars([0, 1], [100.0, 101.0]), make_bars([2], [102.0])]
    whole = add_features(pa.concat_tables(parts), BAR_MS, 2, None)
    assert whole.table["log_ret_close"].to_pylist() == [math.log(1.01), math.log(102 / 101)]


def test_times_are_milliseconds() -> None:
    bars = make_bars([0, 7])
    assert times_ms(bars).tolist() == [D0, D0 + 7 * BAR_MS]
    assert times_ms(bars, "available_at").tolist() == [D0 + BAR_MS, D0 + 8 * BAR_MS]
    assert times_ms(make_bars([])).tolist() == []


def test_pandas_reads_datetime_as_the_index(tmp_path: Path) -> None:
    """§4: the index in UTC, and no column; a level that does not exist is NaN."""
    bars = make_bars([0, 1], ask_1_p=[102.0, None], ask_1_s=[1.0, 0.0])
    table = add_features(bars, BAR_MS, 2, bar_before(-1)).table
    pq.write_table(table, tmp_path / "day.parquet")
    frame = pd.read_parquet(tmp_path / "day.parquet")
    assert isinstance(frame.index, pd.DatetimeIndex)
    assert (frame.index.name, str(frame.index.dtype)) == ("datetime", "datetime64[ms, UTC]")
    assert frame.index[0] == pd.Timestamp(D0, unit="ms", tz="UTC")
    assert list(frame.columns) == output_schema(2).names[1:]
    assert str(frame["available_at"].dtype) == "datetime64[ms, UTC]"
    assert math.isnan(frame["ask_1_p"].iloc[1])
