"""The dialect of a member: decided by its suffix and its first lines, never by its name alone."""

from __future__ import annotations

import pytest

from quantgod.errors import UnknownDialectError
from quantgod.orderbook.formats import (
    DIALECTS,
    binance,
    bybit,
    choose_dialect,
    dialect_named,
    okx,
    tardis,
)
from quantgod.orderbook.formats.dialect import Dialect
from tests.support.csv_rows import FUTURES_HEADER, SPOT_HEADER, TARDIS_HEADER
from tests.support.okx_lines import OKX_LINE, render_okx
from tests.support.parsed import REAL

OKX = render_okx(OKX_LINE)


def choose(member: str, head: bytes) -> str:
    return choose_dialect("a.zip", member, head).name


def test_every_dialect_is_found_by_its_name() -> None:
    """A stream stores the name, which travels between processes."""
    assert [dialect_named(dialect.name) for dialect in DIALECTS] == list(DIALECTS)


@pytest.mark.parametrize("member", ["x.data", "X.DATA", "a/b.json", "b.jsonl", "c.ndjson"])
@pytest.mark.parametrize("before", [b"", b"\n \r\n", b"hello\n{}\n", b"[1]\n" * 998])
@pytest.mark.parametrize(("line", "name"), [(REAL, "Bybit NDJSON"), (OKX, "OKX NDJSON")])
def test_json_lines_are_of_the_venue_of_their_first_message(
    member: str, before: bytes, line: bytes, name: str
) -> None:
    """§1.1: whatever lines come before and after it."""
    other = OKX if line is REAL else REAL
    assert choose(member, before + line + b"\n" + other + b"\n") == name


@pytest.mark.parametrize("head", [b"", b"\n", b"hello\n", b"{}\n" * 2000, OKX[:-1] + b"\n"])
def test_unknown_json_lines_are_bybits(head: bytes) -> None:
    """Lines without a message are counted as unreadable, as usual."""
    assert choose("x.data", head) == bybit.DIALECT.name


def test_a_thousand_lines_are_searched() -> None:
    assert choose("x.data", b"x\n" * 999 + OKX) == okx.DIALECT.name
    assert choose("x.data", b"x\n" * 1000 + OKX) == bybit.DIALECT.name


@pytest.mark.parametrize("member", ["x", "data", "x.data.txt", "x.tar", ""])
def test_another_suffix_has_no_reader(member: str) -> None:
    """The error names the dialects known."""
    with pytest.raises(UnknownDialectError, match=r"Bybit NDJSON \(\.data \.json") as caught:
        choose_dialect("a.zip", member, REAL)
    assert (caught.value.archive, caught.value.member) == ("a.zip", member)


# ---------------------------------------------------------------- CSV


@pytest.mark.parametrize("member", ["x.csv", "a/X.CSV"])
@pytest.mark.parametrize("before", [b"", b"\n \t\r\n"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\nhello\n"])
@pytest.mark.parametrize(
    ("header", "dialect"),
    [
        (TARDIS_HEADER, tardis.DIALECT),
        (SPOT_HEADER, binance.SPOT),
        (FUTURES_HEADER, binance.FUTURES),
        (SPOT_HEADER.replace("qty", '"qty"'), binance.SPOT),
    ],
)
def test_csv_is_recognized_by_its_header(
    member: str, before: bytes, end: bytes, header: str, dialect: Dialect
) -> None:
    """§1.2: by the first line that is not blank."""
    assert choose(member, before + header.encode() + end) == dialect.name


TARDIS, FUTURES = tardis.DIALECT.name, binance.FUTURES.name
KNOWN = (
    "; dialects known: Bybit NDJSON (.data .json .jsonl .ndjson); "
    "OKX NDJSON (.data .json .jsonl .ndjson); "
    f"Tardis incremental_book_L2 (.csv with the header {TARDIS_HEADER}); "
    f"Binance T_DEPTH (.csv with the header {SPOT_HEADER}); "
    f"Binance T_DEPTH with pu (.csv with the header {FUTURES_HEADER}) (a.zip, member x.csv)"
)
REORDERED = "symbol,exchange,timestamp,local_timestamp,is_snapshot,side,price,amount"
LACKING = TARDIS_HEADER.replace(",is_snapshot", "").replace(",amount", "")
DIFFERENCE = "lacks 'qty' and has the extra 'quantity'"
RENAMED = FUTURES_HEADER.replace("qty", "quantity")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a CSV header, found no text"),
        ("\n \r\n", "expected a CSV header, found no text"),
        ("a,b,c\n1,2,3\n", "unknown CSV header 'a,b,c'"),
        ("hello", "unknown CSV header 'hello'"),
        ('"hello', "unknown CSV header '\"hello'"),
        ("x" * 400, f"unknown CSV header '{'x' * 300}'"),
        (
            REORDERED,
            f"the CSV header '{REORDERED}' has the columns of {TARDIS} in another order",
        ),
        (
            LACKING,
            f"the CSV header '{LACKING}', closest to {TARDIS}, lacks 'is_snapshot', 'amount'",
        ),
        (
            f"{SPOT_HEADER},x",
            f"the CSV header '{SPOT_HEADER},x', closest to Binance T_DEPTH, has the extra 'x'",
        ),
        (
            RENAMED,
            f"the CSV header '{RENAMED}', closest to {FUTURES}, {DIFFERENCE}",
        ),
        (
            f"{TARDIS_HEADER.upper()}\n{TARDIS_HEADER}",
            f"unknown CSV header '{TARDIS_HEADER.upper()}'",
        ),
    ],
)
def test_an_unknown_header_is_refused(text: str, reason: str) -> None:
    """§1.2: with the header found, its error, and the dialects known."""
    with pytest.raises(UnknownDialectError) as caught:
        choose_dialect("a.zip", "x.csv", text.encode())
    assert str(caught.value) == reason + KNOWN
