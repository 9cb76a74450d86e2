"""Compare, to the bit, the rows of two tables that can be known at ``T``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from quantgod.orderbook.arrays.arrow import to_mask
from quantgod.orderbook.calendar import iso
from quantgod.orderbook.features import times_ms
from quantgod.orderbook.messages import Int64Array

KEPT_DIFFERENCES = 10

Value = float | int | str | None


@dataclass(frozen=True)
class Difference:
    """One value that is not the same to the bit."""

    datetime_ms: int  # the row: its bar's open
    column: str  # ``datetime`` where one table has no such row
    original: Value  # None: null, or no such row
    perturbed: Value

    def __str__(self) -> str:
        return (
            f"{self.column} of the row {iso(self.datetime_ms)}: "
            f"{_shown(self.original)} became {_shown(self.perturbed)}"
        )


@dataclass(frozen=True)
class Comparison:
    """What comparing tables gave; comparisons of parts add up."""

    rows: int = 0  # of the original that are known at T
    differing: int = 0  # values
    first: tuple[Difference, ...] = ()  # the first few of them

    def __add__(self, other: Comparison) -> Comparison:
        first = (*self.first, *other.first)[:KEPT_DIFFERENCES]
        return Comparison(self.rows + other.rows, self.differing + other.differing, first)


def compare_known(original: pa.Table, perturbed: pa.Table, instant_ms: int) -> Comparison:
    """Compare the rows with ``available_at <= T`` of two bar or output tables, to the bit.

    NaN equals NaN of the same bits, null only null, and ``-0.0`` is not ``0.0``.

    Raises:
        ValueError: they are not tables of one schema.
    """
    if not original.schema.equals(perturbed.schema):
        raise ValueError("two schemas cannot be compared")
    original, perturbed = _known(original, instant_ms), _known(perturbed, instant_ms)
    if _as_bytes(original).equals(_as_bytes(perturbed)):
        return Comparison(original.num_rows)
    times, other_times = times_ms(original), times_ms(perturbed)
    rows = _differing_rows(times, other_times)
    _, mine, theirs = np.intersect1d(times, other_times, assume_unique=True, return_indices=True)
    values = _differing_values(original.take(mine), perturbed.take(theirs))
    return Comparison(len(times)) + rows + values


def _known(table: pa.Table, instant_ms: int) -> pa.Table:
    return table.filter(to_mask(times_ms(table, "available_at") <= instant_ms))


def _as_bytes(table: pa.Table) -> pa.Buffer:
    """A table as one buffer: equal ones are the quick proof that nothing differs."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return sink.getvalue()


def _differing_rows(times: Int64Array, other_times: Int64Array) -> Comparison:
    """Rows that only one table has."""
    lost, new = np.setdiff1d(times, other_times).tolist(), np.setdiff1d(other_times, times).tolist()
    found = [Difference(time, "datetime", iso(time), None) for time in lost]
    found += [Difference(time, "datetime", None, iso(time)) for time in new]
    found.sort(key=lambda difference: difference.datetime_ms)
    return Comparison(0, len(found), tuple(found[:KEPT_DIFFERENCES]))


def _differing_values(original: pa.Table, perturbed: pa.Table) -> Comparison:
    """Values that differ in rows that both have, row by row."""
    differs = np.zeros((original.num_columns, original.num_rows), np.bool_)
    for index, (mine, theirs) in enumerate(zip(original.columns, perturbed.columns, strict=True)):
        for part, other_part in zip(_bits(mine), _bits(theirs), strict=True):
            differs[index] |= part != other_part
    times, names = times_ms(original), original.column_names
    first = tuple(
        Difference(
            int(times[row]), names[index],
            _value(original.column(index), row), _value(perturbed.column(index), row),
        )
        for row, index in np.argwhere(differs.T)[:KEPT_DIFFERENCES].tolist()
    )  # fmt: skip
    return Comparison(0, int(differs.sum()), first)


def _bits(column: pa.ChunkedArray) -> tuple[NDArray[np.bool_], Int64Array]:
    """Which values are there, and their bits."""
    is_valid = column.is_valid().to_numpy()
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    values = column.fill_null(0).to_numpy()
    is_float = values.dtype == np.float64
    return is_valid, values.view(np.int64) if is_float else values.astype(np.int64)


def _value(column: pa.ChunkedArray, row: int) -> Value:
    if pa.types.is_timestamp(column.type):
        return str(column[row].as_py())
    value: Value = column[row].as_py()
    return value


def _shown(value: Value) -> str:
    """A value with its bits where its text may hide a difference."""
    if isinstance(value, float):
        return f"{value!r} ({np.float64(value).view(np.uint64):016x})"
    return "nothing" if value is None else str(value)
