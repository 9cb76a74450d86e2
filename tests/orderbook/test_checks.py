"""The checks of a table (contract §7): a pass, and each way to fail."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from quantgod.orderbook.calendar import DAY_MS
from quantgod.orderbook.checks import (
    Finding,
    check_books,
    check_schema,
    check_table,
    check_times,
    check_values,
)
from quantgod.orderbook.recipe import DayGrid
from quantgod.orderbook.schema import FEATURES, bars_schema, output_schema
from tests.support.day_tables import BAR_MS, make_bars, make_output, put_value
from tests.support.stream_plans import D0

GRID = DayGrid(D0, BAR_MS)
SCHEMA = output_schema(2)
PRICES = ("open", "high", "low", "close")
INTEGERS = ("volume", "sample_count", "max_staleness_ms")


def times(*opens: int) -> np.ndarray:
    """Return times the given number of ms after the start of the day."""
    return D0 + np.array(opens, np.int64)


# ---------------------------------------------------------------- a table as a whole


def test_a_good_table_passes_every_check() -> None:
    """One finding per check, so that a report lists every check made."""
    findings = check_table(make_output(), SCHEMA, GRID, 2)
    assert findings == [
        Finding("schema", "ok", "26 columns"),
        Finding("finite values", "ok", "3 rows"),
        Finding("time order", "ok", "3 rows"),
        Finding("book order", "ok", "3 books of 2 levels per side"),
    ]


def test_bars_and_empty_tables_pass_too() -> None:
    for table, schema in ((make_bars([0, 1]), bars_schema(2)), (make_output([]), SCHEMA)):
        assert {finding.severity for finding in check_table(table, schema, GRID, 2)} == {"ok"}


def test_each_check_of_a_table_is_made() -> None:
    table = make_output()
    for name, value, check in (
        ("close", math.nan, "finite values"),
        ("datetime", D0, "time order"),
        ("bid_0_p", 98.0, "book order"),
    ):
        findings = check_table(put_value(table, name, 2, value), SCHEMA, GRID, 2)
        assert [f.check for f in findings if f.severity == "error"] == [check]


# ---------------------------------------------------------------- schema


def test_schema_wrong_name() -> None:
    table = make_output().rename_columns({"high": "High"})
    expected = "column 3: expected high double, found High double"
    assert check_schema(table, SCHEMA) == Finding("schema", "error", expected)


def test_schema_wrong_order() -> None:
    names = SCHEMA.names
    names[2], names[3] = names[3], names[2]
    finding = check_schema(make_output().select(names), SCHEMA)
    assert finding.severity == "error"
    assert finding.figures == "column 2: expected open double, found high double"


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("volume", pa.int32(), "expected volume int64, found volume int32"),
        ("datetime", pa.timestamp("us", tz="UTC"), "found datetime timestamp[us, tz=UTC]"),
        ("available_at", pa.timestamp("ms"), "found available_at timestamp[ms]"),
        ("ask_1_s", pa.float32(), "expected ask_1_s double, found ask_1_s float"),
    ],
)
def test_schema_wrong_type(name: str, kind: pa.DataType, shown: str) -> None:
    table = make_output()
    index = table.schema.get_field_index(name)
    finding = check_schema(table.set_column(index, name, table[name].cast(kind)), SCHEMA)
    assert finding.severity == "error"
    assert finding.figures.endswith(shown)


def test_schema_columns_missing_or_too_many() -> None:
    table = make_output()
    more = table.append_column("extra", pa.array([1, 2, 3]))
    fewer = table.select(SCHEMA.names[:-1])
    assert check_schema(more, SCHEMA).figures == "expected 26 columns, found 27"
    assert check_schema(fewer, SCHEMA).figures == "expected 26 columns, found 25"
    middle = table.drop_columns(["open"])
    assert check_schema(middle, SCHEMA).figures.startswith("column 2: expected open")


def test_nothing_else_is_looked_at_under_a_wrong_schema() -> None:
    findings = check_table(make_output(levels=1), SCHEMA, GRID, 2)
    assert [(finding.check, finding.severity) for finding in findings] == [("schema", "error")]


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("value", [math.nan, None, math.inf, -math.inf])
@pytest.mark.parametrize("name", [*PRICES, *FEATURES, "bid_1_s", "ask_0_s"])
def test_values_must_be_finite(name: str, value: float | None) -> None:
    """§7: OHLC, features and the sizes of levels."""
    finding = check_values(put_value(make_output(), name, 1, value))
    assert finding == Finding("finite values", "error", f"NaN or Inf in {name}: 1")


@pytest.mark.parametrize("name", [*INTEGERS, "available_at"])
def test_no_value_may_be_missing(name: str) -> None:
    """§7: nor the volume, which is an integer and so null, not NaN."""
    finding = check_values(put_value(make_output(), name, 1, None))
    assert finding == Finding("finite values", "error", f"NaN or Inf in {name}: 1")


@pytest.mark.parametrize("name", ["bid_1_p", "ask_0_p"])
def test_a_levels_price_may_be_missing_but_not_infinite(name: str) -> None:
    """§7: NaN in a level's size, Inf anywhere."""
    for value, severity in ((None, "ok"), (math.inf, "error"), (-math.inf, "error")):
        assert check_values(put_value(make_output(), name, 1, value)).severity == severity


def test_values_are_counted_by_column() -> None:
    table = make_output(open=[math.nan, 1.0, None], mean_obi=[math.inf, 0.0, 0.0])
    assert check_values(table).figures == "NaN or Inf in open: 2, mean_obi: 1"


def test_long_lists_are_cut() -> None:
    """Twenty are named, the rest counted."""
    table = make_output(levels=20)
    for level in range(20):
        table = put_value(table, f"bid_{level}_s", 0, math.nan)
    assert check_values(table).figures.endswith("bid_18_s: 1, bid_19_s: 1")
    for count, name in ((1, "ask_19_s"), (2, "ask_18_s")):
        table = put_value(table, name, 0, None)
        figures = check_values(table).figures
        assert (figures.endswith(f": 1 and {count} more"), figures.count(": 1")) == (True, 20)


# ---------------------------------------------------------------- times


@pytest.mark.parametrize("opens", [(), (0,), (0, BAR_MS), (DAY_MS - BAR_MS,), (0, 5 * BAR_MS)])
def test_times_in_order(opens: tuple[int, ...]) -> None:
    assert check_times(times(*opens), GRID) == Finding("time order", "ok", f"{len(opens)} rows")


@pytest.mark.parametrize(
    ("opens", "figures"),
    [
        ((0, 60_000, 60_000), "1 not after the row before, first 2024-08-08 00:01:00"),
        ((60_000, 0), "1 not after the row before, first 2024-08-08 00:00:00"),
        ((0, 60_001), "1 off the grid, first 2024-08-08 00:01:00.001"),
        ((30_000,), "1 off the grid, first 2024-08-08 00:00:30"),
        ((-60_000, 0), "1 outside the day, first 2024-08-07 23:59:00"),
        ((0, DAY_MS, DAY_MS + 60_000), "2 outside the day, first 2024-08-09 00:00:00"),
        (
            (0, 0, 5, DAY_MS),
            (
                "1 not after the row before, first 2024-08-08 00:00:00; "
                "1 off the grid, first 2024-08-08 00:00:00.005; "
                "1 outside the day, first 2024-08-09 00:00:00"
            ),
        ),
    ],
)
def test_times_out_of_order(opens: tuple[int, ...], figures: str) -> None:
    """§7: strictly increasing, on the grid, inside the day; each with its count and first row."""
    assert check_times(times(*opens), GRID) == Finding("time order", "error", figures)


# ---------------------------------------------------------------- books


def test_books_in_order() -> None:
    """Missing levels at the far end are valid, and so is a book of one level."""
    thin = make_output(bid_1_p=[None] * 3, bid_1_s=[0.0] * 3)
    for table, levels in ((thin, 2), (make_output(levels=1), 1), (make_output([]), 2)):
        assert check_books(table, levels).severity == "ok"


@pytest.mark.parametrize(
    ("changes", "figures"),
    [
        ({"bid_1_p": 99.0}, "bids not strictly decreasing: 1 rows"),
        ({"bid_1_p": 99.5}, "bids not strictly decreasing: 1 rows"),
        ({"ask_1_p": 101.0}, "asks not strictly increasing: 1 rows"),
        ({"ask_1_p": 100.5}, "asks not strictly increasing: 1 rows"),
        ({"bid_0_p": 101.0}, "best bid not below best ask: 1 rows"),
        ({"bid_0_p": 101.5}, "best bid not below best ask: 1 rows"),
        ({"bid_0_p": None, "bid_0_s": 0.0, "bid_1_p": None, "bid_1_s": 0.0}, "best bid not below"),
        ({"bid_0_p": None, "bid_0_s": 0.0}, "a level after a missing one: 1 rows"),
        ({"ask_0_p": None, "ask_0_s": 0.0}, "a level after a missing one: 1 rows"),
        ({"bid_1_s": 0.0}, "size where no price, or none where a price: 1 rows"),
        ({"bid_1_s": -1.0}, "size where no price, or none where a price: 1 rows"),
        ({"ask_1_s": 0.0}, "size where no price, or none where a price: 1 rows"),
        ({"ask_1_s": -1.0}, "size where no price, or none where a price: 1 rows"),
        ({"bid_1_p": None}, "size where no price, or none where a price: 1 rows"),
        ({"ask_1_p": None}, "size where no price, or none where a price: 1 rows"),
    ],
)
def test_books_out_of_order(changes: dict[str, float | None], figures: str) -> None:
    """§7: one row is enough."""
    table = make_output()
    for name, value in changes.items():
        table = put_value(table, name, 1, value)
    finding = check_books(table, 2)
    assert finding.severity == "error"
    assert figures in finding.figures


@pytest.mark.parametrize(
    ("changes", "figures"),
    [
        ({"bid_1_p": 97.0, "bid_2_p": 98.0}, "bids not strictly decreasing: 1 rows"),
        ({"ask_1_p": 103.0, "ask_2_p": 102.0}, "asks not strictly increasing: 1 rows"),
        ({"bid_1_p": None, "bid_1_s": 0.0}, "a level after a missing one: 1 rows"),
        ({"ask_1_p": None, "ask_1_s": 0.0}, "a level after a missing one: 1 rows"),
    ],
)
def test_levels_are_held_to_the_level_before(
    changes: dict[str, float | None], figures: str
) -> None:
    """§7: each level is compared with the level before it, not only with the best one."""
    table = make_output(levels=3)
    for name, value in changes.items():
        table = put_value(table, name, 1, value)
    assert check_books(table, 3) == Finding("book order", "error", figures)


def test_wrong_books_are_counted() -> None:
    """Rows, not levels."""
    table = make_output(bid_0_p=[101.0, 99.0, 102.0], bid_1_p=[102.0, 98.0, 103.0])
    assert check_books(table, 2).figures == (
        "bids not strictly decreasing: 2 rows; best bid not below best ask: 2 rows"
    )
