"""The form that lines share: learned from a line only if no line of it can mean something else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderbook.calendar import HOUR_MS
from orderbook.formats import bybit_scanner as scanner
from orderbook.formats.bybit import Message, read_message
from orderbook.formats.bybit_form import (
    ASKS,
    BIDS,
    OTHER_INTEGER,
    TIME,
    TYPE,
    UNKNOWN_FORM,
    UPDATE_ID,
    example_of,
    form_of,
)
from orderbook.messages import DAY_END, DAY_START, INT64_MAX, INT64_MIN, N_MESSAGES, MessageBuilder
from tests.bybit_lines import BREAKS, SPOT_ORDER, Style, render
from tests.parsed import LINE, NAMED, REAL, WINDOW, Fact, facts, facts_of
from tests.stream_parts import Roll


def learn(line: bytes) -> bytes | None:
    """Return the example that a line gives; None also if it is no message."""
    message = read_message(line)
    return example_of(line, message.update_id is not None) if message else None


# ---------------------------------------------------------------- examples and forms


def test_an_example_is_the_line_without_its_levels() -> None:
    expected = (
        b'{"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":1723075200103,"data":'
        b'{"s":"BTCUSDT","b":[],"a":[],"u":177400,"seq":7961638724},"cts":1723075200100}'
    )
    for end in (b"", b"\n", b"\r\n"):
        assert learn(REAL + end) == expected
    assert learn(expected) == expected


def test_a_form_is_what_stands_around_the_values() -> None:
    form = form_of(learn(REAL))
    edges = form.piece_start.tolist()
    text = form.pieces.tobytes()
    assert form.slots.tolist() == [TYPE, TIME, BIDS, ASKS, UPDATE_ID, OTHER_INTEGER, OTHER_INTEGER]
    assert [text[start:end] for start, end in pairwise(edges)] == [
        b'{"topic":"orderbook.200.BTCUSDT","type":', b',"ts":', b',"data":{"s":"BTCUSDT","b":',
        b',"a":', b',"u":', b',"seq":', b'},"cts":', b"}",
    ]  # fmt: skip
    assert (form.for_scanner()[-2:], len(text)) == ((False, True), edges[-1])


def test_lines_that_differ_in_values_only_share_a_form() -> None:
    one, other = form_of(learn(REAL)), form_of(learn(render(LINE)))
    assert one.pieces.tobytes() == other.pieces.tobytes()
    assert one.slots.tolist() == other.slots.tolist()
    assert one.piece_start.tolist() == other.piece_start.tolist()
    assert form_of(learn(REAL)) is one  # kept: it is asked for at every slow line


@pytest.mark.parametrize("data_order", [("s", "b", "a", "u", "seq"), ("seq", "a", "u", "b", "s")])
@pytest.mark.parametrize("missing", [(), ("cts", "seq"), ("topic", "s")])
def test_what_the_scanner_is_told(data_order: tuple[str, ...], missing: tuple[str, ...]) -> None:
    """Which side comes first, and whether there is an update id: wherever they stand."""
    style = Style(order=SPOT_ORDER, data_order=data_order, missing=missing)
    slots, _, piece_start, asks_first, has_id = form_of(learn(render(LINE, style))).for_scanner()
    assert (asks_first, has_id) == (data_order[0] != "s", True)
    assert (len(piece_start), len(slots)) == (len(slots) + 2, 7 - 2 * ("cts" in missing))


def test_without_an_example_the_form_is_unknown() -> None:
    assert form_of(None) is UNKNOWN_FORM
    assert UNKNOWN_FORM.for_scanner()[-2:] == (False, False)


@pytest.mark.parametrize("line", [b"", b"\0", b"\0\0", b"\0\r", b'\0"delta"\0', b"{}", REAL])
def test_no_line_has_the_unknown_form(line: bytes) -> None:
    """A blank line is blank, and any other is left to the JSON library."""
    assert scan_line(line, None) is None


def edit(old: bytes, new: bytes) -> bytes:
    """Return the real line with one piece of it changed."""
    assert REAL.count(old) == 1
    return REAL.replace(old, new)


@pytest.mark.parametrize(
    "line",
    [
        # White space: it could stand before a second key of the same name.
        *(edit(b'"ts":', b'"ts":' + space) for space in (b" ", b"\t", b"\r")),
        *(edit(b'"cts"', b'"ts" :1,"cts"'), b" " + REAL, REAL + b" ", REAL + b"\t\r\n"),
        edit(b'"BTCUSDT"', b'"BTC USDT"'),
        # Escapes: they could hide a key.
        *(edit(b'"cts"', rb'"\u0063ts"'), edit(b'"cts"', rb'"\u0074s":1,"cts"')),
        *(edit(b'"BTCUSDT"', rb'"\u0042TCUSDT"'), edit(b'"BTCUSDT"', rb'"B\\TC"')),
        *(edit(b'"cts"', rb'"x":"\"ts\":5","cts"'), edit(b'"cts"', rb'"x":"\n","cts"')),
        # A key twice, wherever, whatever the JSON library makes of it.
        *(edit(b'"cts"', pair + b',"cts"') for pair in (b'"ts":5', b'"type":"delta"', b'"cts":1')),
        *(edit(b'"u":', b'"%b":1,"u":' % key) for key in (b"u", b"seq", b"cts", b"ts")),
        *(edit(b'"u":', b'"%b":[],"u":' % key) for key in (b"b", b"a")),
        *(edit(b'"cts"', b'"x":{"%b":1},"cts"' % key) for key in (b"ts", b"u", b"seq", b"cts")),
        *(edit(b'"cts"', b'"x":[[{"%b":[]}]],"cts"' % key) for key in (b"b", b"a")),
        *(edit(b'"u":', b'"x":{"%b":1},"u":' % key) for key in (b"ts", b"u", b"seq", b"b")),
        edit(b'"data":', b'"data":{"u":1},"data":'),
        # An update id that is none, or is another one.
        edit(b',"u":177400', b"").replace(b',"cts"', b',"u":177400,"cts"'),
        edit(b',"u":177400', b',"x":{"u":177400}'),
        edit(b'"u":177400', b'"x":{"u":177400}'),
        edit(b',"u":177400', b"").replace(b'"data"', b'"data":{"u":1},"data"'),
        # Integers that are not the venue's.
        *(edit(b"1723075200103", number) for number in (b"-1", b"-0", b"-1723075200103")),
        *(edit(b"177400", number) for number in (b"-177400", b"-0")),
        *(edit(b"7961638724", value) for value in (b"-1", b'"1"', b"null", b"true", b"[1]", b"{}")),
        *(edit(b":1723075200100", b":" + value) for value in (b"-1", b'"x"', b"null", b"-0.5")),
    ],
)  # fmt: skip
def test_messages_that_give_no_example(line: bytes) -> None:
    """They are messages, but another line of their form could mean something else."""
    message = read_message(line)
    assert message is not None
    assert example_of(line, message.update_id is not None) is None
    assert example_of(line + b"\r\n", message.update_id is not None) is None


@pytest.mark.parametrize("key", [b"type", b"ts", b"b", b"a"])
def test_a_form_has_all_that_a_message_needs(key: bytes) -> None:
    """Also told by itself: it is never asked about a line that is no message."""
    without = edit(b'"%b":' % key, b'"other":')
    assert example_of(without, has_update_id=True) is None
    assert example_of(REAL, has_update_id=True) is not None


@pytest.mark.parametrize("has_update_id", [True, False])
def test_both_must_see_the_update_id(has_update_id: bool) -> None:
    """The text may hold one where the message has none, or the other way round."""
    assert (example_of(REAL, has_update_id) is not None) == has_update_id
    without = edit(b',"u":177400', b"")
    assert (example_of(without, has_update_id) is not None) != has_update_id


@pytest.mark.parametrize(
    "raw", [b"-1", b"01", b"00", b"null", b'"1"', b"", b".5", b"+1", b"true", b"[1]", b"x1"]
)
@pytest.mark.parametrize("number", [b":1723075200103", b":177400", b":7961638724"])
def test_integers_are_plain(raw: bytes, number: bytes) -> None:
    """Without sign and padding; by itself, also of lines that are no messages."""
    example = example_of(edit(number, b":" + raw), has_update_id=True)
    if raw in (b"01", b"00"):  # no JSON, so nobody asks: no line has the form that it would give
        numbers = (raw, b"0", b"1", b"5", b"51", b"001", b"10", b"100")
        assert all(scan_line(edit(number, b":" + one), example) is None for one in numbers)
    else:
        assert example is None


@pytest.mark.parametrize("raw", [b"1.5", b"1e5", b"0.1", b"1E+5", b"1e400", b"0e0"])
def test_numbers_that_nobody_reads(raw: bytes) -> None:
    """`seq` and `cts` may be any number: what follows their digits is text that must be equal."""
    for number in (b":7961638724", b":1723075200100"):
        line = edit(number, b":" + raw)
        assert_same(line, learn(line))
        for other in (b"1", b"1.5", b"12.5", b"7e5", b"00.1", b"0.", b"99E+5", b"1e4000", b"-1e5"):
            assert_same(edit(number, b":" + other), learn(line))


# ---------------------------------------------------------------- the decisive property


def scan_line(line: bytes, example: bytes | None) -> list[Fact] | None:
    """Read one line by the form of an example; None if the scanner leaves it, or it is blank."""
    text = np.frombuffer(line + b"\n", np.uint8)
    builder = MessageBuilder(NAMED, WINDOW)
    # No stamp is outside: every message that is read is seen.
    builder.state[DAY_START], builder.state[DAY_END] = INT64_MIN + HOUR_MS, INT64_MAX - HOUR_MS
    builder.reserve(*scanner.most_in(len(text)))
    position, status = scanner.scan(
        text, 0, builder.state, *builder.columns, builder.price, builder.size,
        *form_of(example).for_scanner(),
    )  # fmt: skip
    assert (position, status) in ((len(text), scanner.ALL_READ), (0, scanner.SLOW_LINE))
    if builder.state[N_MESSAGES] == 0:
        return None
    assert status == scanner.ALL_READ
    return facts_of(builder.finish(0, at_end=True).messages)


def assert_same(line: bytes, example: bytes | None) -> bool:
    """Hold the scanner to the JSON library; returns whether it read the line at all."""
    found = scan_line(line, example)
    if found is None:
        return False
    message = read_message(line)
    assert found == facts(message), (example, line)
    # The scanner does not look at names: they must be those of the form.
    assert example is not None
    assert names(message) == names(read_message(example)), (example, line)
    return True


def names(message: Message | None) -> tuple[str | None, str | None]:
    assert message is not None
    return message.topic, message.symbol


KEYS = ("topic", "type", "ts", "data", "cts", "s", "b", "a", "u", "seq", "x", "é", "", "U", "tts")
PLAIN_VALUES = (
    *("1", "0", "5", "-1", "12", "1.5", "1e5", "1E-2", "null", "true", "[]", "{}", '""', '"x"'),
    *('"snapshot"', '"delta"', '"u"', '"1"', '"b:[],a"', '"é"', '"{"', '"]}"', '"ts"', '","'),
    *('[["1","2"]]', '[["1","2"],["3","0"]]', '["1","2"]', "[[]]", '[["0","1"]]', '[["x","1"]]'),
)
VALUES = (
    *PLAIN_VALUES,
    *('{"u":1}', '{"ts":1}', '{"b":[]}', '{"a":[["7","7"]]}', '{"type":"delta"}', '{"seq":1}'),
    *('{"data":{"u":7,"b":[],"a":[]}}', '[{"u":1},{"u":2}]', '{"cts":{"cts":1}}', '[{"a":1}]'),
    *(r'"\"ts\":5"', r'"\\"', r'"\u0075"', r'"a\tb"', r'"\",\"u\":1,\""'),
    *('" "', "{ }", "[ ]", " 1", "1\t", "\r[]", '"1 "'),
    *('{"b":[],"a":[],"u":3,"s":"X"}', '{"b":[],"a":[]}', '{"b":[["4","4"]],"u":9,"a":[]}'),
)
INTEGERS = ("177400", "0", "1", "1723075200103", "9" * 18)
NUMBERS = (*INTEGERS, "1.5", "0e1", "1" + "0" * 18)
SIDES = ('[["1","2"]]', "[]", '[["65114.20","6.054"],["1.5","0"]]', '[["1","0.000"]]')
NAMES = ('"BTCUSDT"', '"é"', '"b"', '"😀:"', '""', "null")
SOMETIMES = (0, 0, 0, 1)

Pair = tuple[str, str]


def join(pairs: Sequence[Pair]) -> str:
    return "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"


def shuffle(roll: Roll, pairs: Sequence[Pair]) -> list[Pair]:
    """Put pairs into any order, leave some out, and throw in some that cause trouble."""
    rest, out = list(pairs), []
    while rest:
        pair = roll.pick(rest)
        rest.remove(pair)
        if pair[0] in ("type", "ts", "data", "b", "a") or not roll.pick(SOMETIMES):
            out.append(pair)
    for _ in range(roll.pick((0, 0, 1, 1, 2))):
        values = roll.pick((PLAIN_VALUES, VALUES))
        pair = roll.pick((*KEYS, *KEYS[10:] * 3)), roll.pick(values)
        out.insert(roll.pick(range(len(out) + 1)), pair)
    return out


def write_line(roll: Roll) -> bytes:
    """Write what looks like a message: mostly it is one, and half of the time gives an example."""
    data = [("s", roll.pick(NAMES)), ("b", roll.pick(SIDES)), ("a", roll.pick(SIDES))]
    data += [("u", roll.pick(INTEGERS)), ("seq", roll.pick(NUMBERS))]
    kind = roll.pick(('"snapshot"', '"delta"'))
    root = [("topic", roll.pick(NAMES)), ("type", kind), ("ts", roll.pick(INTEGERS))]
    root += [("data", join(shuffle(roll, data))), ("cts", roll.pick(NUMBERS))]
    start = roll.pick(("", "", "", "", "", "", "", "\ufeff", " "))
    return (start + join(shuffle(roll, root))).encode()


FRAGMENTS = (
    *(b"", b"0", b"1", b"-", b".", b"e", b'"', b",", b":", b"[", b"]", b"{", b"}", b" ", b"\\"),
    *(b"u", b"\0", b"\xff", b"\xc3", b"\xa9", b"\r", b"\t", b"/", b";", b"9" * 15, b"0" * 16),
    *(b'"u":1,', b'"ts":2,', b',"u":3', b'"b":[],', b'"a":[["1","1"]],', b'"type":"delta",'),
    *(b'["1","1"]', b',["2","2"]', b'"delta"', b'"snapshot"', b"{}", b"[]", b"},", b'""'),
    *(b'},"data":{', b'"data":', b"18446744073709551617", b"00", b'"0"', b"delt", b"snapshot"),
)


def spoil(line: bytes, roll: Roll) -> bytes:
    """Edit any bytes, or write a part of the line over another part of it."""
    for _ in range(roll.pick((1, 1, 2))):
        start, gone = roll.pick(range(len(line) + 1)), roll.pick((0, 0, 1, 1, 2, 5, 12))
        new = roll.pick(FRAGMENTS)
        if roll.pick(SOMETIMES):
            first = roll.pick(range(len(line) + 1))
            new = line[first : first + roll.pick(range(40))]
            gone = roll.pick((0, len(new)))
        line = line[:start] + new + line[start + gone :]
    return line


# What a value may be changed to: what the scanner reads, and what nobody or only JSON reads.
GOOD_VALUES = {
    rb"(?<=:)-?[0-9]+(?=[,}])": (b"0", b"7", b"10", b"9" * 18),
    rb'"(?:snapshot|delta)"': (b'"snapshot"', b'"delta"'),
    rb"\[(?:\[[^]]*\],?)*\]": (
        *(b"[]", b'[["1","1"]]', b'[["9","0"],["8","00"],["7","1"]]', b'[["0001","1.50"]]'),
        *(b'[["123456789012345","1.23456789012345"]]', b'[["0.00000000000001","1"]]'),
    ),
}
ODD_VALUES = {
    rb"(?<=:)-?[0-9]+(?=[,}])": (
        *(b"9" * 19, b"01", b"-1", b"1.0", b"", b"1e1", b"\xd9\xa3", b"18446744073709551617"),
        *(b"0" * 17 + b"5", b"00", b"0x1", b" 1", b"1 "),
    ),
    rb'"(?:snapshot|delta)"': (
        b'"deltas"',
        b'"s"',
        b'"Delta"',
        b"null",
        b'"snapshot',
        b'"\x64elta"',
    ),
    rb"\[(?:\[[^]]*\],?)*\]": (
        *(b'[["0","1"]]', b"[[]]", b'[["1","1"],]', b'[["1","1"]["1","1"]]', b"[,]", b"null"),
        *(b'[["1"],["1","1"]]', b'[["1","1","1"]]', b'[["1","-1"]]', b'[["1","1"]],"u":8,"a":[]'),
        *(b'[["1.","1"]]', b'[["1",".5"]]', b'[["1","1.2.3"]]', b'[["","1"]]', b'[["1","1"]}'),
        *(b'[["1234567890.1234567","1"]]', b'[["1","18446744073709551617"]]', b'[ ["1","1"]]'),
    ),
}


def revalue(line: bytes, roll: Roll, values: dict[bytes, tuple[bytes, ...]]) -> bytes:
    """Change values of the line only."""

    def choose(hit: re.Match[bytes]) -> bytes:
        return roll.pick((hit[0], *values[hit.re.pattern]))

    for pattern in values:
        line = re.sub(pattern, choose, line, count=9)
    return line


def hold(line: bytes, block: bytes) -> tuple[bool, int]:
    """Hold a line's form to changed lines: did it give one, and how many of them were read?"""
    example = learn(line)
    if example is None:
        return False, 0
    assert scan_line(line, example) or has_odd_values(line)
    roll = Roll(block)
    good = [revalue(line, roll, GOOD_VALUES) for _ in range(2)]
    odd = [revalue(line, roll, {one: ODD_VALUES[one]}) for one in ODD_VALUES]
    changed = [*good, *odd, spoil(good[0], roll), *(spoil(line, roll) for _ in range(4))]
    # A line that the scanner leaves may teach another form, by which it does not read the first.
    for other in changed:
        assert_same(line, learn(other))
    return True, sum(assert_same(other, example) for other in changed)


def has_odd_values(line: bytes) -> bool:
    """Whether a value is one that the scanner may leave."""
    return b"1" + b"0" * 18 in line


BLOCKS = st.binary(min_size=500, max_size=500)


@settings(max_examples=1200)
@given(BLOCKS, BLOCKS)
def test_the_scanner_reads_a_line_as_json_does_or_not_at_all(one: bytes, other: bytes) -> None:
    """By the form of any line that gives one: other values, or any bytes whatever."""
    hold(write_line(Roll(one)), other)


def test_the_property_is_about_something() -> None:
    """Many lines give an example, for many of them changed lines are read; and many are not."""
    random = np.random.default_rng(7)
    lines = [write_line(Roll(random.bytes(500))) for _ in range(2000)]
    held = [hold(line, random.bytes(500)) for line in lines]
    assert sum(read_message(line) is not None for line in lines) > 1300
    assert sum(gave for gave, _ in held) > 600
    assert sum(not gave for gave, _ in held) > 600
    assert 1000 < sum(read for _, read in held) < 5000


SWEPT = [
    REAL,
    render(LINE, Style(data_order=("seq", "a", "u", "b", "s"), order=SPOT_ORDER)),
    render(LINE, Style(missing=("topic", "cts", "seq"))),
    b'{"type":"delta","ts":1,"data":{"b":[],"a":[]}}',
    b'{"data":{"a":[["2","1"]],"b":[],"seq":1.5},"u1":{"x":[]},"cts":1e5,"ts":5,"type":"delta"}',
    '{"é":"u","type":"snapshot","data":{"a":[],"u":1,"x":{"y":"s"},"b":[["1","1"]]},"ts":0}'.encode(),
]  # fmt: skip


@pytest.mark.parametrize("line", SWEPT)
def test_every_edit_at_every_place(line: bytes) -> None:
    """Inserted, or in place of a byte; and enough of them are read at all."""
    example = learn(line)
    assert example is not None
    read = [
        assert_same(line[:at] + new + line[at + gone :], example)
        for at, new, gone in product(range(len(line) + 1), FRAGMENTS, (0, 1))
    ]
    assert sum(read) > 20


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_line_is_never_read_by_a_form(name: str) -> None:
    """§1.1: by that of the good line, nor by one that it teaches."""
    broken = BREAKS[name](LINE)
    assert learn(broken) is None
    for style in (Style(), Style(data_order=("u", "a", "b", "s", "seq"))):
        assert scan_line(broken, learn(render(LINE, style))) is None


def test_the_generated_lines_are_json_mostly() -> None:
    """So that the property above is about messages: each value of its grammar stands in one."""
    for key, value in product(KEYS, VALUES):
        assert key in json.loads(join([(key, value)]))
