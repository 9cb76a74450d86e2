"""CSV rows: which line is a row, its content, and its stream."""

from __future__ import annotations

import pytest

from quantgod.errors import MixedStreamError
from quantgod.orderbook.formats import tardis
from quantgod.orderbook.formats.csv.row import read_row
from quantgod.orderbook.messages import INT64_MAX
from tests.support.core import MemoryText
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
from tests.support.parsed import facts_of
from tests.support.stream_plans import D0

LONG = "0." + "0" * 400 + "1"

# ---------------------------------------------------------------- which lines are rows

GOOD = {
    TARDIS_HEADER: tardis_row(0).split(","),
    SPOT_HEADER: binance_row(0, 5).split(","),
    FUTURES_HEADER: binance_row(0, 5, pu=4).split(","),
}
BAD_INTEGERS = (
    "",
    "-1",
    "+1",
    "1.0",
    "1e3",
    " 1",
    "1 ",
    "x",
    "9" * 19,
    "9" * 30,
    "0" * 20,
    "\u0661",
)
BAD_NUMBERS = ("", "-1", "+1", ".5", "5.", "1e", "e5", "1e+", "1.2.3", "nan", "inf", "0x1", "1_0")
BAD = {
    **dict.fromkeys(("timestamp", "local_timestamp"), BAD_INTEGERS),
    **dict.fromkeys(("first_update_id", "last_update_id"), BAD_INTEGERS),
    "is_snapshot": ("", "True", "TRUE", "1", "true ", "snap"),
    "update_type": ("", "Snap", "sets", "se", "true"),
    "side": ("", "buy", "Bid", "bi", "ab", "bids"),
    "price": (*BAD_NUMBERS, "0", "0.00", "0e5", "1e-400", "1e400", LONG),
    **dict.fromkeys(("amount", "qty"), (*BAD_NUMBERS, "1e400", "1" + "0" * 400)),
    "pu": ("x", "1.0", "--1", "-", str(INT64_MAX), "9" * 19, "-" + "9" * 19),
}


@pytest.mark.parametrize(
    ("header", "column", "cell"),
    [
        (header, column, cell)
        for header in DIALECTS
        for column in header.split(",")
        for cell in BAD.get(column, ())
    ],
)
def test_a_bad_cell_makes_its_row_unreadable(header: str, column: str, cell: str) -> None:
    """§1.2: the row changes nothing, and is counted with its line."""
    cells = [cell if name == column else good for name, good in _named(header)]
    parsed = parse(header, ",".join(GOOD[header]), ",".join(cells))
    assert (parsed.counts.lines, parsed.counts.unreadable, parsed.counts.messages) == (3, 1, 1)
    assert parsed.unreadable_lines == (3,)
    assert len(parsed.messages.price) == 1


def _named(header: str) -> list[tuple[str, str]]:
    return list(zip(header.split(","), GOOD[header], strict=True))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("65114.20", 65114.2), ("0001", 1.0), ("7", 7.0), ("9" * 15, 999999999999999.0)),
        *(("1" * 16, 1111111111111111.0), ("100.30000000000001", 100.30000000000001)),
        *(("1e-7", 1e-7), ("1.5E+3", 1500.0), ("6.054e0", 6.054), ("1e21", 1e21)),
        *(("0.00000001", 1e-8), ("0." + "0" * 323 + "5", 5e-324), ("1e-323", 1e-323)),
    ],
)
def test_numbers_are_the_float64_nearest_to_their_text(text: str, value: float) -> None:
    """§2: with or without an exponent, which JavaScript writes below 1e-6 and from 1e21 on."""
    parsed = parse(TARDIS_HEADER, tardis_row(0), tardis_row(0, price=text, size=text))
    assert (parsed.messages.price[1], parsed.messages.size[1]) == (value, value)


def test_a_size_that_rounds_to_nothing_deletes() -> None:
    sizes = ("0", "0.000", "0e7", "1e-400", LONG)
    parsed = parse(TARDIS_HEADER, *(tardis_row(0, size=size) for size in sizes))
    assert parsed.messages.size.tolist() == [0.0] * len(sizes)


@pytest.mark.parametrize("header", DIALECTS)
def test_quotes_and_carriage_returns_change_nothing(header: str) -> None:
    """RFC 4180: a quoted cell is read by the csv module, a CRLF by the scanner too."""
    plain = ",".join(GOOD[header])
    quoted = ",".join(f'"{cell}"' for cell in GOOD[header])
    (wanted,) = facts_of(parse(header, plain, plain, plain).messages)
    for end in ("\n", "\r\n"):
        parsed = parse(header, plain, quoted, plain, end=end)
        assert facts_of(parsed.messages) == [wanted]
        assert (parsed.counts.unreadable, parsed.counts.slow_lines) == (0, 2)


@pytest.mark.parametrize(
    "line", [b'"a', b'a"b"c', b'"a"b,c', b"\xff", b"a\x00", b"a\rb", b",", b"", b"\xef\xbb\xbfx"]
)
def test_lines_that_are_not_rows(line: bytes) -> None:
    assert read_row(line, tardis.ROWS) is None


# ---------------------------------------------------------------- names of a stream


@pytest.mark.parametrize(
    ("header", "rows", "what"),
    [
        (
            TARDIS_HEADER,
            (tardis_row(0), tardis_row(0, names="deribit,ETH-PERPETUAL")),
            "symbol 'ETH-PERPETUAL' in a stream of symbol 'BTC-PERPETUAL'",
        ),
        (
            TARDIS_HEADER,
            (tardis_row(0), tardis_row(9, names="bybit,BTC-PERPETUAL")),
            "exchange 'bybit' in a stream of exchange 'deribit'",
        ),
        (
            SPOT_HEADER,
            (binance_row(0, 1), binance_row(0, 1, symbol="BTCUSD")),
            "symbol 'BTCUSD' in a stream of symbol 'BTCUSDT'",
        ),
        (
            FUTURES_HEADER,
            (binance_row(0, 1, pu=0), binance_row(-(10**8), 1, pu=0, symbol='"a,b"')),
            "symbol 'a,b' in a stream of symbol 'BTCUSDT'",
        ),
    ],
)
def test_another_name_ends_the_archive(header: str, rows: tuple[str, ...], what: str) -> None:
    """§1.2: the error has both names and the line, also if the message would not be applied."""
    with pytest.raises(MixedStreamError, match=what) as caught:
        parse(header, rows[0], "hello", rows[1])
    assert caught.value.line == 4


def test_an_unreadable_row_of_another_symbol_is_only_unreadable() -> None:
    other = tardis_row(0, names="deribit,ETH-PERPETUAL", price="0")
    assert parse(TARDIS_HEADER, tardis_row(0), other).counts.unreadable == 1


def test_a_name_with_a_comma_is_one() -> None:
    """The csv module reads its rows, except those that look exactly like the first."""
    row = tardis_row(0, names='"a ""b""",","')
    parsed = parse(TARDIS_HEADER, row, row)
    assert (parsed.cursor.symbol, len(parsed.messages.price)) == (",", 2)


@pytest.mark.parametrize("header", DIALECTS)
def test_the_head_of_a_stream(header: str) -> None:
    """Symbol and time of the first row; no topic, and so no promised depth."""
    good = ",".join(GOOD[header])
    head = DIALECTS[header].read_head(MemoryText(text_of(f"\n{header}", "hello", good)))
    assert (head.symbol, head.topic, head.first_ms) == (_symbol(header), None, D0)
    assert DIALECTS[header].promised_depth(None) == 0
    for text in (b"", text_of(header), text_of(header, "hello")):
        assert DIALECTS[header].read_head(MemoryText(text)).first_ms is None


def _symbol(header: str) -> str:
    return "BTC-PERPETUAL" if header == TARDIS_HEADER else "BTCUSDT"
