"""The form of lines: learned only from a line whose form can have no second meaning."""

from __future__ import annotations

from itertools import pairwise

import pytest

from quantgod.orderbook.formats.bybit import read_message
from quantgod.orderbook.formats.ndjson.line_form import (
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
from tests.support.bybit_lines import SPOT_ORDER, Style, render
from tests.support.parsed import LINE, REAL, assert_same, learn, scan_line


def test_an_example_is_the_line_without_its_levels() -> None:
    expected = (
        b'{"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":1723075200103,"data":'
        b'{"s":"BTCUSDT","b":[],"a":[],"u":177400,"seq":7961638724},"cts":1723075200100}'
    )
    for end in (b"", b"\n", b"\r\n"):
        assert learn(REAL + end) == expected
    assert learn(expected) == expected


def test_a_form_is_the_text_around_the_values() -> None:
    form = form_of(learn(REAL))
    edges = form.piece_start.tolist()
    text = form.pieces.tobytes()
    assert form.slots.tolist() == [TYPE, TIME, BIDS, ASKS, UPDATE_ID, OTHER_INTEGER, OTHER_INTEGER]
    assert [text[start:end] for start, end in pairwise(edges)] == [
        b'{"topic":"orderbook.200.BTCUSDT","type":', b',"ts":', b',"data":{"s":"BTCUSDT","b":',
        b',"a":', b',"u":', b',"seq":', b'},"cts":', b"}",
    ]  # fmt: skip
    assert (form.asks_first, form.has_update_id, len(text)) == (False, True, edges[-1])


def test_lines_that_differ_in_values_only_share_a_form() -> None:
    one, other = form_of(learn(REAL)), form_of(learn(render(LINE)))
    assert one.pieces.tobytes() == other.pieces.tobytes()
    assert one.slots.tolist() == other.slots.tolist()
    assert one.piece_start.tolist() == other.piece_start.tolist()
    assert form_of(learn(REAL)) is one  # cached: every slow line asks for it


@pytest.mark.parametrize("data_order", [("s", "b", "a", "u", "seq"), ("seq", "a", "u", "b", "s")])
@pytest.mark.parametrize("missing", [(), ("cts", "seq"), ("topic", "s")])
def test_a_form_knows_sides_and_id(data_order: tuple[str, ...], missing: tuple[str, ...]) -> None:
    """Which side comes first, and whether there is an update id, in any order of keys."""
    style = Style(order=SPOT_ORDER, data_order=data_order, missing=missing)
    slots, _, piece_start, asks_first, has_id = form_of(learn(render(LINE, style)))
    assert (asks_first, has_id) == (data_order[0] != "s", True)
    assert (len(piece_start), len(slots)) == (len(slots) + 2, 7 - 2 * ("cts" in missing))


def test_without_an_example_the_form_is_unknown() -> None:
    assert form_of(None) is UNKNOWN_FORM
    assert (UNKNOWN_FORM.asks_first, UNKNOWN_FORM.has_update_id) == (False, False)


@pytest.mark.parametrize("line", [b"", b"\0", b"\0\0", b"\0\r", b'\0"delta"\0', b"{}", REAL])
def test_no_line_has_the_unknown_form(line: bytes) -> None:
    """A blank line is blank; every other line is left to the JSON library."""
    assert scan_line(line, None) is None


def edit(old: bytes, new: bytes) -> bytes:
    """Return the real line with one piece changed."""
    assert REAL.count(old) == 1
    return REAL.replace(old, new)


@pytest.mark.parametrize(
    "line",
    [
        # White space: it could precede a second key of the same name.
        *(edit(b'"ts":', b'"ts":' + space) for space in (b" ", b"\t", b"\r")),
        *(edit(b'"cts"', b'"ts" :1,"cts"'), b" " + REAL, REAL + b" ", REAL + b"\t\r\n"),
        edit(b'"BTCUSDT"', b'"BTC USDT"'),
        # Escapes: they could hide a key.
        *(edit(b'"cts"', rb'"\u0063ts"'), edit(b'"cts"', rb'"\u0074s":1,"cts"')),
        *(edit(b'"BTCUSDT"', rb'"\u0042TCUSDT"'), edit(b'"BTCUSDT"', rb'"B\\TC"')),
        *(edit(b'"cts"', rb'"x":"\"ts\":5","cts"'), edit(b'"cts"', rb'"x":"\n","cts"')),
        # A key twice, at any place, whatever the JSON library makes of it.
        *(edit(b'"cts"', pair + b',"cts"') for pair in (b'"ts":5', b'"type":"delta"', b'"cts":1')),
        *(edit(b'"u":', b'"%b":1,"u":' % key) for key in (b"u", b"seq", b"cts", b"ts")),
        *(edit(b'"u":', b'"%b":[],"u":' % key) for key in (b"b", b"a")),
        *(edit(b'"cts"', b'"x":{"%b":1},"cts"' % key) for key in (b"ts", b"u", b"seq", b"cts")),
        *(edit(b'"cts"', b'"x":[[{"%b":[]}]],"cts"' % key) for key in (b"b", b"a")),
        *(edit(b'"u":', b'"x":{"%b":1},"u":' % key) for key in (b"ts", b"u", b"seq", b"b")),
        edit(b'"data":', b'"data":{"u":1},"data":'),
        # An update id that is no integer, or another one.
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
    """They are messages, but another line of the same form could have a second meaning."""
    message = read_message(line)
    assert message is not None
    assert example_of(line, message.update_id is not None) is None
    assert example_of(line + b"\r\n", message.update_id is not None) is None


@pytest.mark.parametrize("key", [b"type", b"ts", b"b", b"a"])
def test_a_form_has_all_that_a_message_needs(key: bytes) -> None:
    """Checked directly: in use, no form is asked about a line that is not a message."""
    without = edit(b'"%b":' % key, b'"other":')
    assert example_of(without, has_update_id=True) is None
    assert example_of(REAL, has_update_id=True) is not None


@pytest.mark.parametrize("has_update_id", [True, False])
def test_both_must_see_the_update_id(has_update_id: bool) -> None:
    """The text may hold one and the message none, or the reverse."""
    assert (example_of(REAL, has_update_id) is not None) == has_update_id
    without = edit(b',"u":177400', b"")
    assert (example_of(without, has_update_id) is not None) != has_update_id


@pytest.mark.parametrize(
    "raw", [b"-1", b"01", b"00", b"null", b'"1"', b"", b".5", b"+1", b"true", b"[1]", b"x1"]
)
@pytest.mark.parametrize("number", [b":1723075200103", b":177400", b":7961638724"])
def test_integers_are_plain(raw: bytes, number: bytes) -> None:
    """Without sign and padding; checked directly, also on lines that are not messages."""
    example = example_of(edit(number, b":" + raw), has_update_id=True)
    if raw in (b"01", b"00"):  # not JSON, so never asked: no line has such a form
        numbers = (raw, b"0", b"1", b"5", b"51", b"001", b"10", b"100")
        assert all(scan_line(edit(number, b":" + one), example) is None for one in numbers)
    else:
        assert example is None


@pytest.mark.parametrize("raw", [b"1.5", b"1e5", b"0.1", b"1E+5", b"1e400", b"0e0"])
def test_numbers_that_are_not_read(raw: bytes) -> None:
    """`seq` and `cts` may be any number: the text after their digits must be equal."""
    for number in (b":7961638724", b":1723075200100"):
        line = edit(number, b":" + raw)
        assert_same(line, learn(line))
        for other in (b"1", b"1.5", b"12.5", b"7e5", b"00.1", b"0.", b"99E+5", b"1e4000", b"-1e5"):
            assert_same(edit(number, b":" + other), learn(line))
