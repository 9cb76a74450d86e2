"""Bybit lines (contract §1.1): which line is a message, its content, and its stream."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from quantgod.errors import MixedStreamError
from quantgod.orderbook.formats.bybit import DIALECT, promised_depth, read_message
from quantgod.orderbook.formats.dialect import Message
from quantgod.orderbook.messages import Cursor
from tests.support.bybit_lines import BREAKS, INT64_MAX, INT64_MIN, Line, Style, render
from tests.support.core import MemoryText
from tests.support.parsed import LINE, REAL, SYMBOL, TOPIC, facts, facts_of, parse
from tests.support.stream_plans import D0

LONG = "1" + "0" * 308  # nearly the greatest float64


def test_a_message() -> None:
    assert read_message(REAL) == Message(
        ts=1723075200103,
        is_snapshot=True,
        update_id=177400,
        topic=TOPIC,
        symbol=SYMBOL,
        bids=[(65114.2, 6.054), (65114.1, 0.001)],
        asks=[(65114.3, 1.5)],
    )


@pytest.mark.parametrize("name", BREAKS)
def test_any_other_line_is_unreadable(name: str) -> None:
    """§1.1: it changes nothing; scanner and slow path both count it with its number."""
    line = BREAKS[name](LINE)
    assert read_message(line) is None
    parsed = parse(REAL + b"\n" + line + b"\n")
    assert parsed.unreadable_lines == (2,)
    assert (parsed.counts.unreadable, parsed.counts.messages, parsed.counts.lines) == (1, 1, 2)
    assert facts_of(parsed.messages) == facts(read_message(REAL))


@pytest.mark.parametrize("key", ["ts", "type", "data", "b", "a", "u"])
def test_required_keys_of_a_message(key: str) -> None:
    """§1.1: `ts`, `type`, `data.b`, `data.a`; `data.u` may be absent, but not null."""
    found = json.loads(REAL)
    holder = found if key in found else found["data"]
    del holder[key]
    assert (read_message(json.dumps(found).encode()) is not None) == (key == "u")
    holder[key] = None
    assert read_message(json.dumps(found).encode()) is None


@pytest.mark.parametrize("raw", ["null", "5", "true", '["BTCUSDT"]', "{}"])
def test_names_are_strings_or_absent(raw: str) -> None:
    """Decision 2: null, or a value that is not a string, counts as absent."""
    message = read_message(render(LINE, Style(after=(("topic", raw),))))
    assert message is not None
    assert (message.topic, message.symbol) == (None, SYMBOL)
    message = read_message(render(LINE, Style(data_after=(("s", raw),))))
    assert message is not None
    assert (message.topic, message.symbol) == (TOPIC, None)


@pytest.mark.parametrize("value", [INT64_MIN, -1, 0, 10**18 - 1, 10**18, 10**18 + 1, INT64_MAX])
def test_integers_are_of_64_bits(value: int) -> None:
    """Decision 2: their ends included, for `ts` and `u`."""
    for style in (Style(), Style(space=" ")):
        line = render(replace(LINE, update_id=value), style)
        message = read_message(line)
        assert message is not None
        assert message.update_id == value
        assert facts_of(parse(line).messages) == facts(message)
        line = render(replace(LINE, ts=value), style)
        message = read_message(line)
        assert message is not None
        assert message.ts == parse(line).cursor.latest_ms == value


@pytest.mark.parametrize("style", [Style(), Style(space=" ")])
def test_no_update_id_is_none(style: Style) -> None:
    """§2: a missing update id is not the update id 0; its slot in the batch is empty."""
    messages = parse(render(replace(LINE, update_id=None), style)).messages
    assert (messages.has_update_id.tolist(), messages.update_id.tolist()) == ([False], [0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("0.1", 0.1), ("65114.20", 65114.2), ("0001", 1.0), ("9" * 15, 999999999999999.0)),
        *(("100.30000000000001", 100.30000000000001), ("9007199254740993", 9007199254740992.0)),
        *(("4503599627370497.5", 4503599627370497.5), ("0.00000001", 1e-8), ("00.10", 0.1)),
        *(("0." + "0" * 323 + "5", 5e-324), (LONG, 1e308), ("0.3" + "0" * 30, 0.3)),
        *(("1" * 15, 111111111111111.0), ("1" * 16, 1111111111111111.0), ("1." + "0" * 14, 1.0)),
        *(("18446744073709551617", 18446744073709551616.0), ("9.87654321098765", 9.87654321098765)),
        *(("0.99999999999999", 0.99999999999999), ("7", 7.0), ("7.0", 7.0), ("1234.567", 1234.567)),
    ],
)  # fmt: skip
def test_numbers_are_the_float64_nearest_to_their_text(text: str, value: float) -> None:
    """§2: for prices and sizes, in the scanner as in the slow path."""
    line = render(replace(LINE, bids=((text, text),), asks=((text, "0"), (text, text))))
    message = read_message(line)
    assert message is not None
    assert (message.bids, message.asks) == ([(value, value)], [(value, 0.0), (value, value)])
    assert facts_of(parse(line).messages) == facts(message)


def test_deep_json_is_unreadable_not_fatal() -> None:
    """§1.1: a line that the JSON library cannot nest is one more unreadable line."""
    deep = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    parsed = parse(deep + REAL)
    assert (parsed.counts.unreadable, parsed.counts.messages) == (1, 1)


# ---------------------------------------------------------------- names, heads


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (replace(LINE, symbol="ETHUSDT"), "symbol 'ETHUSDT' in a stream of symbol 'BTCUSDT'"),
        (replace(LINE, topic="orderbook.50.BTCUSDT"), "topic 'orderbook.50.BTCUSDT' in a stream"),
        (replace(LINE, symbol="BTCUSD"), "symbol 'BTCUSD' in"),
        (replace(LINE, symbol="BTCUSDTX"), "symbol 'BTCUSDTX' in"),
        (replace(LINE, ts=0, symbol="btcusdt"), "symbol 'btcusdt' in"),
    ],
)
def test_another_symbol_or_topic_ends_the_archive(other: Line, what: str) -> None:
    """§1.1: the error has the line and both names, also for a line too far outside the day."""
    with pytest.raises(MixedStreamError, match=what) as caught:
        parse(b"\n" + REAL + b"\n" + render(other) + b"\n", Cursor())
    assert caught.value.line == 3


def test_an_empty_name_is_a_name() -> None:
    """A different name after it ends the archive."""
    empty = render(replace(LINE, symbol="")) + b"\n"
    assert parse(empty * 2, Cursor()).cursor.symbol == ""
    with pytest.raises(MixedStreamError, match="symbol 'BTCUSDT' in a stream of symbol ''"):
        parse(empty + REAL, Cursor())
    with pytest.raises(MixedStreamError, match="symbol '' in a stream of symbol 'BTCUSDT'"):
        parse(REAL + b"\n" + empty, Cursor())


def test_names_with_odd_characters() -> None:
    """A stream may have any name: the JSON library then reads all of its lines."""
    odd = replace(LINE, symbol="BTC/USDT é", topic="orderbook.200.BTC/USDT é")
    parsed = parse((render(odd) + b"\n") * 3, Cursor())
    assert (parsed.cursor.symbol, parsed.counts.slow_lines) == ("BTC/USDT é", 3)
    with pytest.raises(MixedStreamError):
        parse(render(odd) + b"\n" + render(LINE), Cursor())


def test_the_head_of_a_stream() -> None:
    """§1: symbol, topic and time of the first message among the first lines."""
    text = b"\n \r\nhello\n" + REAL + b"\n" + render(replace(LINE, symbol="X")) + b"\n"
    head = DIALECT.read_head(MemoryText(text))
    assert (head.symbol, head.topic, head.first_ms) == (SYMBOL, TOPIC, 1723075200103)
    by_topic = DIALECT.read_head(MemoryText(render(replace(LINE, symbol=None))))
    assert (by_topic.symbol, by_topic.topic) == ("BTCUSDT", TOPIC)
    other = DIALECT.read_head(MemoryText(render(replace(LINE, topic="orderbook.1.X"))))
    assert (other.symbol, other.topic) == ("BTCUSDT", "orderbook.1.X")
    nameless = DIALECT.read_head(MemoryText(render(replace(LINE, symbol=None, topic=None))))
    assert (nameless.symbol, nameless.topic, nameless.first_ms) == (None, None, D0)
    assert (
        DIALECT.read_head(MemoryText(render(replace(LINE, symbol=None, topic="x.")))).symbol is None
    )


def test_the_head_is_searched_for_in_a_thousand_lines() -> None:
    for nothing in (b"", b"\n", b"{}\n" * 5, b"x\n" * 1000 + REAL):
        head = DIALECT.read_head(MemoryText(nothing))
        assert (head.symbol, head.topic, head.first_ms) == (None, None, None)
    assert DIALECT.read_head(MemoryText(b"x\n" * 999 + REAL)).symbol == SYMBOL


@pytest.mark.parametrize(
    ("topic", "depth"),
    [
        *(("orderbook.200.BTCUSDT", 200), ("orderbook.1.BTCUSDT", 1), ("orderbook.500.A.B", 500)),
        *((None, 0), ("", 0), ("orderbook.BTCUSDT", 0), ("orderbook.x.BTCUSDT", 0)),
        *(("trade.200.BTCUSDT", 0), ("orderbook.200", 0), ("orderbook.-5.BTCUSDT", 0)),
    ],
)
def test_promised_depth(topic: str | None, depth: int) -> None:
    """§1.1: the depth is in the topic, never in the date."""
    assert promised_depth(topic) == depth
