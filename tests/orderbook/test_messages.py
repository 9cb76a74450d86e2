"""Time and window of a message (contract §2), and the batch itself."""

from __future__ import annotations

import pytest

from quantgod.orderbook import messages
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.messages import Cursor, MessageBuilder, Parsed
from tests.support.bybit_lines import INT64_MAX, INT64_MIN, Line, Style, render
from tests.support.core import MemoryText, cut_day
from tests.support.examples import ASKS, BIDS, delta, snapshot, text_of
from tests.support.stream_plans import D0, D1, HOUR_MS
from tests.support.streams import DAY

WHOLE_DAY = cut_day(DAY)[0]


def parse(*lines: Line, window: Window = WHOLE_DAY, cursor: Cursor | None = None) -> Parsed:
    return bybit.parse_window(MemoryText(text_of(*lines)), cursor or Cursor(), window)


def at(*stamps: int) -> list[Line]:
    """Return deltas with these stamps."""
    return [Line("delta", stamp) for stamp in stamps]


def test_columns_of_a_batch() -> None:
    """Bids first, then asks, each in listed order; a missing update id is not the update id 0."""
    parsed = parse(
        snapshot(5, (("98", "1"), ("99", "2")), ASKS), delta(6), delta(7, BIDS, u=0), delta(9, u=-3)
    )
    messages = parsed.messages
    assert len(messages) == 4
    assert (messages.time_ms - D0).tolist() == [5, 6, 7, 9]
    assert messages.is_snapshot.tolist() == [True, False, False, False]
    assert messages.update_id.tolist() == [10, 0, 0, -3]
    assert messages.has_update_id.tolist() == [True, False, True, True]
    assert messages.bid_count.tolist() == [2, 0, 1, 0]
    assert messages.level_start.tolist() == [0, 3, 3, 4, 4]
    assert messages.price.tolist() == [98.0, 99.0, 101.0, 99.0]
    assert messages.size.tolist() == [1.0, 2.0, 3.0, 1.0]


def test_time_never_falls() -> None:
    """§2: a stamp below the latest takes the latest and is counted; an equal one is in order."""
    parsed = parse(*at(D0 + 5, D0 + 4, D0 + 5, D0 + 3, D0 + 6))
    assert (parsed.messages.time_ms - D0).tolist() == [5, 5, 5, 5, 6]
    assert (parsed.counts.out_of_order, parsed.cursor.latest_ms) == (2, D0 + 6)


@pytest.mark.parametrize(
    ("stamp", "outside", "ignored", "closing"),
    [
        *((INT64_MIN, 1, 1, 0), (D0 - HOUR_MS - 1, 1, 1, 0), (D0 - HOUR_MS, 1, 0, 0)),
        *((D0 - 1, 1, 0, 0), (D0, 0, 0, 0), (D1 - 1, 0, 0, 0), (D1, 1, 0, 1)),
        *((D1 + HOUR_MS, 1, 0, 1), (D1 + HOUR_MS + 1, 1, 1, 0), (INT64_MAX, 1, 1, 0)),
    ],
)
def test_edges_of_the_day(stamp: int, outside: int, ignored: int, closing: int) -> None:
    """§2: [d0, d1) is inside; over an hour outside is ignored, and is no closing line."""
    for kind in ("delta", "snapshot"):
        counts = parse(Line(kind, stamp)).counts
        assert (counts.outside_day, counts.outside_ignored) == (outside, ignored)
        closings = (counts.closing_deltas, counts.closing_snapshots)
        assert closings == ((closing, 0) if kind == "delta" else (0, closing))
        assert counts.messages == 1


def test_an_ignored_message_still_sets_the_latest_time() -> None:
    """Decision 1: otherwise rows before T could depend on messages from T on."""
    parsed = parse(*at(D0, D1 + 2 * HOUR_MS, D0 + 1000))
    assert (len(parsed.messages), parsed.counts.outside_ignored) == (1, 2)
    assert (parsed.counts.out_of_order, parsed.cursor.latest_ms) == (1, D1 + 2 * HOUR_MS)


def test_a_window_ends_before_the_first_message_of_the_next() -> None:
    """That message stays unread: the cursor is before its line."""
    first, second = cut_day(DAY, [D0 + 5000])
    lines = at(D0 + 4999, D0 + 5000, D0 + 4000, D0 + 5001)
    source = MemoryText(text_of(*lines))
    before = bybit.parse_window(source, Cursor(), first)
    assert (before.messages.time_ms - D0).tolist() == [4999]
    assert (before.more_inside, before.counts.lines, before.cursor.line) == (True, 1, 1)
    assert before.cursor.offset == source.offset == len(text_of(lines[0]))
    assert before.cursor.latest_ms == D0 + 4999
    after = bybit.parse_window(source, before.cursor, second)
    assert (after.messages.time_ms - D0).tolist() == [5000, 5000, 5001]
    assert (after.counts.out_of_order, after.counts.lines, after.more_inside) == (1, 3, False)
    assert (after.cursor.line, after.cursor.offset) == (4, len(text_of(*lines)))


@pytest.mark.parametrize("style", [Style(), Style(space=" ")])
def test_a_window_ends_at_lines_of_any_style(style: Style) -> None:
    """Scanner and slow path leave the same line unread, and count none of it."""
    windows = cut_day(DAY, [D0 + 5000, D0 + 10_000])
    text = b"".join(render(line, style) + b"\n" for line in at(D0, D0 + 7000, D0 + 12_000))
    source, cursor = MemoryText(text), Cursor()
    for window in windows:
        parsed = bybit.parse_window(source, cursor, window)
        assert (len(parsed.messages), parsed.counts.lines, parsed.counts.messages) == (1, 1, 1)
        assert parsed.at_end == window.is_last
        cursor = parsed.cursor
    assert (cursor.line, cursor.offset) == (3, len(text))


def test_the_end_of_the_text() -> None:
    """Later windows are empty once any window has reached it."""
    first = cut_day(DAY, [D0 + 5000])[0]
    assert parse(*at(D0), window=first).at_end
    assert parse(window=first).at_end
    assert not parse(*at(D0, D1), window=first).at_end


def test_more_inside_means_inside_the_day() -> None:
    """§3: a later message at or after d1 does not extend the grid."""
    first = cut_day(DAY, [D0 + 5000])[0]
    assert parse(*at(D0, D1 - 1), window=first).more_inside
    assert not parse(*at(D0, D1), window=first).more_inside
    assert not parse(*at(D0), window=first).more_inside


def test_the_last_window_takes_all_that_is_later() -> None:
    """Also the greatest possible stamp; a middle window leaves it unread."""
    last = cut_day(DAY, [D0 + 5000])[1]
    assert parse(*at(D1 - 1, D1, INT64_MAX), window=last).counts.messages == 3
    middle = Window(D0, D0 + 5000, D0 + 10_000)
    assert parse(*at(D0 + 6000, INT64_MAX), window=middle).counts.messages == 1


def test_a_cursor_begins_at_the_beginning() -> None:
    """It has read nothing, seen no stamp and knows no name."""
    assert Cursor() == Cursor(offset=0, line=0, latest_ms=INT64_MIN, symbol=None, topic=None)


def test_names_are_those_of_the_first_message_that_has_any() -> None:
    """§1.1: topic and symbol separately; the next window knows them too."""
    line = delta(0)
    nameless = Line("delta", D0, topic=None, symbol=None)
    parsed = parse(nameless, Line("delta", D0, topic=None), line)
    assert (parsed.cursor.symbol, parsed.cursor.topic) == ("BTCUSDT", "orderbook.200.BTCUSDT")
    again = parse(nameless, cursor=parsed.cursor)
    assert (again.cursor.symbol, again.cursor.topic) == ("BTCUSDT", "orderbook.200.BTCUSDT")


def test_a_batch_grows_and_keeps_its_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels do not check bounds: room is made first, and no content is lost."""
    monkeypatch.setattr(messages, "_MIN_CAPACITY", 0)
    builder = MessageBuilder(Cursor(), WHOLE_DAY)
    builder.reserve(3, 7)
    columns = builder.batch.columns
    assert [len(column) for column in columns] == [3, 3, 3, 3, 3, 3, 4, 7, 7]
    columns.time_ms[:] = [1, 2, 3]
    columns.level_start[:] = [0, 1, 2, 3]
    columns.price[:] = range(7)
    builder.reserve(3, 7)
    assert builder.batch.columns is columns
    builder.reserve(4, 8)
    columns = builder.batch.columns
    assert [len(column) for column in columns] == [6, 6, 6, 6, 6, 6, 8, 14, 14]
    assert columns.time_ms[:3].tolist() == [1, 2, 3]
    assert columns.level_start[:4].tolist() == [0, 1, 2, 3]
    assert columns.price[:7].tolist() == list(range(7))


@pytest.mark.parametrize("room", [1, 2, 64])
def test_there_are_more_starts_than_messages(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Also if the room is exactly as requested."""
    monkeypatch.setattr(messages, "_MIN_CAPACITY", room)
    for wanted in (room, room + 1, 2 * room, 4 * room + 1):
        builder = MessageBuilder(Cursor(), WHOLE_DAY)
        builder.reserve(wanted, 1)
        builder.reserve(2 * wanted, 1)
        *columns, starts, _, _ = map(len, builder.batch.columns)
        assert 2 * wanted <= min(columns) == max(columns) < starts


def test_only_the_first_unreadable_lines_are_remembered() -> None:
    """§1.1: all are counted; blank lines have numbers too, but are not counted."""
    text = b"\n" + text_of(delta(0)) + b" \t\r\n" + b"x\n" * 12 + b"\n" + text_of(delta(1))
    parsed = bybit.parse_window(MemoryText(text), Cursor(line=100), WHOLE_DAY)
    assert parsed.unreadable_lines == tuple(range(104, 114))
    counts = parsed.counts
    assert (counts.lines, counts.messages, counts.unreadable) == (14, 2, 12)
    assert parsed.cursor.line == 100 + 17
