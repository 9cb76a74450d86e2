"""The compiled scanner: as the JSON library reads a line or not at all, and never past a line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbook.errors import MixedStreamError
from orderbook.formats import bybit
from orderbook.formats import bybit_scanner as scanner
from orderbook.formats.bybit import read_message
from orderbook.messages import Cursor, MessageBuilder
from tests.bybit_lines import (
    DATA_ORDER,
    EARLIER_DATA_PAIRS,
    EARLIER_ROOT_PAIRS,
    LATER_DATA_PAIRS,
    LATER_ROOT_PAIRS,
    LINEAR_ORDER,
    SPOT_ORDER,
    UNKNOWN_DATA_PAIRS,
    UNKNOWN_ROOT_PAIRS,
    Style,
    render,
)
from tests.core import MemoryText
from tests.parsed import LINE, NAMED, REAL, SYMBOL, TOPIC, WINDOW, Fact, facts, facts_of, parse
from tests.stream_plans import D0

STYLES = [
    *(Style(), Style(order=SPOT_ORDER), Style(order=LINEAR_ORDER[::-1])),
    *(Style(data_order=DATA_ORDER[::-1]), Style(data_order=("u", "seq", "a", "s", "b"))),
    *(Style(space=space) for space in (" ", "\t", "\r", " \t\r ")),
    *(Style(escapes=count) for count in (-1, 1, 2, 5, 9)),
    *(Style(before=(pair,)) for pair in (*EARLIER_ROOT_PAIRS, *UNKNOWN_ROOT_PAIRS)),
    *(Style(data_before=(pair,)) for pair in (*EARLIER_DATA_PAIRS, *UNKNOWN_DATA_PAIRS)),
    *(Style(after=(pair,)) for pair in LATER_ROOT_PAIRS),
    *(Style(data_after=(pair,)) for pair in LATER_DATA_PAIRS),
    *(Style(missing=keys) for keys in (("cts",), ("seq",), ("topic",), ("s",), ("topic", "s"))),
]


@pytest.mark.parametrize("style", STYLES)
def test_style_means_nothing(style: Style) -> None:
    """§1.1: key order, white space, escapes, unknown and duplicate keys, line ends."""
    expected = facts(read_message(render(LINE)))
    for end in (b"\n", b"\r\n", b" \t\r\n"):
        line = render(LINE, style) + end
        assert facts(read_message(line)) == expected
        parsed = parse(line)
        assert facts_of(parsed.messages) == expected
        assert (parsed.counts.messages, parsed.cursor.line) == (1, 1)


@pytest.mark.parametrize("order", [LINEAR_ORDER, SPOT_ORDER, LINEAR_ORDER[::-1]])
@pytest.mark.parametrize("missing", [(), ("cts",), ("seq",), ("topic", "cts")])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_venues_own_form_is_fast(
    order: tuple[str, ...], missing: tuple[str, ...], end: bytes
) -> None:
    """Only the line that brings the stream's names goes through the JSON library."""
    text = (render(LINE, Style(order=order, missing=missing)) + end) * 3
    assert parse(text).counts.slow_lines == 0
    assert parse(text, Cursor()).counts.slow_lines == 1


def test_all_that_the_venue_sends_is_fast() -> None:
    """Empty sides, no update id, both kinds, the most digits that are exact."""
    lines = (
        *(replace(LINE, bids=()), replace(LINE, asks=()), replace(LINE, bids=(), asks=())),
        *(
            replace(LINE, update_id=None),
            replace(LINE, update_id=0),
            replace(LINE, kind="snapshot"),
        ),
        replace(LINE, bids=(("1" * 15, "0"), ("1." + "2" * 14, "0.000"))),
        replace(LINE, update_id=10**18 - 1),
    )
    for line in map(render, lines):
        parsed = parse(line)
        assert parsed.counts.slow_lines == 0
        assert facts_of(parsed.messages) == facts(read_message(line))


@pytest.mark.parametrize(
    "line",
    [
        b"x", render(LINE) + b" ", render(LINE, Style(space=" ")), render(LINE, Style(escapes=1)),
        render(LINE, Style(data_order=("a", "b"))), render(replace(LINE, ts=-5)),
        render(LINE, Style(before=(("ts", "5"),))), render(LINE, Style(data_after=(("x", "1"),))),
        render(replace(LINE, bids=(("1" * 16, "1"),))), render(replace(LINE, update_id=10**18)),
    ],
)  # fmt: skip
def test_slow_lines_are_counted(line: bytes) -> None:
    """Each line that the scanner leaves to the JSON library; blank ones are nobody's."""
    parsed = parse(b"\n" + REAL + b"\n \r\n" + line + b"\n" + REAL + b"\n")
    assert (parsed.counts.slow_lines, parsed.counts.lines) == (1, 3)


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
    """A line torn, cut or mended anywhere means the same to both."""
    line = REAL[:at] + new + REAL[at + gone :]
    message = read_message(line)
    try:
        parsed = parse(line)
    except MixedStreamError:
        assert message is not None
        assert (message.topic or TOPIC, message.symbol or SYMBOL) != (TOPIC, SYMBOL)
    else:
        outside = parsed.counts.outside_ignored
        assert facts_of(parsed.messages) == ([] if outside else facts(message))


def test_a_slow_line_leaves_nothing_behind() -> None:
    """Levels that the scanner read of a line before it gave up are not those of the next."""
    torn = (
        b'{"type":"delta","ts":1723075200104,"data":{"b":[["1","1"],["2","2"]],"a":[["3","3"],x\n'
    )
    odd = render(LINE, Style(space=" ")) + b"\n"
    parsed = parse(REAL + b"\n" + torn + odd + torn + render(LINE) + b"\n")
    first, late = facts(read_message(REAL))[0], facts(read_message(render(LINE)))[0]
    late = (first[0], *late[1:])  # its stamp is the earlier one
    assert facts_of(parsed.messages) == [first, late, late]


def test_room_is_made_for_all_that_the_bytes_can_hold() -> None:
    """The shortest messages, the shortest levels, and slow lines among them."""
    shortest = b'{"type":"delta","ts":%d,"data":{"b":[],"a":[]}}\n' % D0
    levels = b"".join(b'["%d","0"],' % (i % 9 + 1) for i in range(500))[:-1]
    longest = b'{"type":"delta","ts":%d,"data":{"b":[%s],"a":[]}}\n' % (D0, levels)
    text = (shortest * 300 + longest + b'{"x":0,' + longest[1:]) * 2
    for piece in (1, 1000, 1 << 20):
        parsed = bybit.parse_window(MemoryText(text, piece), Cursor(), WINDOW)
        assert (parsed.counts.messages, parsed.counts.slow_lines) == (604, 2)
        assert (len(parsed.messages), len(parsed.messages.price)) == (604, 2000)
    tiny = b'{"type":"delta","ts":1,"data":{"b":[["1","0"]],"a":[]}}\n'
    assert scanner.most_in(len(tiny))[0] >= 1
    assert scanner.most_in(len(tiny) - len(b'["1","0"]'))[0] >= 1
    assert scanner.most_in(len(b'["1","0"]'))[1] >= 1


# ---------------------------------------------------------------- the end of the buffer


def scan_alone(text: bytes, poison: bytes) -> tuple[list[Fact], int, int]:
    """Scan a text that ends where its buffer does not: what was read, position and status."""
    buffer = np.frombuffer(text + poison, np.uint8)
    builder = MessageBuilder(NAMED, WINDOW)
    builder.reserve(*scanner.most_in(len(buffer)))
    names = (np.frombuffer(name.encode(), np.uint8) for name in (TOPIC, SYMBOL))
    position, status = scanner.scan(
        buffer[: len(text)], 0, builder.state, *builder.columns, builder.price, builder.size, *names
    )
    return facts_of(builder.finish(0, at_end=True).messages), int(position), int(status)


def test_the_scanner_never_reads_past_its_buffer() -> None:
    """Every prefix of a real line at the very end, before bytes that would change its meaning."""
    for cut in range(len(REAL) + 1):
        text = REAL[:cut] + b"\n"
        is_whole = cut in (0, len(REAL))
        position = len(text) if is_whole else 0
        status = scanner.ALL_READ if is_whole else scanner.SLOW_LINE
        expected = facts(read_message(text)), position, status
        for poison in (b"0" * 99, b'9"' * 99, REAL[cut:] + b"\n", b'"]],"a":[]}}\n' * 9):
            assert scan_alone(text, poison) == expected, text


def test_a_blank_end_is_not_read_past() -> None:
    for blank in (b" ", b"\t\t", b"\r", b" \r\t "):
        text = REAL + b"\n" + blank + b"\n"
        read, position, status = scan_alone(text, b" " * 50 + b"\n" + REAL + b"\n")
        assert (len(read), position, status) == (1, len(text), scanner.ALL_READ)


def test_the_end_of_a_line() -> None:
    text = np.frombuffer(b"ab\n\ncde\n", np.uint8)
    assert [scanner.line_end(text, at) for at in (0, 1, 2, 3, 4)] == [3, 3, 3, 4, 8]
