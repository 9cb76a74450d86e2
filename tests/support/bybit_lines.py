"""Bybit NDJSON lines as text: good ones in every style, and a catalogue of broken ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

Level = tuple[str, str]
Pairs = tuple[tuple[str, str], ...]  # (key, raw JSON value)
Fields = dict[str, str]  # key -> raw JSON value

LINEAR_ORDER = ("topic", "type", "ts", "data", "cts")
SPOT_ORDER = ("topic", "ts", "type", "data", "cts")
DATA_ORDER = ("s", "b", "a", "u", "seq")
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)


@dataclass(frozen=True)
class Style:
    """How a line is written. No style changes the meaning of the line."""

    order: tuple[str, ...] = LINEAR_ORDER
    data_order: tuple[str, ...] = DATA_ORDER
    space: str = ""  # JSON white space around every token
    before: Pairs = ()  # unknown keys, or earlier duplicates: the last one counts
    after: Pairs = ()
    data_before: Pairs = ()
    data_after: Pairs = ()
    escapes: int = 0  # how many strings begin with a \u escape; -1: all
    missing: tuple[str, ...] = ()  # of topic, cts, s, seq


CANONICAL = Style()


@dataclass(frozen=True)
class Line:
    """The content of one message, whatever the style of its line."""

    kind: str
    ts: int
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    update_id: int | None = 1
    topic: str | None = "orderbook.200.BTCUSDT"
    symbol: str | None = "BTCUSDT"


def render(line: Line, style: Style = CANONICAL) -> bytes:
    """Write one line, without its end."""
    root, data = split_fields(line)
    for key in style.missing:
        root.pop(key, None)
        data.pop(key, None)
    return render_fields(root, data, style)


def split_fields(line: Line) -> tuple[Fields, Fields]:
    """Return the raw fields of the message and of its `data`."""
    root = {"type": quote(line.kind), "ts": str(line.ts), "cts": str(line.ts - 3)}
    data = {"b": quote_levels(line.bids), "a": quote_levels(line.asks), "seq": "7961638724"}
    if line.topic is not None:
        root["topic"] = quote(line.topic)
    if line.symbol is not None:
        data["s"] = quote(line.symbol)
    if line.update_id is not None:
        data["u"] = str(line.update_id)
    return root, data


def render_fields(root: Fields, data: Fields, style: Style = CANONICAL) -> bytes:
    """Join raw fields into a line; a "data" among `root` replaces `data`."""
    earlier = [pair for pair in style.data_before if pair[0] in data or pair[0] not in DATA_ORDER]
    inner = [*earlier, *in_order(data, style.data_order), *style.data_after]
    fields = {"data": join_object(inner, style.space), **root}
    text = join_object([*style.before, *in_order(fields, style.order), *style.after], style.space)
    count = {0: -1, -1: 0}.get(style.escapes, style.escapes)  # re.sub: 0 is all
    if count >= 0:
        text = re.sub(r'"([A-Za-z0-9])', lambda hit: f'"\\u{ord(hit[1]):04X}', text, count=count)
    return text.encode()


def in_order(fields: Fields, order: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the fields that exist, in `order`."""
    return [(key, fields[key]) for key in order if key in fields]


def join_object(pairs: list[tuple[str, str]], space: str) -> str:
    """Write a JSON object."""
    members = [f"{space}{quote(key)}{space}:{space}{value}{space}" for key, value in pairs]
    return f"{space}{{{','.join(members)}}}{space}"


def quote(text: str) -> str:
    """Write a plain string as JSON."""
    return f'"{text}"'


def quote_levels(levels: tuple[Level, ...]) -> str:
    """Write the levels of one side as JSON."""
    return "[" + ",".join(f'["{price}","{size}"]' for price, size in levels) + "]"


# ---------------------------------------------------------------- still messages

UNKNOWN_PAIRS: Pairs = (
    ("x", "null"),
    ("x", "-1.5e+10"),
    ("note", r'"\"ts\":5,\"u\":1}]\\"'),
    ("extra", '{"ts":1,"type":"delta","data":{"u":1,"b":[],"a":[]}}'),
    ("extra", '[[["100.1","1"]],{},"",true,{"b":[["5","5"]]}]'),
    ("big", "9" * 400),
    ("", '""'),
    ("é", '"\\u00e9\\ud83d\\ude00é"'),
    ("Ts", "1"),
    ("deep", "[" * 50 + "]" * 50),
)
UNKNOWN_ROOT_PAIRS: Pairs = (*UNKNOWN_PAIRS, ("s", '"ETHUSDT"'), ("u", '"1"'), ("b", "5"))
UNKNOWN_DATA_PAIRS: Pairs = (*UNKNOWN_PAIRS, ("ts", '"1"'), ("topic", '"x"'), ("type", "0"))
LATER_ROOT_PAIRS: Pairs = (  # a non-string topic is absent; cts and seq are never read
    *(*UNKNOWN_ROOT_PAIRS, ("topic", "null"), ("topic", "5"), ("topic", '["x"]')),
    *(("cts", '"x"'), ("cts", "null"), ("cts", "1e400")),
)
LATER_DATA_PAIRS: Pairs = (
    *(*UNKNOWN_DATA_PAIRS, ("s", "null"), ("s", "5"), ("seq", "1.5"), ("seq", "[]")),
)
EARLIER_ROOT_PAIRS: Pairs = (
    *UNKNOWN_ROOT_PAIRS,
    ("ts", "5"),
    ("ts", '"x"'),
    ("type", '"snapshot"'),
    ("type", "null"),
    ("data", '{"s":"ETHUSDT","b":[["100.1","7"]],"a":[],"u":1}'),
    ("data", "[]"),
)
EARLIER_DATA_PAIRS: Pairs = (
    *UNKNOWN_DATA_PAIRS,
    ("u", "1"),
    ("u", "1.5"),
    ("b", '[["100.1","7"]]'),
    ("a", '[["0","1"]]'),
    ("s", '"ETHUSDT"'),
)

# ---------------------------------------------------------------- no messages

BAD_DECIMALS = {
    **{f"text {text!r}": text for text in ("-1", "1e3", ".5", "5.", " 5", "5 ", "+5", "", ".")},
    **{f"text {text!r}": text for text in ("1.2.3", "1,5", "1_0", "0x10", "NaN", "inf", "-0", "٣")},
    "inner newline": "5\\n",
    "above float64": "1" + "0" * 400,
}
BAD_PRICES = {**BAD_DECIMALS, "0": "0", "0.00": "0.00", "below float64": "0." + "0" * 400 + "1"}
BAD_INTEGERS = {
    **{raw: raw for raw in ("null", "true", "false", "1.0", "1e3", "[1]", "{}", '"1723075200000"')},
    **{raw: raw for raw in (str(INT64_MAX + 1), str(INT64_MIN - 1))},
    "40 digits": "1" * 40,
}
BAD_SIDES = {
    **{raw: raw for raw in ("null", "{}", "0", '"[]"', '["100.1","1"]', "[[]]", "[null]", "[{}]")},
    **{raw: raw for raw in ('[["100.1"]]', '[["100.1","1","2"]]', '["ab"]', '[{"p":"1","s":"1"}]')},
    **{raw: raw for raw in ("[[100.1,1]]", '[[100.1,"1"]]', '[["100.1",1]]', '[["100.1",null]]')},
    **{f"price {n}": f'[["100.1","1"],["{text}","1"]]' for n, text in BAD_PRICES.items()},
    **{f"size {n}": f'[["100.1","1"],["100.2","{text}"]]' for n, text in BAD_DECIMALS.items()},
}
BAD_TYPES = ("null", '"trade"', '""', '"Snapshot"', '"delta "', "1", '["snapshot"]')
BAD_VALUES = (  # of an unknown key: the line is not JSON, or not UTF-8
    *(b"NaN", b"Infinity", b"-Infinity", b"01", b"+1", b".5", b"5.", b"0x10", b"1e", b"-", b"True"),
    *(b'"\t"', b'"\x00"', b'"\\q"', b'"\\u12g4"', b'"open', b"'x'", b"[1,]", b'{"y":1,}', b"{1:2}"),
    *(b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xc3"', b'"\xf5\x80\x80\x80"', b"", b"\xa0"),
)
WHOLE_LINES = (
    *(b"hello", b"null", b"true", b"5", b'"x"', b"[]", b"{}", b"\x0c", b"\xc2\xa0", b"\xff", b"{"),
    *(b'{"success":true,"ret_msg":"","op":"subscribe"}', b"\x00"),
)
EDITS: dict[str, Callable[[bytes], bytes]] = {
    "torn in the middle": lambda good: good[: len(good) // 2],
    "torn at the end": lambda good: good[:-1],
    "tail of a torn line": lambda good: good[len(good) // 2 :],
    "two objects": lambda good: good + good,
    "an array": lambda good: b"[" + good + b"]",
    "trailing comma": lambda good: good[:-1] + b",}",
    "trailing text": lambda good: good + b"x",
    "trailing NUL": lambda good: good + b"\x00",
    "comment": lambda good: good + b" // x",
    "single quotes": lambda good: good.replace(b'"', b"'"),
    "byte order mark": lambda good: b"\xef\xbb\xbf" + good,
    "leading form feed": lambda good: b"\x0c" + good,
    "UTF-16": lambda good: good.decode().encode("utf-16-be"),
}


Break = Callable[[Line], bytes]


def list_breaks() -> dict[str, Break]:
    """Return every way to break a good line, by name."""
    breaks: dict[str, Break] = {}
    for key in ("ts", "type", "data", "b", "a"):
        breaks[f"no {key}"] = partial(replace, key=key, raw=None)
    for key, raw in list_bad_values():
        breaks[f"{key} {raw[:60]}"] = partial(replace, key=key, raw=raw)
    for key, raw in (("ts", "null"), ("type", "1"), ("data", "[]"), ("u", "1.5"), ("b", "5")):
        breaks[f"last {key}"] = partial(repeat, key=key, raw=raw)
    for name, edit in EDITS.items():
        breaks[name] = partial(edit_line, edit=edit)
    for value in BAD_VALUES:
        breaks[f"value {value!r}"] = partial(edit_line, edit=partial(add_value, value=value))
    for whole in WHOLE_LINES:
        breaks[f"line {whole!r}"] = partial(edit_line, edit=partial(use_instead, whole=whole))
    return breaks


def list_bad_values() -> list[tuple[str, str]]:
    """Return (key, raw value) of every value the contract refuses."""
    values = [("ts", raw) for raw in BAD_INTEGERS.values()]
    values += [("u", raw) for raw in (*BAD_INTEGERS.values(), '""')]
    values += [("type", raw) for raw in BAD_TYPES]
    values += [("data", raw) for raw in ("null", "[]", '"x"', "5", "{}")]
    return values + [(side, raw) for side in "ba" for raw in BAD_SIDES.values()]


def edit_line(line: Line, edit: Callable[[bytes], bytes]) -> bytes:
    """Write the line correctly, then edit its text."""
    return edit(render(line))


def add_value(good: bytes, value: bytes) -> bytes:
    """Add an unknown key with a value that is not JSON."""
    return good[:-1] + b',"x":' + value + b"}"


def use_instead(_: bytes, whole: bytes) -> bytes:
    """Return another line in place of the good one."""
    return whole


def replace(line: Line, key: str, raw: str | None) -> bytes:
    """Write the line with another raw value for `key`, or without it."""
    root, data = split_fields(line)
    fields = data if key in DATA_ORDER else root
    if raw is not None:
        fields[key] = raw
        return render_fields(root, data)
    fields.pop(key, None)
    order = tuple(name for name in LINEAR_ORDER if name != key)
    return render_fields(root, data, Style(order=order))


def repeat(line: Line, key: str, raw: str) -> bytes:
    """Write the line with a later duplicate of `key`, whose value counts."""
    pairs = ((key, raw),)
    return render(line, Style(data_after=pairs) if key in DATA_ORDER else Style(after=pairs))


BREAKS = list_breaks()
