"""Two tables are compared to the bit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from quantgod.causality.comparison import Comparison, Difference, compare_known
from quantgod.orderbook.schema import TIME
from tests.support.streams import NOON

OTHER_NAN = float(np.uint64(0x7FF8000000000001).view(np.float64))


def table(closes: list[float | None], first_row: int = 0) -> pa.Table:
    """Return one-second bars from NOON on; the first is known at ``NOON + 1000``."""
    opens = [NOON + 1000 * (first_row + row) for row in range(len(closes))]
    ends = [open_ms + 1000 for open_ms in opens]
    volumes = pa.array([1] * len(closes), pa.int64())
    columns = [pa.array(opens, TIME), pa.array(ends, TIME), pa.array(closes, pa.float64()), volumes]
    return pa.table(columns, names=["datetime", "available_at", "close", "volume"])


@pytest.mark.parametrize("value", [1.5, float("nan"), OTHER_NAN, -0.0, None])
def test_a_value_equals_itself(value: float | None) -> None:
    assert compare_known(table([value]), table([value]), NOON + 1000) == Comparison(rows=1)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [(0.0, -0.0), (0.3, 0.1 + 0.2), (float("nan"), OTHER_NAN), (None, 0.0), (None, float("nan"))],
)
def test_one_bit_is_a_difference(mine: float | None, theirs: float | None) -> None:
    found = compare_known(table([1.0, mine]), table([1.0, theirs]), NOON + 2000)
    assert (found.rows, found.differing) == (2, 1)
    (difference,) = found.first
    assert (difference.datetime_ms, difference.column) == (NOON + 1000, "close")
    told, other_told = str(difference).split(": ")[1].split(" became ")
    assert told != other_told


def test_only_known_rows_count() -> None:
    mine, theirs = table([1.0, 2.0, 3.0]), table([1.0, 2.5])
    assert compare_known(mine, theirs, NOON + 1999) == Comparison(rows=1)
    assert compare_known(mine, theirs, NOON + 2000).differing == 1
    assert compare_known(mine, theirs, NOON + 3000).differing == 2


def test_a_row_that_only_one_has_is_a_difference() -> None:
    lost = compare_known(table([1.0, 2.0]), table([2.0], first_row=1), NOON + 2000)
    assert (lost.rows, lost.differing) == (2, 1)
    assert lost.first == (Difference(NOON, "datetime", "2024-08-08 12:00:00", None),)
    new = compare_known(table([2.0], first_row=1), table([1.0, 2.0]), NOON + 2000)
    assert new.first == (Difference(NOON, "datetime", None, "2024-08-08 12:00:00"),)
    assert str(new.first[0]).endswith("nothing became 2024-08-08 12:00:00")


def test_comparisons_add_up_and_keep_the_first_differences() -> None:
    found = compare_known(table([1.0] * 8), table([2.0] * 8), NOON + 8000)
    both = found + compare_known(table([1.0] * 5, 8), table([2.0] * 5, 8), NOON + 99_000)
    assert (both.rows, both.differing, len(both.first)) == (13, 13, 10)
    assert both.first[9].datetime_ms == NOON + 9000


def test_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="schema"):
        compare_known(table([1.0]), table([1.0]).drop_columns(["close"]), NOON)
