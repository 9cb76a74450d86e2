"""OKX's historical order books, one JSON object per line (contract §1.3).

A JSON library reads every line: there is no compiled scanner.
"""

from __future__ import annotations

import re
from functools import partial

from quantgod.orderbook.formats.dialect import Dialect, Message
from quantgod.orderbook.formats.ndjson import lines as ndjson

_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)  # at most the digits of an int64
_LEVEL_TEXTS = 3  # price, size, number of orders


def read_message(line: bytes) -> Message | None:
    """Read one line as the contract defines it; None if it is not a message."""
    if b'"instId"' not in line:  # quick answer for another dialect's lines
        return None
    try:
        found = ndjson.load_json(line)
        bids = ndjson.read_levels(found["bids"], _LEVEL_TEXTS)
        asks = ndjson.read_levels(found["asks"], _LEVEL_TEXTS)
        symbol, action, digits = found["instId"], found["action"], found["ts"]
        ts = int(digits) if _DIGITS.fullmatch(digits) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not (isinstance(symbol, str) and action in ("snapshot", "update") and ndjson.is_int64(ts)):
        return None
    return Message(ts, action == "snapshot", None, None, symbol, bids, asks)


def claim(head: bytes) -> int | None:
    """Return the offset of the first OKX message."""
    found = ndjson.find_message(read_message, head)
    return found[0] if found else None


DIALECT = Dialect(
    name="OKX NDJSON",
    suffixes=ndjson.SUFFIXES,
    claim=claim,
    parse_window=partial(ndjson.parse_lines, read_message),
    read_head=partial(ndjson.read_stream_head, read_message),
)
