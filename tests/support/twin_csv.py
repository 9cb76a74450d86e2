"""The slow, obvious twin of the CSV readers: contract §1.2, one row at a time.

It reads a whole text into messages with Python's csv module and `itertools.groupby`.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from tests.support.twin_messages import INT64, Message, MixedStream

TARDIS_HEADER = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
SPOT_HEADER = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty"
FUTURES_HEADER = SPOT_HEADER + ",pu"

NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
SIZE_COLUMN = {TARDIS_HEADER: "amount", SPOT_HEADER: "qty", FUTURES_HEADER: "qty"}
SIDES = {TARDIS_HEADER: ("bid", "ask"), SPOT_HEADER: ("b", "a"), FUTURES_HEADER: ("b", "a")}


@dataclass(frozen=True)
class Row:
    """One readable row."""

    cells: dict[str, str]  # by column
    price: float
    size: float

    def integer(self, column: str) -> int:
        """Return a column that holds an integer."""
        return int(self.cells[column])


def read_tardis(text: bytes, counts: dict[str, int]) -> tuple[list[Message], list[int]]:
    """Adjacent rows that share local_timestamp and is_snapshot are one message."""
    rows, unreadable = read_rows(text, counts, TARDIS_HEADER)
    messages: list[Message] = []
    was_snapshot = False
    for _, group in groupby(rows, lambda r: (r.integer("local_timestamp"), r.cells["is_snapshot"])):
        first, *others = group
        is_snapshot = first.cells["is_snapshot"] == "true"
        replaces = is_snapshot and not was_snapshot  # the first of a run
        ts = first.integer("timestamp") // 1000
        messages.append(make_message([first, *others], "bid", replaces, ts, None, None))
        was_snapshot = is_snapshot
    counts["messages"] += len(messages)
    return messages, unreadable


def read_binance(text: bytes, counts: dict[str, int]) -> tuple[list[Message], list[int]]:
    """Adjacent rows that share timestamp, last_update_id and update_type are one message."""
    header = FUTURES_HEADER if b",pu" in text.lstrip().partition(b"\n")[0] else SPOT_HEADER
    rows, unreadable = read_rows(text, counts, header)
    messages: list[Message] = []
    for (ts, update_id, kind), group in groupby(rows, binance_key):
        first, *others = group
        previous = first.integer("first_update_id") - 1
        if header == FUTURES_HEADER:
            previous = int(first.cells["pu"] or -1)
        found = make_message([first, *others], "b", kind == "snap", ts, update_id, previous)
        messages.append(found)
    counts["messages"] += len(messages)
    return messages, unreadable


def binance_key(row: Row) -> tuple[int, int, str]:
    """Return the values that the rows of one message share."""
    return row.integer("timestamp"), row.integer("last_update_id"), row.cells["update_type"]


def make_message(
    rows: list[Row], bid: str, replaces: bool, ts: int, update_id: int | None, previous: int | None
) -> Message:
    """Return a message of rows that belong together."""
    bids = [(row.price, row.size) for row in rows if row.cells["side"] == bid]
    asks = [(row.price, row.size) for row in rows if row.cells["side"] != bid]
    symbol = rows[0].cells["symbol"]
    return Message(replaces, ts, bids, asks, update_id, previous, symbol, None)


def read_rows(text: bytes, counts: dict[str, int], header: str) -> tuple[list[Row], list[int]]:
    """Return the readable rows after the header, and the numbers of the unreadable lines."""
    rows: list[Row] = []
    unreadable: list[int] = []
    numbered = list(filled_lines(text))
    counts["lines"] += len(numbered)
    for number, line in numbered[1:]:
        row = read_row(line, header)
        if row is None:
            counts["unreadable"] += 1
            unreadable.append(number)
        else:
            rows.append(row)
    if len({(row.cells.get("exchange"), row.cells["symbol"]) for row in rows}) > 1:
        raise MixedStream("rows of more than one stream")
    return rows, unreadable


def filled_lines(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers from 1."""
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip(b" \t\r"):
            yield number, line.removesuffix(b"\r")


def read_row(line: bytes, header: str) -> Row | None:
    """Return the line as a row, or None if it is not one."""
    try:
        (cells,) = csv.reader([line.decode("utf-8")], strict=True)
    except (csv.Error, ValueError):
        return None
    columns = header.split(",")
    if len(cells) != len(columns):
        return None
    named = dict(zip(columns, cells, strict=True))
    if not all(CHECKS.get(column, is_any)(cell) for column, cell in named.items()):
        return None
    if named["side"] not in SIDES[header]:
        return None
    price, size = read_number(named["price"]), read_number(named[SIZE_COLUMN[header]])
    if price is None or size is None or price == 0:
        return None
    return Row(named, price, size)


def read_number(text: str) -> float | None:
    """Return the float64 nearest to the text, or None."""
    value = float(text) if NUMBER.fullmatch(text) else math.inf
    return None if math.isinf(value) else value


def is_any(_: str) -> bool:
    """Accept any name."""
    return True


def is_natural(text: str) -> bool:
    """Return whether a text is an integer from 0 that fits 64 bits, of at most 19 digits."""
    return re.fullmatch("[0-9]{1,19}", text) is not None and int(text) in INT64


def is_previous_id(text: str) -> bool:
    """Return whether a text is empty, or an id that leaves room for the next one."""
    if text == "":
        return True
    return re.fullmatch("-?[0-9]{1,19}", text) is not None and int(text) + 1 in INT64[1:]


CHECKS: dict[str, Callable[[str], bool]] = {
    "timestamp": is_natural,
    "local_timestamp": is_natural,
    "first_update_id": is_natural,
    "last_update_id": is_natural,
    "pu": is_previous_id,
    "is_snapshot": ("true", "false").__contains__,
    "update_type": ("snap", "set").__contains__,
}
