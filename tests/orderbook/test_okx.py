"""OKX lines, read by a JSON library alone: as the contract says, for any cut into windows."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.errors import MixedStreamError
from quantgod.orderbook.formats.okx import DIALECT, read_message
from quantgod.orderbook.messages import Cursor
from tests.support.bybit_lines import Line
from tests.support.core import MemoryText, cut_day, rebuild_with_core
from tests.support.effort import examples
from tests.support.okx_lines import OKX_LINE, SYMBOL, list_breaks, render_okx
from tests.support.parsed import WINDOW, facts_of
from tests.support.same_day import assert_same_day, cuts
from tests.support.stream_plans import D0, NOON
from tests.support.streams import DAY, TYPICAL, member_texts
from tests.support.twin import rebuild_day
from tests.support.twin_messages import read_lines
from tests.support.twin_okx import read_okx_message

# From a file of the venue, shortened.
REAL = (
    b'{"instId":"BTC-USDT","action":"snapshot","ts":"1723075200005","asks":[["64326.7","1.87854175"'
    b',"12"]],"bids":[["64325.1","0.5","3"],["64325.0","2","1"]]}'
)
BREAKS = list_breaks()


def test_a_line_of_the_venue() -> None:
    parsed = DIALECT.parse_window(MemoryText(REAL), Cursor(), WINDOW)
    assert facts_of(parsed.messages) == [
        (1723075200005, True, None, [(64325.1, 0.5), (64325.0, 2.0)], [(64326.7, 1.87854175)])
    ]
    assert (parsed.cursor.symbol, parsed.cursor.topic) == (SYMBOL, None)


def test_the_head_of_a_stream() -> None:
    head = DIALECT.read_head(MemoryText(b"\nhello\n" + REAL))
    assert (head.symbol, head.topic, head.first_ms) == (SYMBOL, None, 1723075200005)
    assert DIALECT.promised_depth(head.topic) == 0


@pytest.mark.parametrize("name", BREAKS)
def test_lines_that_are_not_messages_are_counted(name: str) -> None:
    """Core and twin agree: nothing changes, the line is counted with its number."""
    assert read_message(BREAKS[name]) is None
    assert read_okx_message(BREAKS[name]) is None
    text = b"\n".join([render_okx(OKX_LINE), b" \t\r", BREAKS[name], render_okx(OKX_LINE)])
    parsed = DIALECT.parse_window(MemoryText(text), Cursor(), WINDOW)
    assert (parsed.counts.lines, parsed.counts.messages, parsed.counts.unreadable) == (3, 2, 1)
    assert parsed.unreadable_lines == (3,)


def test_another_instrument_ends_the_archive() -> None:
    text = REAL + b"\n" + render_okx(OKX_LINE, "ETH-USDT")
    with pytest.raises(MixedStreamError, match="symbol 'ETH-USDT' in a stream of symbol 'BTC") as c:
        DIALECT.parse_window(MemoryText(text), Cursor(), WINDOW)
    assert c.value.line == 2


def from_bybit(text: bytes) -> bytes:
    """Return the same stream in OKX's dialect; lines that are not messages stay the same."""
    return b"\n".join(map(line_from_bybit, text.split(b"\n")))


def line_from_bybit(line: bytes) -> bytes:
    try:
        found = json.loads(line)
        sides = [tuple((p, s) for p, s in found["data"][side]) for side in "ba"]
        return render_okx(Line(found["type"], found["ts"], *sides))
    except (ValueError, KeyError, TypeError):
        return line


@examples(150)
@given(st.data(), member_texts())
def test_core_equals_twin_however_the_stream_is_cut(data: st.DataObject, text: bytes) -> None:
    """Bars, samples and counts are equal for windows and text pieces of any size."""
    text = from_bybit(text)
    twin = rebuild_day(text, DAY, TYPICAL, partial(read_lines, read=read_okx_message))
    windows = cut_day(DAY, data.draw(cuts(TYPICAL.bar_interval_ms)))
    piece = data.draw(st.sampled_from((1, 300, 1 << 20)))
    core = rebuild_with_core(text, windows, TYPICAL, None, piece, dialect=DIALECT)
    assert_same_day(core, twin, TYPICAL.levels)
    assert core.counts.sequence_checked == 0


def test_a_message_of_a_later_window_stays_unread() -> None:
    lines = [render_okx(replace(OKX_LINE, ts=ts)) for ts in (D0, NOON)]
    text = MemoryText(b"\n".join(lines))
    first, second = cut_day(DAY, [NOON])
    before = DIALECT.parse_window(text, Cursor(), first)
    assert (len(before.messages), before.cursor.offset) == (1, len(lines[0]) + 1)
    assert (before.more_inside, before.at_end) == (True, False)
    after = DIALECT.parse_window(text, before.cursor, second)
    assert (after.messages.time_ms.tolist(), after.at_end) == ([NOON], True)
