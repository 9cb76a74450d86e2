"""What the parser made of a text, as plain tuples: to hold the scanner to the slow path."""

from __future__ import annotations

from orderbook.formats import bybit
from orderbook.formats.bybit import Message
from orderbook.messages import Cursor, Messages, Parsed
from tests.bybit_lines import Line
from tests.core import MemoryText, cut_day
from tests.stream_plans import D0
from tests.streams import DAY

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


def parse(text: bytes, cursor: Cursor = NAMED) -> Parsed:
    """Read a whole day's text; `cursor` knows the stream's names already unless told."""
    return bybit.parse_window(MemoryText(text), cursor, WINDOW)


def facts_of(messages: Messages) -> list[Fact]:
    """Return what a batch says, a message a tuple: time, kind, update id, bids, asks."""
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
    """Return the same of a line that the slow path read; nothing of one that is no message."""
    if message is None:
        return []
    head = message.ts, message.is_snapshot, message.update_id
    return [(*head, message.bids, message.asks)]
