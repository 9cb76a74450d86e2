"""Which lines the JSON library reads, and that a line means the same for either reader."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations, product

import pytest

from quantgod.errors import MixedStreamError
from quantgod.orderbook.formats.bybit import read_message
from quantgod.orderbook.formats.ndjson.line_form import form_of
from quantgod.orderbook.messages import Cursor
from tests.support.bybit_lines import (
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
from tests.support.parsed import (
    KNOWN,
    LINE,
    NAMED,
    ODD,
    REAL,
    TORN,
    Fact,
    facts,
    facts_of,
    parse,
    slow_lines,
    taught,
)
from tests.support.stream_plans import D1

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


def pieces_of(cursor: Cursor) -> bytes:
    """Return the text that all lines of the stream's form share."""
    return form_of(cursor.example).pieces.tobytes()


@pytest.mark.parametrize("style", STYLES)
def test_style_means_nothing(style: Style) -> None:
    """§1.1: key order, white space, escapes, unknown and duplicate keys, line ends.

    This holds for the first line of a form, and for the lines that the scanner reads by it.
    """
    expected = facts(read_message(render(LINE)))
    for end in (b"\n", b"\r\n", b" \t\r\n"):
        line = render(LINE, style) + end
        assert facts(read_message(line)) == expected
        parsed = parse(line * 3)
        assert facts_of(parsed.messages) == expected * 3
        assert (parsed.counts.messages, parsed.cursor.line) == (3, 3)


# ---------------------------------------------------------------- fast lines

ORDERS = (LINEAR_ORDER, SPOT_ORDER, LINEAR_ORDER[::-1], ("data", "ts", "cts", "topic", "type"))
MISSING = [keys for n in range(5) for keys in combinations(("topic", "cts", "s", "seq"), n)]


def is_fast(line: bytes) -> bool:
    """Return whether the JSON library reads one line of a form alone, and all mean the same."""
    expected = facts(read_message(line))
    first = parse((line + b"\n") * 3)
    second = parse((line + b"\n") * 3, taught(line))
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
    """Of the keys of the message and of `data`, also asks before bids."""
    assert all(is_fast(render(LINE, Style(order=keys))) for keys in permutations(LINEAR_ORDER))
    for keys in permutations(order):
        assert is_fast(render(LINE, Style(data_order=keys))), keys
        assert is_fast(render(LINE, Style(data_order=keys, order=LINEAR_ORDER[::-1]))), keys


@pytest.mark.parametrize("data_order", [DATA_ORDER, DATA_ORDER[::-1], ("a", "u", "b")])
def test_sides_of_any_size_are_fast(data_order: tuple[str, ...]) -> None:
    """Also empty ones; each side keeps its levels in listed order, whichever comes first."""
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
    """If their values are the same in each line; otherwise each line is a new form."""
    for style in (Style(before=(pair,)), Style(after=(pair,)), Style(data_after=(pair,))):
        line = render(LINE, style)
        assert is_fast(line)
        other = render(LINE, replace(style, after=(("other", "1"),)))
        assert slow_lines(line, other, line, line, other) == 4


def test_all_that_the_venue_sends_is_fast() -> None:
    """Empty sides, both kinds, the most digits that are exact: all of the known form."""
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


# ---------------------------------------------------------------- slow lines


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
    """Every line that the scanner leaves to the JSON library; blank lines do not count.

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
    """Return a line's content, unless it is too far outside the day to be applied."""
    return [fact for fact in facts(read_message(line)) if fact[0] <= D1]


@pytest.mark.parametrize("nothing", [b"\0", b"\0\r", b"\0\0", b"x", b"{}", b"\x0c"])
def test_no_line_has_the_form_of_a_stream_that_has_none_yet(nothing: bytes) -> None:
    """§1.1: at the start, or after lines that teach nothing, such a line is unreadable."""
    for cursor in (NAMED, KNOWN):
        parsed = parse((nothing + b"\n") * 3, cursor)
        assert (parsed.counts.unreadable, parsed.counts.messages) == (3, 0)
        assert (parsed.counts.slow_lines, parsed.cursor.example) == (3, cursor.example)
    parsed = parse(ODD + b"\n" + nothing + b"\n" + ODD)
    assert facts_of(parsed.messages) == facts(read_message(ODD)) * 2
    assert (parsed.unreadable_lines, parsed.cursor.example) == ((2,), None)
