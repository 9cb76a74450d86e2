"""The compiled scanner on a stream: the form it knows, the lines it leaves, where it stops."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.errors import MixedStreamError
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.formats.bybit import read_message
from quantgod.orderbook.formats.ndjson import scanner as scanner
from quantgod.orderbook.formats.tokens import line_end
from quantgod.orderbook.messages import Cursor
from tests.support.bybit_lines import DATA_ORDER, SPOT_ORDER, Style, render
from tests.support.core import MemoryText, cut_day
from tests.support.parsed import (
    KNOWN,
    LINE,
    NAMED,
    ODD,
    REAL,
    TORN,
    WINDOW,
    Fact,
    facts,
    facts_of,
    make_builder,
    parse,
    scan,
    slow_lines,
    taught,
)
from tests.support.stream_plans import D0
from tests.support.streams import DAY

FORMS = [
    render(LINE, style)
    for style in (
        *(Style(), Style(order=SPOT_ORDER), Style(data_order=DATA_ORDER[::-1])),
        *(Style(missing=("cts",)), Style(after=(("x", "1"),)), Style(missing=("topic",))),
    )
]


def test_a_stream_that_changes_its_form_teaches_the_new_one() -> None:
    """One slow line per change; a line end is no change, and only the last form is known."""
    for one, other in permutations(FORMS, 2):
        assert slow_lines(*[one] * 3, *[other] * 3, *[one] * 2) == 3
        assert slow_lines(*[one] * 3, *[other] * 3, *[one] * 2, cursor=taught(one)) == 2
        assert slow_lines(one, one + b"\r", other, other + b"\r", b"", other) == 2
        assert slow_lines(one, one, TORN, one, ODD, one, b"{}", one) == 4
        assert slow_lines(one, TORN, other, TORN, one, ODD, one) == 6


def test_a_line_that_ends_the_archive_teaches_nothing() -> None:
    """A cursor never changes: the form that a failed window learned is lost with the window."""
    other = render(replace(LINE, symbol="ETHUSDT"), Style(order=SPOT_ORDER))
    with pytest.raises(MixedStreamError):
        parse(REAL + b"\n" + other, KNOWN)
    assert parse(other, replace(KNOWN, symbol=None, topic=None)).counts.slow_lines == 1
    assert taught(REAL) == KNOWN


LINES = [*FORMS, *FORMS, TORN, ODD, b"", b"\0x", render(LINE, Style(escapes=1)), FORMS[0][:-9]]


@given(
    st.lists(st.tuples(st.sampled_from(LINES), st.integers(0, 3)), max_size=25),
    st.lists(st.integers(1, 40), max_size=6),
    st.sampled_from((1, 300, 1000, 1 << 20)),
)
def test_slow_lines_do_not_depend_on_windows(
    plan: list[tuple[bytes, int]], cuts: list[int], piece: int
) -> None:
    """Messages, counts and the last form known are the same for any size of text pieces."""
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


# ---------------------------------------------------------------- traces of a slow line


def test_a_slow_line_leaves_no_levels() -> None:
    """Levels that the scanner read before it gave up a line do not go to the next line."""
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
    """Scan a text that ends where its buffer does not: return content, position and status."""
    buffer = np.frombuffer(text + poison, np.uint8)
    builder = make_builder()
    position, status = scan(buffer[: len(text)], builder, example)
    return facts_of(builder.finish(0, at_end=True).messages), position, status


@pytest.mark.parametrize("line", [REAL, *FORMS])
def test_the_scanner_never_reads_past_its_buffer(line: bytes) -> None:
    """Every prefix of a line at the buffer's end, before bytes that would change its meaning."""
    example = taught(line).example
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
    assert [line_end(text, at) for at in (0, 1, 2, 3, 4)] == [3, 3, 3, 4, 8]
