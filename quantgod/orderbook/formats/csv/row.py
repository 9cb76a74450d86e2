"""One row of a CSV dialect by Python's csv module: the slow path, which decides what a row is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantgod.orderbook.formats.csv.columns import (
    KIND,
    NAME,
    PREVIOUS_ID,
    PRICE,
    SIDE,
    SIZE,
    SLOTS,
    Layout,
)
from quantgod.orderbook.messages import INT64_MAX, INT64_MIN

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"[0-9]{1,19}", re.ASCII)  # as many digits as 64 bits hold
_SIGNED = re.compile(r"-?[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True)
class Row:
    """One row by the letter of the contract."""

    names: tuple[str, ...]  # of the stream
    values: tuple[int, ...]  # (SLOTS,) integers, and words as 0 or 1, by what they are
    price: float
    size: float


def split_row(line: bytes) -> list[str] | None:
    """The fields of a line; None if it is no row."""
    try:
        text = line.decode("utf-8").removesuffix("\n").removesuffix("\r")
        (fields,) = csv.reader([text], strict=True)
    except (ValueError, csv.Error):
        return None
    return fields


def read_row(line: bytes, layout: Layout) -> Row | None:
    """One line as a row of the dialect; None if it is not one."""
    fields = split_row(line)
    if fields is None or len(fields) != len(layout.slots):
        return None
    values, numbers = [0] * SLOTS, {}
    try:
        for slot, field in zip(layout.slots, fields, strict=True):
            if slot in (PRICE, SIZE):
                numbers[slot] = _read_number(field)
            elif slot != NAME:
                values[slot] = _read_value(field, slot, layout)
    except ValueError:
        return None
    if numbers[PRICE] == 0.0:
        return None
    names = tuple(fields[: layout.slots.count(NAME)])
    return Row(names, tuple(values), numbers[PRICE], numbers[SIZE])


def _read_value(field: str, slot: int, layout: Layout) -> int:
    if slot == KIND:
        return layout.kinds.index(field)
    if slot == SIDE:
        return layout.sides.index(field)
    if slot == PREVIOUS_ID:
        # None at all: no message comes before it. The greatest one has none behind it.
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
    """The line of some fields, without its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue().encode()
