"""CSV rows → messages: which rows form one, which of them replace the book, which ids follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantgod.orderbook.calendar import Window, day_of, day_start_ms
from quantgod.orderbook.checks import check_counts
from quantgod.orderbook.formats import binance, choose_dialect, tardis
from quantgod.orderbook.formats.csv import columns as col
from quantgod.orderbook.formats.csv.dialect import csv_dialect
from quantgod.orderbook.formats.dialect import Dialect
from quantgod.orderbook.messages import Cursor
from tests.support.core import MemoryText, cut_day, rebuild_with_core
from tests.support.csv_rows import (
    DIALECTS,
    FUTURES_HEADER,
    SPOT_HEADER,
    TARDIS_HEADER,
    binance_row,
    parse,
    tardis_row,
    text_of,
)
from tests.support.examples import SETTINGS
from tests.support.parsed import facts_of
from tests.support.stream_plans import D0
from tests.support.streams import DAY

BOTH = (("bid", "99"), ("ask", "101"))

# ---------------------------------------------------------------- which rows are one message


def test_tardis_rows_that_arrive_together_are_one_message() -> None:
    """§1.2: bids first, then asks, each in listed order; the time is the first row's, floored."""
    parsed = parse(
        TARDIS_HEADER,
        tardis_row(5.999, "ask", "101", "3", local=8),
        tardis_row(7, "bid", "99", "1", local=8),
        tardis_row(7, "ask", "102", "0", local=8),
        tardis_row(7, "bid", "98.5", "2", local=8),
        tardis_row(7, "bid", "97", "1", local=9),
    )
    assert facts_of(parsed.messages) == [
        (D0 + 5, False, None, [(99.0, 1.0), (98.5, 2.0)], [(101.0, 3.0), (102.0, 0.0)]),
        (D0 + 7, False, None, [(97.0, 1.0)], []),
    ]
    assert (parsed.counts.lines, parsed.counts.messages, parsed.counts.unreadable) == (6, 2, 0)
    assert (parsed.cursor.symbol, parsed.cursor.topic) == ("BTC-PERPETUAL", None)


def test_the_first_of_a_run_of_tardis_snapshots_replaces_the_book() -> None:
    """§1.2: later ones of the run add to it; after a delta a new run begins."""
    flags = [True, True, True, False, True, False, False, True, True]
    rows = [tardis_row(10 * n, snapshot=flag) for n, flag in enumerate(flags)]
    parsed = parse(TARDIS_HEADER, *rows)
    wanted = [True, False, False, False, True, False, False, True, False]
    assert parsed.messages.is_snapshot.tolist() == wanted
    assert parsed.cursor.in_snapshot


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_run_goes_on_in_the_next_window(cut: int) -> None:
    """The cursor knows whether the message before it was a snapshot."""
    rows = [tardis_row(1000 * n, snapshot=n < 5) for n in range(9)]
    text = MemoryText(text_of(TARDIS_HEADER, *rows))
    first, second = cut_day(DAY, [D0 + 1000 * cut])
    before = tardis.DIALECT.parse_window(text, Cursor(), first)
    after = tardis.DIALECT.parse_window(text, before.cursor, second)
    found = [*before.messages.is_snapshot.tolist(), *after.messages.is_snapshot.tolist()]
    assert found == [True] + [False] * 8
    assert len(before.messages) == cut
    assert before.cursor.offset == len(text_of(TARDIS_HEADER, *rows[:cut]))


def test_a_change_of_is_snapshot_ends_a_message() -> None:
    """§1.2: rows of one message share it."""
    rows = [tardis_row(0, snapshot=flag) for flag in (False, True, True, False)]
    messages = parse(TARDIS_HEADER, *rows).messages
    assert messages.is_snapshot.tolist() == [False, True, False]
    assert messages.bid_count.tolist() == [1, 2, 1]


def test_binance_rows_of_one_time_and_id_are_one_message() -> None:
    """§1.2: they also share update_type; each `snap` message replaces the book."""
    parsed = parse(
        SPOT_HEADER,
        binance_row(5, 7, "a", "101", "3", kind="snap", first=7),
        binance_row(5, 7, "b", "99", "1", kind="snap", first=6),
        binance_row(5, 8, "b", "98", "1", kind="snap"),
        binance_row(6, 8, "b", "97", "1", kind="snap"),
        binance_row(6, 8, "b", "96", "0", kind="set"),
    )
    assert facts_of(parsed.messages) == [
        (D0 + 5, True, 7, [(99.0, 1.0)], [(101.0, 3.0)]),
        (D0 + 5, True, 8, [(98.0, 1.0)], []),
        (D0 + 6, True, 8, [(97.0, 1.0)], []),
        (D0 + 6, False, 8, [(96.0, 0.0)], []),
    ]
    assert parsed.messages.first_id.tolist() == [7, 8, 8, 8]


@pytest.mark.parametrize(
    ("header", "row", "first_id"),
    [
        (SPOT_HEADER, binance_row(0, 9, first=4), 4),
        (FUTURES_HEADER, binance_row(0, 9, first=4, pu=2), 3),
        (FUTURES_HEADER, binance_row(0, 9, first=4, pu=-1), 0),
        (FUTURES_HEADER, binance_row(0, 9, first=4, pu=""), 0),
        (FUTURES_HEADER, binance_row(0, 9, pu=-(2**63)), -(2**63) + 1),
    ],
)
def test_the_previous_id_of_a_binance_message(header: str, row: str, first_id: int) -> None:
    """§1.2: `pu` + 1 is the next id; without `pu`, it is first_update_id."""
    messages = parse(header, row).messages
    assert (messages.first_id.tolist(), messages.update_id.tolist()) == ([first_id], [9])


def test_an_unreadable_row_does_not_end_its_message() -> None:
    """It changes nothing; nor do blank lines."""
    rows = [tardis_row(0), "hello", "", " \t", tardis_row(0, price="98"), tardis_row(0)[:-9]]
    parsed = parse(TARDIS_HEADER, *rows, tardis_row(0, "ask", "101"))
    assert parsed.messages.bid_count.tolist() == [2]
    assert len(parsed.messages.price) == 3
    assert (parsed.counts.lines, parsed.counts.unreadable) == (6, 2)
    assert parsed.unreadable_lines == (3, 7)


@pytest.mark.parametrize("header", DIALECTS)
def test_a_header_alone_holds_no_message(header: str) -> None:
    parsed = parse(f"\n{header}")
    assert (parsed.counts.lines, parsed.counts.messages, parsed.counts.unreadable) == (1, 0, 0)
    assert (parsed.at_end, parsed.cursor.line, parsed.cursor.symbol) == (True, 2, None)


def test_rows_of_a_message_are_gathered_over_chunks_of_text() -> None:
    """For any chunk size: a message is passed on only when it ends."""
    rows = [tardis_row(0, side, str(n)) for n in range(1, 300) for side in ("ask", "bid")]
    text = text_of(TARDIS_HEADER, *rows, tardis_row(1))
    for piece in (1, 1000, 1 << 20):
        parsed = tardis.DIALECT.parse_window(MemoryText(text, piece), Cursor(), cut_day(DAY)[0])
        prices = [float(n) for n in range(1, 300)]
        assert parsed.messages.price.tolist() == [*prices, *prices, 99.0]
        assert parsed.messages.bid_count.tolist() == [299, 1]


# ---------------------------------------------------------------- gaps

OPENING = binance_row(0, 10, kind="snap"), binance_row(0, 10, "a", "101", kind="snap")


@pytest.mark.parametrize(
    ("header", "opening_pu", "rows", "gaps"),
    [
        (SPOT_HEADER, None, (binance_row(1, 14, first=11), binance_row(2, 15, first=15)), 0),
        (SPOT_HEADER, None, (binance_row(1, 14, first=12), binance_row(2, 15, first=15)), 1),
        (SPOT_HEADER, None, (binance_row(1, 14, first=9), binance_row(2, 16, first=16)), 2),
        (FUTURES_HEADER, -1, (binance_row(1, 99, pu=10), binance_row(2, 200, pu=99)), 0),
        (FUTURES_HEADER, -1, (binance_row(1, 99, pu=11), binance_row(2, 200, pu=99)), 1),
        (FUTURES_HEADER, -1, (binance_row(1, 99, pu=9), binance_row(2, 200, pu=10)), 2),
    ],
)
def test_gaps_in_the_update_ids_of_binance(
    header: str, opening_pu: int | None, rows: tuple[str, ...], gaps: int
) -> None:
    """§1.2: a delta whose `pu` (spot: first_update_id - 1) is not the id before it."""
    tail = "" if opening_pu is None else f",{opening_pu}"
    text = text_of(header, *(f"{row}{tail}" for row in OPENING), *rows)
    day = rebuild_with_core(text, cut_day(DAY), SETTINGS, None, dialect=DIALECTS[header])
    assert (day.counts.sequence_checked, day.counts.sequence_gaps) == (2, gaps)


@pytest.mark.parametrize(("ids", "gaps"), [((10, 11, 12), 0), ((10, 12, 13), 1), ((10, 10, 9), 2)])
def test_gaps_where_a_message_has_one_update_id(ids: tuple[int, ...], gaps: int) -> None:
    """Without a column for the first id, the last one is both."""
    rows = col.RowFormat(
        header="symbol,id,ts,kind,side,price,size",
        slots=(col.NAME, col.LAST_ID, col.TIME, col.KIND, col.SIDE, col.PRICE, col.SIZE),
        group_by=(col.TIME, col.LAST_ID, col.KIND),
        kinds=("delta", "snapshot"),
        sides=("bid", "ask"),
    )
    lines = [
        f"X,{update_id},{D0 + n},{'delta' if n else 'snapshot'},{side},{price},1"
        for n, update_id in enumerate(ids)
        for side, price in BOTH
    ]
    text, dialect = text_of(rows.header, *lines), csv_dialect("one id", rows)
    day = rebuild_with_core(text, cut_day(DAY), SETTINGS, None, dialect=dialect)
    assert (day.counts.sequence_checked, day.counts.sequence_gaps) == (2, gaps)


def test_without_update_ids_nothing_can_be_checked() -> None:
    rows = [tardis_row(n, side, price, snapshot=n == 0) for n in range(3) for side, price in BOTH]
    text = text_of(TARDIS_HEADER, *rows)
    day = rebuild_with_core(text, cut_day(DAY), SETTINGS, None, dialect=tardis.DIALECT)
    assert (day.counts.applied, day.counts.sequence_checked) == (3, 0)
    told = {finding.check: finding for finding in check_counts(day.counts, ())}
    assert told["gaps in update ids"].figures == "not checkable: no update ids to compare"


# ---------------------------------------------------------------- recorded excerpts


@pytest.mark.parametrize(
    ("name", "dialect", "rows", "bids", "is_snapshot"),
    [
        ("binance_t_depth_snap.csv", binance.FUTURES, 100, 100, True),
        ("binance_t_depth_update.csv", binance.FUTURES, 100, 23, False),
        ("tardis_incremental_book_L2_deribit.csv", tardis.DIALECT, 15, 0, True),
    ],
)
def test_recorded_excerpts_are_read_to_the_last_row(
    recordings: Path, name: str, dialect: Dialect, rows: int, bids: int, is_snapshot: bool
) -> None:
    """Each line is the header or a level; only the first row needs the csv module."""
    text = (recordings / "csv" / name).read_bytes()
    assert choose_dialect("a.zip", name, text) is dialect
    first_ms = dialect.read_head(MemoryText(text)).first_ms
    assert first_ms is not None
    day_ms = day_start_ms(day_of(first_ms))
    window = Window(day_ms, day_ms, day_ms + 86_400_000)
    parsed = dialect.parse_window(MemoryText(text), Cursor(), window)
    counts = parsed.counts
    assert (counts.lines, counts.unreadable, counts.slow_lines) == (1 + rows, 0, 1)
    assert len(parsed.messages.price) == rows
    ((time, snapshot, _, found_bids, asks),) = facts_of(parsed.messages)
    assert (time, snapshot, len(found_bids), len(asks)) == (
        first_ms, is_snapshot, bids, rows - bids,
    )  # fmt: skip
