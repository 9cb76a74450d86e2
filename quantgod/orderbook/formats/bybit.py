"""Bybit v5 ``orderbook.N.SYMBOL`` messages, one JSON object per line (contract §1.1).

The compiled scanner reads lines of the stream's usual form. A JSON library reads any other line,
with the same result, and the scanner may learn its form. Both pass the message to
``admit_message``.
"""

from __future__ import annotations

import re
from functools import partial

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.calendar import Window
from quantgod.orderbook.formats.dialect import Dialect, Message, Text
from quantgod.orderbook.formats.ndjson import lines as ndjson
from quantgod.orderbook.formats.ndjson import scanner
from quantgod.orderbook.formats.ndjson.line_form import example_of, form_of
from quantgod.orderbook.formats.tokens import line_end
from quantgod.orderbook.messages import Cursor, MessageBuilder, Parsed


def parse_window(text: Text, cursor: Cursor, window: Window) -> Parsed:
    """Parse one window of a text at ``cursor.offset``; the message that ends it stays unread.

    Raises:
        MixedStreamError: a message has another symbol or topic than the stream's first.
    """
    builder = MessageBuilder(cursor, window)
    ended = False
    while not ended and len(lines := text.lines()):
        consumed, ended = _parse_lines(lines, builder)
        text.advance(consumed)
    return builder.finish(text.offset, at_end=not ended)


def _parse_lines(lines: NDArray[np.uint8], builder: MessageBuilder) -> tuple[int, bool]:
    """Parse whole lines; return the bytes read and whether the window ended there."""
    builder.reserve(*scanner.most_in(len(lines)))
    position = 0
    while position < len(lines):
        form = form_of(builder.example)
        position, status = scanner.scan(lines, position, builder.batch, form)
        if status == scanner.SLOW_LINE:
            end = line_end(lines, position)
            if not _parse_slowly(lines[position:end].tobytes(), builder):
                return position, True
            position = end
        elif status == scanner.WINDOW_ENDED:
            return position, True
    return position, False


def _parse_slowly(line: bytes, builder: MessageBuilder) -> bool:
    """Parse one line by the JSON library; False if its message belongs to a later window."""
    message = read_message(line)
    if not ndjson.take_line(line, message, builder):
        return False
    if message is not None:
        example = example_of(line, message.update_id is not None)
        builder.example = example or builder.example
    return True


def read_message(line: bytes) -> Message | None:
    """Read one line as the contract defines it; None if it is not a message."""
    try:
        found = ndjson.load_json(line)
        data = found["data"]
        bids, asks = (ndjson.read_levels(data[side], 2) for side in "ba")
        kind, ts, update_id = found["type"], found["ts"], data.get("u")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not (isinstance(kind, str) and kind in ("snapshot", "delta") and ndjson.is_int64(ts)):
        return None
    if "u" in data and not ndjson.is_int64(update_id):
        return None
    topic, symbol = map(ndjson.text_or_none, (found.get("topic"), data.get("s")))
    return Message(ts, kind == "snapshot", update_id, topic, symbol, bids, asks)


def claim(head: bytes) -> int:
    """Return the offset of the first message, or the end: Bybit is the default dialect."""
    found = ndjson.find_message(read_message, head)
    return found[0] if found else len(head)


def promised_depth(topic: str | None) -> int:
    """Return the levels per side of a topic: 200 for ``orderbook.200.BTCUSDT``; 0 if unknown."""
    match = re.fullmatch(r"orderbook\.(\d{1,6})\..+", topic or "")
    return int(match[1]) if match else 0


DIALECT = Dialect(
    name="Bybit NDJSON",
    suffixes=ndjson.SUFFIXES,
    claim=claim,
    parse_window=parse_window,
    read_head=partial(ndjson.read_stream_head, read_message),
    promised_depth=promised_depth,
)
