"""Which dialect a member is in: by its suffix and its first lines, never by its name alone."""

from __future__ import annotations

import pytest

from orderbook.errors import UnknownDialectError
from orderbook.formats import DIALECTS, bybit, choose_dialect, dialect_named, okx
from tests.okx_lines import OKX_LINE, render_okx
from tests.parsed import REAL

OKX = render_okx(OKX_LINE)


def choose(member: str, head: bytes) -> str:
    return choose_dialect("a.zip", member, head).name


def test_every_dialect_is_found_by_its_name() -> None:
    """A stream remembers the name: it is what travels between processes."""
    assert [dialect_named(dialect.name) for dialect in DIALECTS] == list(DIALECTS)


@pytest.mark.parametrize("member", ["x.data", "X.DATA", "a/b.json", "b.jsonl", "c.ndjson"])
@pytest.mark.parametrize("before", [b"", b"\n \r\n", b"hello\n{}\n", b"[1]\n" * 998])
@pytest.mark.parametrize(("line", "name"), [(REAL, "Bybit NDJSON"), (OKX, "OKX NDJSON")])
def test_json_lines_are_of_the_venue_of_their_first_message(
    member: str, before: bytes, line: bytes, name: str
) -> None:
    """§1.1: whatever stands before it, and whatever comes behind."""
    other = OKX if line is REAL else REAL
    assert choose(member, before + line + b"\n" + other + b"\n") == name


@pytest.mark.parametrize("head", [b"", b"\n", b"hello\n", b"{}\n" * 2000, OKX[:-1] + b"\n"])
def test_json_lines_that_nobody_knows_are_bybits(head: bytes) -> None:
    """Lines without a message are counted as unreadable, as ever."""
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
