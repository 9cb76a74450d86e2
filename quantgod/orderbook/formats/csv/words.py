"""Rows one by one, as what they say: to give a CSV stream another future."""

from __future__ import annotations

from functools import partial

from quantgod.orderbook.formats.csv.columns import (
    ASK,
    BID,
    KIND,
    LAST_ID,
    PRICE,
    SIDE,
    SIZE,
    SNAPSHOT,
    TIME,
    Layout,
)
from quantgod.orderbook.formats.csv.row import join_row, read_row, split_row
from quantgod.orderbook.formats.dialect import Message, Words
from quantgod.orderbook.formats.ndjson.lines import write_decimal

# The future's first row begins its message: it must stay a row, and may not join the past's last.
_FIXED = frozenset({"other type", "one side", "other update id"})


def csv_words(layout: Layout) -> Words:
    """How the rows of a layout are read and written."""
    return Words(partial(_read, layout), partial(_write, layout), _FIXED)


def _read(layout: Layout, line: bytes) -> Message | None:
    row = read_row(line, layout)
    if row is None:
        return None
    levels = [(row.price, row.size)]
    return Message(
        ts=row.values[TIME] // layout.units_per_ms,
        is_snapshot=row.values[KIND] == SNAPSHOT,
        update_id=row.values[LAST_ID] if LAST_ID in layout.slots else None,
        topic=None,
        symbol=row.names[-1],
        bids=levels if row.values[SIDE] == BID else [],
        asks=levels if row.values[SIDE] == ASK else [],
    )


def _write(layout: Layout, line: bytes, message: Message) -> bytes:
    """A row a level; of a message without one, a row that deletes the line's own."""
    levels = [(BID, *level) for level in message.bids] + [(ASK, *level) for level in message.asks]
    row = read_row(line, layout)
    if not levels and row is not None:
        levels = [(row.values[SIDE], row.price, 0.0)]
    update_id = "" if message.update_id is None else str(message.update_id)
    lines = []
    for side, price, size in levels:
        said = {
            TIME: str(message.ts * layout.units_per_ms),
            LAST_ID: update_id,
            KIND: layout.kinds[message.is_snapshot],
            SIDE: layout.sides[side],
            PRICE: write_decimal(price),
            SIZE: write_decimal(size),
        }
        cells = zip(layout.slots, split_row(line) or [], strict=True)
        lines.append(join_row([said.get(slot, cell) for slot, cell in cells]))
    return b"\n".join(lines)
