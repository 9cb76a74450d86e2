"""OKX's historical order books, one JSON object a line (contract §1.3).

Every line goes through a JSON library: there is no compiled scanner for them.
"""

from __future__ import annotations

import re
from functools import partial

from quantgod.orderbook.formats.dialect import Dialect, Message
from quantgod.orderbook.formats.ndjson.lines import (
    SUFFIXES,
    find_message,
    is_int64,
    load_json,
    parse_lines,
    read_levels,
    read_stream_head,
)

_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)  # as many as 64 bits hold
_LEVEL_TEXTS = 3  # price, size, number of orders


def read_message(line: bytes) -> Message | None:
    """One line by the letter of the contract; None if it is not a message."""
    if b'"instId"' not in line:  # also where lines are many, and of another dialect
        return None
    try:
        found = load_json(line)
        bids = read_levels(found["bids"], _LEVEL_TEXTS)
        asks = read_levels(found["asks"], _LEVEL_TEXTS)
        symbol, action, digits = found["instId"], found["action"], found["ts"]
        ts = int(digits) if _DIGITS.fullmatch(digits) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not (isinstance(symbol, str) and action in ("snapshot", "update") and is_int64(ts)):
        return None
    return Message(ts, action == "snapshot", None, None, symbol, bids, asks)


def claim(head: bytes) -> int | None:
    """Offset of the first line that is OKX's."""
    found = find_message(read_message, head)
    return found[0] if found else None


def promised_depth(_: str | None) -> int:
    """Nothing in a line tells how deep the book is."""
    return 0


DIALECT = Dialect(
    name="OKX NDJSON",
    suffixes=SUFFIXES,
    claim=claim,
    parse_window=partial(parse_lines, read_message),
    read_head=partial(read_stream_head, read_message),
    promised_depth=promised_depth,
)
