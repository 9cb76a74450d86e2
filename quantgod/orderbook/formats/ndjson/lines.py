"""Shared code of dialects with one JSON object per line: values, windows, and the head of a text.

A dialect defines ``read_message``: line → ``Message``, or None if the line is not a message.
``parse_lines`` needs no more; a compiled scanner is optional.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np

from quantgod.orderbook.calendar import Window
from quantgod.orderbook.formats.dialect import Levels, Message, StreamHead, Text, require_same
from quantgod.orderbook.messages import (
    INT64_MAX,
    INT64_MIN,
    Cursor,
    Header,
    MessageBuilder,
    Parsed,
    admit_message,
)

SUFFIXES = (".data", ".json", ".jsonl", ".ndjson")

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_WHITE_SPACE = b" \t\r\n"
_HEAD_LINES = 1000  # lines searched for a stream's first message

ReadMessage = Callable[[bytes], Message | None]


# Readers of values raise ValueError or TypeError for an unexpected value.


def load_json(line: bytes) -> Any:
    """Load a line, strictly by RFC 8259."""
    text = line.decode("utf-8")
    return json.loads(text, parse_constant=_refuse_constant, parse_int=_read_integer)


def _refuse_constant(name: str) -> None:
    """Refuse ``NaN`` and ``Infinity``, which only Python accepts."""
    raise ValueError(name)


def _read_integer(digits: str) -> int | None:
    """Read an integer, or None if it exceeds 64 bits: Python refuses to read 4301 digits."""
    return int(digits) if len(digits) <= 20 else None


def read_levels(side: Any, width: int) -> Levels:
    """Read the levels of a side: lists of ``width`` values, first price and size as text."""
    if not isinstance(side, list):
        raise TypeError("a side is a list of levels")
    return [_read_level(level, width) for level in side]


def _read_level(level: Any, width: int) -> tuple[float, float]:
    if not isinstance(level, list) or len(level) != width:
        raise TypeError(f"a level is a list of {width}")
    price_text, size_text = level[:2]
    if not (_DECIMAL.fullmatch(price_text) and _DECIMAL.fullmatch(size_text)):
        raise ValueError("not a decimal")
    price, size = float(price_text), float(size_text)
    if not 0.0 < price < np.inf or size == np.inf:
        raise ValueError("price or size out of range")
    return price, size


def is_int64(value: Any) -> TypeGuard[int]:
    """Whether a value is an integer of 64 bits."""
    return type(value) is int and INT64_MIN <= value <= INT64_MAX


def text_or_none(value: Any) -> str | None:
    """Return a text; any other value counts as absent."""
    return value if isinstance(value, str) else None


def take_line(line: bytes, message: Message | None, builder: MessageBuilder) -> bool:
    """Add one line, as the JSON library read it; False if its message belongs to a later window.

    Raises:
        MixedStreamError: the message has another symbol or topic than the stream's first.
    """
    if message is None:
        _take_no_message(line, builder)
        return True
    number = builder.line + 1
    topic = require_same("topic", builder.topic, message.topic, number)
    symbol = require_same("symbol", builder.symbol, message.symbol, number)
    if not _admit(message, builder):
        return False
    builder.topic, builder.symbol = topic, symbol
    builder.counts["lines"][0] += 1
    builder.counts["slow_lines"][0] += 1
    return True


def _take_no_message(line: bytes, builder: MessageBuilder) -> None:
    if not line.strip(_WHITE_SPACE):
        builder.state["blank"][0] += 1
        return
    builder.counts["lines"][0] += 1
    builder.counts["slow_lines"][0] += 1
    builder.note_unreadable()


def _admit(message: Message, builder: MessageBuilder) -> bool:
    levels = message.bids + message.asks
    builder.reserve(1, len(levels))
    columns, start = builder.batch.columns, int(builder.state["levels"][0])
    end = start + len(levels)
    if levels:
        columns.price[start:end], columns.size[start:end] = zip(*levels, strict=True)
    update_id = message.update_id or 0  # ids are consecutive: first and last of the message
    has_update_id = message.update_id is not None
    header = Header(message.ts, update_id, update_id, has_update_id, message.is_snapshot)
    admitted: bool = admit_message(builder.batch, header, len(message.bids), end)
    return admitted


def parse_lines(read: ReadMessage, text: Text, cursor: Cursor, window: Window) -> Parsed:
    """Parse one window, each line by the JSON library; see ``Dialect``."""
    builder = MessageBuilder(cursor, window)
    while len(ahead := text.lines()):
        for line in ahead.tobytes().split(b"\n")[:-1]:
            if not take_line(line, read(line), builder):
                return builder.finish(text.offset, at_end=False)
            text.advance(len(line) + 1)
    return builder.finish(text.offset, at_end=True)


def find_message(read: ReadMessage, head: bytes) -> tuple[int, Message] | None:
    """Return the first message among the first lines, with the offset of its line."""
    offset = 0
    for line in head.split(b"\n", _HEAD_LINES)[:_HEAD_LINES]:
        message = read(line) if line.strip(_WHITE_SPACE) else None
        if message:
            return offset, message
        offset += len(line) + 1
    return None


def read_stream_head(read: ReadMessage, text: Text) -> StreamHead:
    """Return symbol, topic and time of the first message among the first lines."""
    found = find_message(read, text.lines().tobytes())
    if found is None:
        return StreamHead(None, None, None)
    message = found[1]
    symbol = message.symbol or (message.topic or "").rpartition(".")[2] or None
    return StreamHead(symbol, message.topic, message.ts)
