"""Results of the parser, or of the scanner alone, in a form to compare with the JSON library's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quantgod.orderbook.calendar import HOUR_MS
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.formats.bybit import read_message
from quantgod.orderbook.formats.dialect import Message
from quantgod.orderbook.formats.ndjson import scanner as scanner
from quantgod.orderbook.formats.ndjson.line_form import example_of, form_of
from quantgod.orderbook.messages import (
    INT64_MAX,
    INT64_MIN,
    Cursor,
    MessageBuilder,
    Messages,
    Parsed,
)
from tests.support.bybit_lines import Line, Style, render
from tests.support.core import MemoryText, cut_day
from tests.support.stream_plans import D0
from tests.support.streams import DAY

Fact = tuple[int, bool, int | None, list[tuple[float, float]], list[tuple[float, float]]]

WINDOW = cut_day(DAY)[0]
TOPIC, SYMBOL = "orderbook.200.BTCUSDT", "BTCUSDT"
NAMED = Cursor(symbol=SYMBOL, topic=TOPIC)
LINE = Line("delta", D0, (("65114.20", "6.054"), ("65114.1", "0")), (("65120", "0.001"),), 177400)
REAL = (
    b'{"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":1723075200103,"data":{"s":"BTCUSDT",'
    b'"b":[["65114.20","6.054"],["65114.10","0.001"]],"a":[["65114.30","1.5"]],'
    b'"u":177400,"seq":7961638724},"cts":1723075200100}'
)
TORN = REAL[: len(REAL) // 2]
ODD = render(LINE, Style(space=" "))  # a message that teaches nothing


def parse(text: bytes, cursor: Cursor = NAMED) -> Parsed:
    """Read a whole day's text; by default `cursor` already knows the stream's names."""
    return bybit.parse_window(MemoryText(text), cursor, WINDOW)


def slow_lines(*lines: bytes, cursor: Cursor = NAMED) -> int:
    """Count the lines of a text that the JSON library had to read."""
    return parse(b"".join(line + b"\n" for line in lines), cursor).counts.slow_lines


def facts_of(messages: Messages) -> list[Fact]:
    """Return a batch as one tuple per message: time, kind, update id, bids, asks."""
    levels = list(zip(messages.price.tolist(), messages.size.tolist(), strict=True))
    facts = []
    for i in range(len(messages)):
        first, last = messages.level_start[i : i + 2].tolist()
        split = first + int(messages.bid_count[i])
        update_id = int(messages.update_id[i]) if messages.has_update_id[i] else None
        head = int(messages.time_ms[i]), bool(messages.is_snapshot[i]), update_id
        facts.append((*head, levels[first:split], levels[split:last]))
    return facts


def facts(message: Message | None) -> list[Fact]:
    """Return the same for a line that the slow path read; empty if the line is not a message."""
    if message is None:
        return []
    head = message.ts, message.is_snapshot, message.update_id
    return [(*head, message.bids, message.asks)]


# ---------------------------------------------------------------- one form


def learn(line: bytes) -> bytes | None:
    """Return the example that a line gives, or None, also if the line is not a message."""
    message = read_message(line)
    return example_of(line, message.update_id is not None) if message else None


def taught(line: bytes) -> Cursor:
    """Return a cursor at the start of a stream that has already learned the line's form."""
    return replace(NAMED, example=parse(line).cursor.example)


def scan(text: np.ndarray, builder: MessageBuilder, example: bytes | None) -> tuple[int, int]:
    """Scan a text by the form of one example alone; return the end position and the status."""
    builder.reserve(*scanner.most_in(len(text)))
    position, status = scanner.scan(text, 0, builder.batch, form_of(example))
    return int(position), int(status)


SCRATCH = MessageBuilder(NAMED, WINDOW)
SCRATCH.reserve(1, 1)  # allocates columns for a whole window


def make_builder() -> MessageBuilder:
    """Make an empty builder that shares its columns with all others made here.

    Tests scan a hundred thousand lines, and to allocate columns takes longer than to scan a line.
    """
    builder = MessageBuilder(NAMED, WINDOW)
    builder.batch = builder.batch._replace(columns=SCRATCH.batch.columns)
    return builder


def scan_line(line: bytes, example: bytes | None) -> list[Fact] | None:
    """Read one line by the form of an example; None if the scanner leaves it, or if it is blank."""
    text = np.frombuffer(line + b"\n", np.uint8)
    builder = make_builder()
    # No stamp is outside the day, so every message that is read shows in the result.
    builder.state["day_ms"] = INT64_MIN + HOUR_MS
    builder.state["day_end_ms"] = INT64_MAX - HOUR_MS
    position, status = scan(text, builder, example)
    assert (position, status) in ((len(text), scanner.ALL_READ), (0, scanner.SLOW_LINE))
    if builder.state["messages"][0] == 0:
        return None
    assert status == scanner.ALL_READ
    return facts_of(builder.finish(0, at_end=True).messages)


def assert_same(line: bytes, example: bytes | None) -> bool:
    """Compare the scanner with the JSON library; return whether it read the line at all."""
    found = scan_line(line, example)
    if found is None:
        return False
    message = read_message(line)
    assert found == facts(message), (example, line)
    # The scanner does not read names: they must be those of the form.
    assert example is not None
    assert names(message) == names(read_message(example)), (example, line)
    return True


def names(message: Message | None) -> tuple[str | None, str | None]:
    """Return topic and symbol of a line that must be a message."""
    assert message is not None
    return message.topic, message.symbol


KNOWN = replace(NAMED, example=learn(REAL))
