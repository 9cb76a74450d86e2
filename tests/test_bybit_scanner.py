"""The compiled scanner: as the JSON library reads a line or not at all, and never past a line."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbook.counts import Counts
from orderbook.errors import MixedStreamError
from orderbook.formats import bybit
from orderbook.formats import bybit_scanner as scanner
from orderbook.formats.bybit import read_message
from orderbook.formats.bybit_form import form_of
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
from tests.core import MemoryText, cut_day
from tests.parsed import LINE, NAMED, REAL, SYMBOL, TOPIC, WINDOW, Fact, facts, facts_of, parse
from tests.stream_plans import D0, D1
from tests.streams import DAY

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


TORN = REAL[: len(REAL) // 2]
ODD = render(LINE, Style(space=" "))  # a message that teaches nothing


def learn(line: bytes) -> Cursor:
    """Return the cursor at the start of a stream whose form is known to be that of the line."""
    return replace(NAMED, example=parse(line).cursor.example)


KNOWN = learn(REAL)


def pieces_of(cursor: Cursor) -> bytes:
    """Return the text that all lines of the stream's form share."""
    return form_of(cursor.example).pieces.tobytes()


def slow_lines(*lines: bytes, cursor: Cursor = NAMED) -> int:
    """Count the lines of a text that the JSON library had to read."""
    return parse(b"".join(line + b"\n" for line in lines), cursor).counts.slow_lines


@pytest.mark.parametrize("style", STYLES)
def test_style_means_nothing(style: Style) -> None:
    """§1.1: key order, white space, escapes, unknown and duplicate keys, line ends.

    Neither in the first line of its form, nor in those that the scanner may read by it.
    """
    expected = facts(read_message(render(LINE)))
    for end in (b"\n", b"\r\n", b" \t\r\n"):
        line = render(LINE, style) + end
        assert facts(read_message(line)) == expected
        parsed = parse(line * 3)
        assert facts_of(parsed.messages) == expected * 3
        assert (parsed.counts.messages, parsed.cursor.line) == (3, 3)


# ---------------------------------------------------------------- what is fast

ORDERS = (LINEAR_ORDER, SPOT_ORDER, LINEAR_ORDER[::-1], ("data", "ts", "cts", "topic", "type"))
MISSING = [keys for n in range(5) for keys in combinations(("topic", "cts", "s", "seq"), n)]


def is_fast(line: bytes) -> bool:
    """Whether one line of a form is all that the JSON library has to read, and all say the same."""
    expected = facts(read_message(line))
    first = parse((line + b"\n") * 3)
    second = parse((line + b"\n") * 3, learn(line))
    assert facts_of(first.messages) == facts_of(second.messages) == expected * 3
    assert (first.counts.slow_lines, second.counts.slow_lines) in ((1, 0), (3, 3))
    return second.counts.slow_lines == 0


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("end", [b"", b"\r"])
def test_the_venues_own_form_is_fast(
    order: tuple[str, ...], missing: tuple[str, ...], end: bytes
) -> None:
    """Only the first line of the form goes through the JSON library, whatever keys it has."""
    line = render(LINE, Style(order=order, missing=missing)) + end
    assert is_fast(line)
    assert slow_lines(line, line, line, cursor=Cursor()) == 1


@pytest.mark.parametrize("order", [DATA_ORDER[:3], DATA_ORDER])
def test_every_order_is_fast(order: tuple[str, ...]) -> None:
    """Of the keys of the message and of those of `data`: asks before bids too."""
    assert all(is_fast(render(LINE, Style(order=keys))) for keys in permutations(LINEAR_ORDER))
    for keys in permutations(order):
        assert is_fast(render(LINE, Style(data_order=keys))), keys
        assert is_fast(render(LINE, Style(data_order=keys, order=LINEAR_ORDER[::-1]))), keys


@pytest.mark.parametrize("data_order", [DATA_ORDER, DATA_ORDER[::-1], ("a", "u", "b")])
def test_sides_of_any_size_are_fast(data_order: tuple[str, ...]) -> None:
    """Also none; each side keeps its levels, in listed order, whichever is written first."""
    style = Style(data_order=data_order)
    for bids, asks in product((0, 1, 2, 3, 4, 7), repeat=2):
        line = replace(
            LINE,
            bids=tuple((f"{i + 1}", f"{i}") for i in range(bids)),
            asks=tuple((f"{i + 100}.5", f"{i + 1}.25") for i in range(asks)),
        )
        # The line before it, of other sizes, teaches the form.
        text = render(LINE, style) + b"\n" + render(line, style) + b"\n" + REAL + b"\n"
        parsed = parse(text)
        assert parsed.counts.slow_lines == 2 - (data_order == DATA_ORDER)
        (found,) = facts(read_message(render(line, style)))
        assert facts_of(parsed.messages)[1] == found
        assert (len(found[3]), len(found[4])) == (bids, asks)


@pytest.mark.parametrize(
    "name",
    [
        *("B", "1000000BABYDOGEUSDT", "BTC-26DEC25", "x.y", "", "ts", "u:1", "{[]},", "-5", "\x7f"),
        *("é", "БТЦ", "比特币", "😀", "\u2028", "\ufeff"),
    ],
)
def test_names_of_any_kind_are_fast(name: str) -> None:
    """The scanner compares them, and never reads them."""
    line = render(replace(LINE, symbol=name, topic=f"orderbook.1.{name}"))
    parsed = parse((line + b"\n") * 3, Cursor())
    assert (parsed.counts.slow_lines, parsed.counts.messages) == (1, 3)
    assert (parsed.cursor.symbol, parsed.cursor.topic) == (name, f"orderbook.1.{name}")
    # A name that begins, or ends, like the known one is another name.
    for other in (name + "X", "X" + name, name[:-1]):
        if other != name:
            mixed = line + b"\n" + render(replace(LINE, symbol=other, topic=None)) + b"\n"
            with pytest.raises(MixedStreamError, match="line 2"):
                parse(mixed, Cursor())


@pytest.mark.parametrize(
    "pair",
    [
        *(
            ("x", "null"),
            ("big", "9" * 400),
            ("", '""'),
            ("Ts", "1"),
            ("deep", "[" * 50 + "]" * 50),
        ),
        *(("é", '"é"'), ("x", "-1.5e+10"), ("tss", "1"), ("x", '["ts","u"]'), ("bb", "[]")),
    ],
)
def test_unknown_keys_are_fast(pair: tuple[str, str]) -> None:
    """As long as they say the same in each line; where they do not, each line is a new form."""
    for style in (Style(before=(pair,)), Style(after=(pair,)), Style(data_after=(pair,))):
        line = render(LINE, style)
        assert is_fast(line)
        other = render(LINE, replace(style, after=(("other", "1"),)))
        assert slow_lines(line, other, line, line, other) == 4


def test_all_that_the_venue_sends_is_fast() -> None:
    """Empty sides, both kinds, the most digits that are exact: of the form that is known."""
    lines = (
        *(replace(LINE, bids=()), replace(LINE, asks=()), replace(LINE, bids=(), asks=())),
        *(replace(LINE, update_id=0), replace(LINE, kind="snapshot")),
        replace(LINE, bids=(("1" * 15, "0"), ("1." + "2" * 14, "0.000"))),
        *(replace(LINE, update_id=10**18 - 1), replace(LINE, bids=(("0001", "00.0"),))),
    )
    for line in map(render, lines):
        parsed = parse(line, KNOWN)
        assert parsed.counts.slow_lines == 0
        assert facts_of(parsed.messages) == facts(read_message(line))
        assert slow_lines(line, REAL, line) == 1
    assert is_fast(render(replace(LINE, update_id=None)))


# ---------------------------------------------------------------- what is slow


@pytest.mark.parametrize(
    "line",
    [
        *(b"x", b"\0", b"{}", TORN, REAL[1:], REAL + b" ", b" " + REAL, REAL + b"\r\r", REAL * 2),
        *(ODD, render(LINE, Style(space="\t")), b"\xef\xbb\xbf" + REAL),
        *(render(LINE, Style(escapes=1)), render(LINE, Style(escapes=-1))),
        *(render(replace(LINE, ts=ts)) for ts in (-5, 10**18)),
        *(render(replace(LINE, update_id=number)) for number in (-1, 10**18)),
        *(render(LINE, Style(before=(pair,))) for pair in (("ts", "5"), ("x", '{"u":1}'))),
        *(render(LINE, Style(data_before=(pair,))) for pair in (("u", "1"), ("ts", "1"))),
        *(render(replace(LINE, bids=((text, "1"),))) for text in ("1" * 16, "0." + "1" * 15, "0")),
        *(render(replace(LINE, asks=(("1", text),))) for text in ("0" * 16, "1.", ".1", "1e3", "")),
        REAL.replace(b"177400", b"0177400"),
    ],
)  # fmt: skip
def test_slow_lines_are_counted(line: bytes) -> None:
    """Each line that the scanner leaves to the JSON library; blank ones are nobody's.

    None of these teaches another form: a torn or damaged line, or one that only the library can
    read, leaves the form as it was.
    """
    text = b"\n" + REAL + b"\n \r\n" + line + b"\n" + REAL + b"\n"
    expected = facts(read_message(REAL))[0]
    for cursor, slow in ((NAMED, 2), (KNOWN, 1)):
        parsed = parse(text, cursor)
        assert (parsed.counts.slow_lines, parsed.counts.lines) == (slow, 3)
        assert parsed.cursor.line == 5
        assert pieces_of(parsed.cursor) == pieces_of(KNOWN)
        assert parsed.counts.unreadable == (read_message(line) is None)
        found = facts_of(parsed.messages)
        assert found[0] == expected
        assert [fact[3:] for fact in found[1:-1]] == [fact[3:] for fact in facts_inside(line)]
        assert parsed.counts.outside_ignored or found[-1] == expected


def facts_inside(line: bytes) -> list[Fact]:
    """Return what a line says, unless it lies too far outside the day to be applied."""
    return [fact for fact in facts(read_message(line)) if fact[0] <= D1]


@pytest.mark.parametrize("nothing", [b"\0", b"\0\r", b"\0\0", b"x", b"{}", b"\x0c"])
def test_no_line_has_the_form_of_a_stream_that_has_none_yet(nothing: bytes) -> None:
    """§1.1: at the start of a stream, or after lines that teach nothing, it is unreadable."""
    for cursor in (NAMED, KNOWN):
        parsed = parse((nothing + b"\n") * 3, cursor)
        assert (parsed.counts.unreadable, parsed.counts.messages) == (3, 0)
        assert (parsed.counts.slow_lines, parsed.cursor.example) == (3, cursor.example)
    parsed = parse(ODD + b"\n" + nothing + b"\n" + ODD)
    assert facts_of(parsed.messages) == facts(read_message(ODD)) * 2
    assert (parsed.unreadable_lines, parsed.cursor.example) == ((2,), None)


# ---------------------------------------------------------------- the form travels with the stream

FORMS = [
    render(LINE, style)
    for style in (
        *(Style(), Style(order=SPOT_ORDER), Style(data_order=DATA_ORDER[::-1])),
        *(Style(missing=("cts",)), Style(after=(("x", "1"),)), Style(missing=("topic",))),
    )
]


def test_a_stream_that_changes_its_form_teaches_the_new_one() -> None:
    """One slow line a change; a line end is none, and the last form is the one that is known."""
    for one, other in permutations(FORMS, 2):
        assert slow_lines(*[one] * 3, *[other] * 3, *[one] * 2) == 3
        assert slow_lines(*[one] * 3, *[other] * 3, *[one] * 2, cursor=learn(one)) == 2
        assert slow_lines(one, one + b"\r", other, other + b"\r", b"", other) == 2
        assert slow_lines(one, one, TORN, one, ODD, one, b"{}", one) == 4
        assert slow_lines(one, TORN, other, TORN, one, ODD, one) == 6


def test_a_line_that_ends_the_archive_teaches_nothing() -> None:
    """A cursor never changes: the form that a failed window learned is lost with it."""
    other = render(replace(LINE, symbol="ETHUSDT"), Style(order=SPOT_ORDER))
    with pytest.raises(MixedStreamError):
        parse(REAL + b"\n" + other, KNOWN)
    assert parse(other, replace(KNOWN, symbol=None, topic=None)).counts.slow_lines == 1
    assert learn(REAL) == KNOWN


LINES = [*FORMS, *FORMS, TORN, ODD, b"", b"\0x", render(LINE, Style(escapes=1)), FORMS[0][:-9]]


@given(
    st.lists(st.tuples(st.sampled_from(LINES), st.integers(0, 3)), max_size=25),
    st.lists(st.integers(1, 40), max_size=6),
    st.sampled_from((1, 300, 1000, 1 << 20)),
)
def test_what_is_slow_does_not_depend_on_windows(
    plan: list[tuple[bytes, int]], cuts: list[int], piece: int
) -> None:
    """Messages, counts and the form that is known at the end; for pieces of text of any size."""
    seconds = accumulate(step for _, step in plan)
    lines = [
        line.replace(b"%d" % D0, b"%d" % (D0 + 1000 * second)) + b"\n"
        for (line, _), second in zip(plan, seconds, strict=True)
    ]
    whole = parse(b"".join(lines))
    text, cursor, counts, found = MemoryText(b"".join(lines), piece), NAMED, Counts(), []
    for window in cut_day(DAY, [D0 + 1000 * cut for cut in cuts]):
        parsed = bybit.parse_window(text, cursor, window)
        cursor, counts = parsed.cursor, counts + parsed.counts
        found += facts_of(parsed.messages)
    assert (cursor, counts, found) == (whole.cursor, whole.counts, facts_of(whole.messages))


# ---------------------------------------------------------------- edited lines

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
        parsed = parse(line, KNOWN)
    except MixedStreamError:
        assert message is not None
        assert (message.topic or TOPIC, message.symbol or SYMBOL) != (TOPIC, SYMBOL)
    else:
        outside = parsed.counts.outside_ignored
        assert facts_of(parsed.messages) == ([] if outside else facts(message))


@pytest.mark.parametrize("number", [b"177400", b"65114.20", b"6.054", b"1723075200103"])
def test_digits_are_digits(number: bytes) -> None:
    """Any other byte in a number, first, in the middle or last, means the same to both."""
    for at in (0, 2, len(number) - 1, len(number)):
        for byte in set(range(256)) - {0x0A}:
            line = REAL.replace(number, number[:at] + bytes([byte]) + number[at + 1 :])
            parsed = parse(line, KNOWN)
            ignored = parsed.counts.outside_ignored
            assert ignored or facts_of(parsed.messages) == facts(read_message(line)), line


def test_a_slow_line_leaves_nothing_behind() -> None:
    """Levels that the scanner read of a line before it gave up are not those of the next."""
    torn = REAL.replace(b'"1.5"]]', b'"1.5"],["65114.40","2"],x') + b"\n"
    parsed = parse(REAL + b"\n" + torn + ODD + b"\n" + torn + render(LINE) + b"\n", KNOWN)
    first, late = facts(read_message(REAL))[0], facts(read_message(render(LINE)))[0]
    late = (first[0], *late[1:])  # its stamp is the earlier one
    assert facts_of(parsed.messages) == [first, late, late]
    assert (parsed.counts.slow_lines, parsed.counts.unreadable) == (3, 2)


def test_room_is_made_for_all_that_the_bytes_can_hold() -> None:
    """The shortest messages, the shortest levels, and slow lines among them."""
    shortest = b'{"type":"delta","ts":%d,"data":{"b":[],"a":[]}}\n' % D0
    levels = b"".join(b'["%d","0"],' % (i % 9 + 1) for i in range(500))[:-1]
    longest = b'{"type":"delta","ts":%d,"data":{"b":[%s],"a":[]}}\n' % (D0, levels)
    text = (shortest * 300 + longest + b'{"x":0,' + longest[1:]) * 2
    for piece in (1, 1000, 1 << 20):
        parsed = bybit.parse_window(MemoryText(text, piece), Cursor(), WINDOW)
        assert (parsed.counts.messages, parsed.counts.slow_lines) == (604, 4)
        assert (len(parsed.messages), len(parsed.messages.price)) == (604, 2000)
    tiny = b'{"type":"delta","ts":1,"data":{"b":[["1","0"]],"a":[]}}\n'
    assert scanner.most_in(len(tiny))[0] >= 1
    assert scanner.most_in(len(tiny) - len(b'["1","0"]'))[0] >= 1
    assert scanner.most_in(len(b'["1","0"]'))[1] >= 1


# ---------------------------------------------------------------- the end of the buffer


def scan_alone(
    text: bytes, poison: bytes, example: bytes | None = KNOWN.example
) -> tuple[list[Fact], int, int]:
    """Scan a text that ends where its buffer does not: what was read, position and status."""
    buffer = np.frombuffer(text + poison, np.uint8)
    builder = MessageBuilder(NAMED, WINDOW)
    builder.reserve(*scanner.most_in(len(buffer)))
    position, status = scanner.scan(
        buffer[: len(text)], 0, builder.state, *builder.columns, builder.price, builder.size,
        *form_of(example).for_scanner(),
    )  # fmt: skip
    return facts_of(builder.finish(0, at_end=True).messages), int(position), int(status)


@pytest.mark.parametrize("line", [REAL, *FORMS])
def test_the_scanner_never_reads_past_its_buffer(line: bytes) -> None:
    """Every prefix of a line at the very end, before bytes that would change its meaning."""
    example = learn(line).example
    for cut in range(len(line) + 1):
        text = line[:cut] + b"\n"
        is_whole = cut in (0, len(line))
        position = len(text) if is_whole else 0
        status = scanner.ALL_READ if is_whole else scanner.SLOW_LINE
        expected = facts(read_message(text)), position, status
        for poison in (
            *(b"0" * 99, b'9"' * 99, line[cut:] + b"\n", line[cut + 1 :] + b"\n"),
            *(b'"]],"a":[]}}\n' * 9, b"\n" * 99, b"\r\n" * 9),
        ):
            assert scan_alone(text, poison, example) == expected, text
            if not is_whole:
                assert scan_alone(text, poison, None) == expected, text


@pytest.mark.parametrize("form", [None, KNOWN.example])
def test_a_blank_end_is_not_read_past(form: bytes | None) -> None:
    for blank in (b"", b" ", b"\t\t", b"\r", b" \r\t "):
        for first in (b"", REAL + b"\n") if form else (b"",):
            text = first + blank + b"\n"
            read, position, status = scan_alone(text, b" " * 50 + b"\n" + REAL + b"\n", form)
            assert (len(read), position, status) == (bool(first), len(text), scanner.ALL_READ)


def test_the_end_of_a_line() -> None:
    text = np.frombuffer(b"ab\n\ncde\n", np.uint8)
    assert [scanner.line_end(text, at) for at in (0, 1, 2, 3, 4)] == [3, 3, 3, 4, 8]
