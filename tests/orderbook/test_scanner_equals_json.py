"""The compiled scanner reads a line as the JSON library does, or not at all."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.errors import MixedStreamError
from quantgod.orderbook.formats.bybit import read_message
from tests.support.bybit_lines import BREAKS, SPOT_ORDER, Style, render
from tests.support.effort import examples
from tests.support.odd_lines import (
    FRAGMENTS,
    GOOD_VALUES,
    KEYS,
    ODD_VALUES,
    VALUES,
    join,
    revalue,
    spoil,
    write_line,
)
from tests.support.parsed import (
    KNOWN,
    LINE,
    REAL,
    SYMBOL,
    TOPIC,
    assert_same,
    facts,
    facts_of,
    learn,
    parse,
    scan_line,
)
from tests.support.stream_parts import Roll


def hold(line: bytes, block: bytes) -> tuple[bool, int]:
    """Compare changed lines of a line's form; return whether it gave one, and how many are read."""
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
    """Return whether a value is one that the scanner may leave."""
    return b"1" + b"0" * 18 in line


BLOCKS = st.binary(min_size=500, max_size=500)


@examples(1200)
@given(BLOCKS, BLOCKS)
def test_the_scanner_reads_a_line_as_json_does_or_not_at_all(one: bytes, other: bytes) -> None:
    """With the form of any line that gives one: other values, or any bytes."""
    hold(write_line(Roll(one)), other)


def test_the_property_is_about_something() -> None:
    """Many lines give an example, and many of their changed lines are read; many are not."""
    random = np.random.default_rng(7)
    lines = [write_line(Roll(random.bytes(500))) for _ in range(2000)]
    held = [hold(line, random.bytes(500)) for line in lines]
    assert sum(read_message(line) is not None for line in lines) > 1300
    assert sum(gave for gave, _ in held) > 600
    assert sum(not gave for gave, _ in held) > 600
    assert 1000 < sum(read for _, read in held) < 5000


def test_the_generated_lines_are_json_mostly() -> None:
    """The property above is about messages: every value of its grammar occurs in one."""
    for key, value in product(KEYS, VALUES):
        assert key in json.loads(join([(key, value)]))


# ---------------------------------------------------------------- lines edited in every place

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
    """Each byte inserted, or in place of another; and enough edited lines are read at all."""
    example = learn(line)
    assert example is not None
    read = [
        assert_same(line[:at] + new + line[at + gone :], example)
        for at, new, gone in product(range(len(line) + 1), FRAGMENTS, (0, 1))
    ]
    assert sum(read) > 20


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_line_is_never_read_by_a_form(name: str) -> None:
    """§1.1: neither by the good line's form, nor by a form that the broken line teaches."""
    broken = BREAKS[name](LINE)
    assert learn(broken) is None
    for style in (Style(), Style(data_order=("u", "a", "b", "s", "seq"))):
        assert scan_line(broken, learn(render(LINE, style))) is None


LITTLE_EDITS = (
    b"",
    b"0",
    b"-",
    b'"',
    b",",
    b"]",
    b"}",
    b"[",
    b"{",
    b".",
    b" ",
    b"\\",
    b"\xff",
    b"u",
)


@given(st.integers(0, len(REAL) - 1), st.integers(0, 3), st.sampled_from(LITTLE_EDITS))
def test_scanner_and_slow_path_agree_on_any_edited_line(at: int, gone: int, new: bytes) -> None:
    """A line torn, cut or repaired anywhere has the same meaning for both."""
    line = REAL[:at] + new + REAL[at + gone :]
    message = read_message(line)
    try:
        parsed = parse(line, KNOWN)
    except MixedStreamError:
        assert message is not None
        assert (message.topic or TOPIC, message.symbol or SYMBOL) != (TOPIC, SYMBOL)
    else:
        outside = parsed.counts.outside_ignored
        assert facts_of(parsed.messages) == ([] if outside else facts(message))


@pytest.mark.parametrize("number", [b"177400", b"65114.20", b"6.054", b"1723075200103"])
def test_digits_are_digits(number: bytes) -> None:
    """Any other byte in a number, first, middle or last, has the same meaning for both."""
    for at in (0, 2, len(number) - 1, len(number)):
        for byte in set(range(256)) - {0x0A}:
            line = REAL.replace(number, number[:at] + bytes([byte]) + number[at + 1 :])
            parsed = parse(line, KNOWN)
            ignored = parsed.counts.outside_ignored
            assert ignored or facts_of(parsed.messages) == facts(read_message(line)), line
