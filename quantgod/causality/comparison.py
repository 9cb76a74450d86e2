"""Compare, bit by bit, the rows of two tables that are known at ``T``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from quantgod.orderbook.arrays.arrow import to_mask
from quantgod.orderbook.calendar import iso
from quantgod.orderbook.features import times_ms

KEPT_DIFFERENCES = 10


@dataclass(frozen=True)
class Difference:
    """One value that differs."""

    datetime_ms: int  # the row: its bar's open
    column: str  # ``datetime`` where only one table has the row
    original: object  # None: null, or no such row
    perturbed: object

    def __str__(self) -> str:
        return (
            f"{self.column} of the row {iso(self.datetime_ms)}: "
            f"{_shown(self.original)} became {_shown(self.perturbed)}"
        )


@dataclass(frozen=True)
class Comparison:
    """The result of comparing tables; results for parts of a table add up."""

    rows: int = 0  # of the original that are known at T
    differing: int = 0  # values
    first: tuple[Difference, ...] = ()  # the first few of them

    def __add__(self, other: Comparison) -> Comparison:
        first = (*self.first, *other.first)[:KEPT_DIFFERENCES]
        return Comparison(self.rows + other.rows, self.differing + other.differing, first)


def compare_known(original: pa.Table, perturbed: pa.Table, instant_ms: int) -> Comparison:
    """Compare the rows with ``available_at <= T`` of two bar or output tables, bit by bit.

    NaN equals NaN of the same bits, null only null, and ``-0.0`` is not ``0.0``.

    Raises:
        ValueError: the tables have different schemas.
    """
    if not original.schema.equals(perturbed.schema):
        raise ValueError("two schemas cannot be compared")
    original, perturbed = _known(original, instant_ms), _known(perturbed, instant_ms)
    if _as_bytes(original).equals(_as_bytes(perturbed)):
        return Comparison(original.num_rows)
    mine, theirs = _rows_by_time(original), _rows_by_time(perturbed)
    found = [
        Difference(t, "datetime", *(iso(t) if t in rows else None for rows in (mine, theirs)))
        for t in sorted(mine.keys() ^ theirs.keys())
    ]
    for t in sorted(mine.keys() & theirs.keys()):
        for column, value in mine[t].items():
            if _shown(value) != _shown(theirs[t][column]):
                found.append(Difference(t, column, value, theirs[t][column]))
    return Comparison(original.num_rows, len(found), tuple(found[:KEPT_DIFFERENCES]))


def _known(table: pa.Table, instant_ms: int) -> pa.Table:
    return table.filter(to_mask(times_ms(table, "available_at") <= instant_ms))


def _as_bytes(table: pa.Table) -> pa.Buffer:
    """A table as one buffer: equal ones are the quick proof that nothing differs."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return sink.getvalue()


def _rows_by_time(table: pa.Table) -> dict[int, dict[str, object]]:
    return dict(zip(times_ms(table).tolist(), table.to_pylist(), strict=True))


def _shown(value: object) -> str:
    """A value as text that differs where any bit does."""
    if isinstance(value, float):
        return f"{value!r} ({np.float64(value).view(np.uint64):016x})"
    return "nothing" if value is None else str(value)
