"""Read one row of a CSV dialect by Python's csv module: the slow path, which defines a row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantgod.orderbook.formats.csv import columns as col
from quantgod.orderbook.formats.csv.columns import PRICE, SIZE, RowFormat
from quantgod.orderbook.messages import INT64_MAX, INT64_MIN

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"[0-9]{1,19}", re.ASCII)  # as many digits as 64 bits hold
_SIGNED = re.compile(r"-?[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True)
class Row:
    """One row, as the contract defines it."""

    names: tuple[str, ...]  # of the stream
    values: tuple[int, ...]  # (SLOTS,) integers, and literals as 0 or 1, by slot
    price: float
    size: float


def split_row(line: bytes) -> list[str] | None:
    """Split a line into its fields; None if it is not a row."""
    try:
        text = line.decode("utf-8").removesuffix("\n").removesuffix("\r")
        (fields,) = csv.reader([text], strict=True)
    except (ValueError, csv.Error):
        return None
    return fields


def read_row(line: bytes, row_format: RowFormat) -> Row | None:
    """Read one line as a row of the dialect; None if it is not one."""
    fields = split_row(line)
    if fields is None or len(fields) != len(row_format.slots):
        return None
    values, numbers = [0] * col.SLOTS, {}
    try:
        for slot, field in zip(row_format.slots, fields, strict=True):
            if slot in (PRICE, SIZE):
                numbers[slot] = _read_number(field)
            elif slot != col.NAME:
                values[slot] = _read_value(field, slot, row_format)
    except ValueError:
        return None
    if numbers[PRICE] == 0.0:
        return None
    names = tuple(fields[: row_format.slots.count(col.NAME)])
    return Row(names, tuple(values), numbers[PRICE], numbers[SIZE])


def _read_value(field: str, slot: int, row_format: RowFormat) -> int:
    if slot == col.KIND:
        return row_format.kinds.index(field)
    if slot == col.SIDE:
        return row_format.sides.index(field)
    if slot == col.PREVIOUS_ID:
        # Empty: no message precedes it. No id follows the greatest int64.
        return _in_range(_SIGNED, field or "-1", INT64_MAX - 1)
    return _in_range(_INTEGER, field, INT64_MAX)


def _in_range(pattern: re.Pattern[str], field: str, greatest: int) -> int:
    value = int(field) if pattern.fullmatch(field) else None
    if value is None or not INT64_MIN <= value <= greatest:
        raise ValueError("not an integer of 64 bits")
    return value


def _read_number(field: str) -> float:
    value = float(field) if _NUMBER.fullmatch(field) else np.inf
    if value == np.inf:
        raise ValueError("not a number, or out of range")
    return value


def join_row(fields: Sequence[str]) -> bytes:
    """Join fields into a line, without its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue().encode()
