"""Bybit v5 ``orderbook.N.SYMBOL`` messages, one JSON object a line (contract §1.1).

Lines of the form that a stream's lines share go through the compiled scanner; any other line goes,
alone, through a JSON library with the same result, and may teach the scanner its form. Both hand
the message to ``admit_message``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orderbook.calendar import Window
from orderbook.errors import MixedStreamError
from orderbook.formats import bybit_scanner as scanner
from orderbook.formats.bybit_form import example_of, form_of
from orderbook.formats.dialect import Dialect, StreamHead, Text
from orderbook.messages import (
    INT64_MAX,
    INT64_MIN,
    LINES,
    N_LEVELS,
    Cursor,
    MessageBuilder,
    Parsed,
    admit_message,
)

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_JSON_WHITE_SPACE = b" \t\r\n"
_HEAD_LINES = 1000  # lines searched for a stream's first message when only its name is asked


@dataclass(frozen=True)
class Message:
    """One message as the slow path reads it; levels as (price, size)."""

    ts: int
    is_snapshot: bool
    update_id: int | None
    topic: str | None
    symbol: str | None
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]


def parse_window(text: Text, cursor: Cursor, window: Window) -> Parsed:
    """Read the messages of one window, from the cursor on.

    Args:
        text: the member's text, standing at ``cursor.offset``.
        cursor: where the stream stands, from the window before.
        window: which times to read; the message that ends it stays unread.

    Raises:
        MixedStreamError: a message of another symbol or topic than the stream's first.
    """
    builder = MessageBuilder(cursor, window)
    ended = False
    while not ended and len(lines := text.lines()):
        consumed, ended = _parse_lines(lines, builder)
        text.advance(consumed)
    return builder.finish(text.offset, at_end=not ended)


def _parse_lines(lines: NDArray[np.uint8], builder: MessageBuilder) -> tuple[int, bool]:
    """Parse whole lines; returns the bytes read and whether the window ended there."""
    builder.reserve(*scanner.most_in(len(lines)))
    position = 0
    while position < len(lines):
        position, status = scanner.scan(
            lines, position, builder.state, *builder.columns, builder.price, builder.size,
            *form_of(builder.example).for_scanner(),
        )  # fmt: skip
        if status == scanner.SLOW_LINE:
            end = scanner.line_end(lines, position)
            if not _parse_slowly(lines[position:end].tobytes(), builder):
                return position, True
            position = end
        elif status == scanner.WINDOW_ENDED:
            return position, True
    return position, False


def _parse_slowly(line: bytes, builder: MessageBuilder) -> bool:
    """Read one line by the JSON library; False if its message belongs to a later window."""
    message = read_message(line)
    if message is None:
        builder.state[LINES] += 1
        builder.slow_lines += 1
        builder.note_unreadable()
        return True
    topic = _same("topic", builder.topic, message.topic, builder.line + 1)
    symbol = _same("symbol", builder.symbol, message.symbol, builder.line + 1)
    levels = message.bids + message.asks
    builder.reserve(1, len(levels))
    start = int(builder.state[N_LEVELS])
    end = start + len(levels)
    if levels:
        builder.price[start:end], builder.size[start:end] = np.array(levels).T
    admitted = admit_message(
        builder.state, *builder.columns, message.ts, message.update_id or 0,
        message.update_id is not None, message.is_snapshot, len(message.bids), end,
    )  # fmt: skip
    if not admitted:
        return False
    builder.topic, builder.symbol = topic, symbol
    builder.example = example_of(line, message.update_id is not None) or builder.example
    builder.state[LINES] += 1
    builder.slow_lines += 1
    return True


def _same(what: str, known: str | None, found: str | None, line: int) -> str | None:
    """The stream's topic or symbol after a message that names ``found``."""
    if known is not None and found is not None and known != found:
        raise MixedStreamError(
            f"{what} {found!r} in a stream of {what} {known!r}: one member holds one stream; "
            "split the archive",
            line=line,
        )
    return known if known is not None else found


def read_message(line: bytes) -> Message | None:
    """One line by the letter of the contract; None if it is not a message."""
    try:
        found = json.loads(
            line.decode("utf-8"), parse_constant=_refuse_constant, parse_int=_read_integer
        )
        data = found["data"]
        bids, asks = _levels(data["b"]), _levels(data["a"])
        kind, ts, update_id = found["type"], found["ts"], data.get("u")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not (isinstance(kind, str) and kind in ("snapshot", "delta") and _is_int64(ts)):
        return None
    if "u" in data and not _is_int64(update_id):
        return None
    return Message(
        ts,
        kind == "snapshot",
        update_id,
        _text(found.get("topic")),
        _text(data.get("s")),
        bids,
        asks,
    )


def _refuse_constant(name: str) -> None:
    """``NaN`` and ``Infinity`` are Python's own, not JSON."""
    raise ValueError(name)


def _read_integer(digits: str) -> int | None:
    """An integer, or None where it is too long for 64 bits: Python refuses to read 4301 digits."""
    return int(digits) if len(digits) <= 20 else None


def _levels(side: Any) -> list[tuple[float, float]]:
    if not isinstance(side, list):
        raise TypeError("a side is a list of levels")
    return [_level(level) for level in side]


def _level(level: Any) -> tuple[float, float]:
    if not isinstance(level, list):
        raise TypeError("a level is a list")
    price_text, size_text = level
    if not (_DECIMAL.fullmatch(price_text) and _DECIMAL.fullmatch(size_text)):
        raise ValueError("not a decimal")
    price, size = float(price_text), float(size_text)
    if not 0.0 < price < np.inf or size == np.inf:
        raise ValueError("price or size out of range")
    return price, size


def _is_int64(value: Any) -> bool:
    return type(value) is int and INT64_MIN <= value <= INT64_MAX


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def read_head(text: Text) -> StreamHead:
    """Symbol, topic and time of the first message among the first lines."""
    lines = text.lines().tobytes().split(b"\n", _HEAD_LINES)[:_HEAD_LINES]
    for line in lines:
        message = read_message(line) if line.strip(_JSON_WHITE_SPACE) else None
        if message:
            symbol = message.symbol or (message.topic or "").rpartition(".")[2] or None
            return StreamHead(symbol, message.topic, message.ts)
    return StreamHead(None, None, None)


def promised_depth(topic: str | None) -> int:
    """Levels a side of ``orderbook.200.BTCUSDT``: 200; 0 where the topic does not tell."""
    match = re.fullmatch(r"orderbook\.(\d{1,6})\..+", topic or "")
    return int(match[1]) if match else 0


DIALECT = Dialect(
    "Bybit NDJSON",
    (".data", ".json", ".jsonl", ".ndjson"),
    parse_window,
    read_head,
    promised_depth,
)
