"""The slow, obvious twin of the reader: contract §1.1, one line at a time."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

INT64 = range(-(2**63), 2**63)
DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
MESSAGE_TYPES = ("snapshot", "delta")

Levels = list[tuple[float, float]]  # (price, size)


class MixedStream(Exception):  # noqa: N818
    """A message of another symbol or topic than the stream's first (§1.1)."""


@dataclass(frozen=True)
class Message:
    """One readable line."""

    is_snapshot: bool
    ts: int
    bids: Levels
    asks: Levels
    update_id: int | None
    previous_id: int | None  # the id of the message before, if no message is missing
    symbol: str | None
    topic: str | None


ReadLine = Callable[[bytes], Message | None]


def read_lines(
    text: bytes, counts: dict[str, int], read: ReadLine | None = None
) -> tuple[list[Message], list[int]]:
    """Return the messages in file order and the numbers (from 1) of the unreadable lines.

    `read` reads a line of a dialect other than Bybit's.
    """
    messages, unreadable_lines = [], []
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip(b" \t\r") == b"":
            continue
        counts["lines"] += 1
        message = (read or read_message)(line)
        if message is None:
            counts["unreadable"] += 1
            unreadable_lines.append(number)
        else:
            counts["messages"] += 1
            messages.append(message)
    return messages, unreadable_lines


def read_message(line: bytes) -> Message | None:
    """Return the line as a message, or None if it is not one (§1.1, "a line is a message if")."""
    try:
        root = json.loads(
            line.decode("utf-8"), parse_constant=refuse_constant, parse_int=read_integer
        )
    except ValueError:  # not UTF-8, or not JSON
        return None
    if not isinstance(root, dict) or not isinstance(root.get("data"), dict):
        return None
    data = root["data"]
    bids, asks = read_levels(data.get("b")), read_levels(data.get("a"))
    if root.get("type") not in MESSAGE_TYPES or bids is None or asks is None:
        return None
    if not is_int64(root.get("ts")) or ("u" in data and not is_int64(data["u"])):
        return None
    update_id = data.get("u")
    return Message(
        is_snapshot=root["type"] == "snapshot",
        ts=root["ts"],
        bids=bids,
        asks=asks,
        update_id=update_id,
        previous_id=None if update_id is None else update_id - 1,
        symbol=text_or_none(data.get("s")),
        topic=text_or_none(root.get("topic")),
    )


def refuse_constant(name: str) -> None:
    """Refuse `NaN`, `Infinity` and `-Infinity`, which are not JSON (RFC 8259)."""
    raise ValueError(name)


def read_integer(text: str) -> int | None:
    """Return an integer, or None if it cannot fit 64 bits (Python refuses to read 4301 digits)."""
    return int(text) if len(text) <= 20 else None


def is_int64(value: object) -> bool:
    """Return whether `value` is a 64-bit integer: neither a bool, nor 1.0, nor "1"."""
    return type(value) is int and value in INT64


def text_or_none(value: object) -> str | None:
    """Return a string as it is: `topic` and `data.s` are absent unless they are strings."""
    return value if isinstance(value, str) else None


def read_levels(levels: object) -> Levels | None:
    """Return `[(price, size), ...]` in listed order, or None unless every level is valid."""
    if not isinstance(levels, list):
        return None
    out = []
    for level in levels:
        if not isinstance(level, list) or len(level) != 2:
            return None
        if not all(isinstance(text, str) and DECIMAL.fullmatch(text) for text in level):
            return None
        price, size = float(level[0]), float(level[1])  # §2: the float64 nearest to the text
        if price == 0 or math.isinf(price) or math.isinf(size):
            return None
        out.append((price, size))
    return out


def name_stream(messages: list[Message]) -> tuple[str | None, str | None]:
    """Return symbol and topic of the stream; a message of another one ends it (§1.1)."""
    symbols = [message.symbol for message in messages if message.symbol is not None]
    topics = [message.topic for message in messages if message.topic is not None]
    for names in (symbols, topics):
        if any(name != names[0] for name in names):
            raise MixedStream(f"expected {names[0]!r}, found {sorted(set(names))}")
    topic = topics[0] if topics else None
    symbol = topic.split(".")[-1] if topic is not None else None
    return (symbols[0] if symbols else symbol), topic


def promised_depth(topic: str | None) -> int:
    """Return 200 for `orderbook.200.BTCUSDT`, 0 where a topic promises nothing."""
    parts = topic.split(".") if topic is not None else []
    return int(parts[1]) if len(parts) > 1 and re.fullmatch("[0-9]+", parts[1]) else 0
