"""CSV texts made from Bybit ones: the same messages as rows, as odd as the contract allows."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from quantgod.orderbook.formats import binance, tardis
from quantgod.orderbook.formats.dialect import Dialect
from tests.support import twin_csv
from tests.support.streams import TYPICAL, member_texts
from tests.support.twin import ReadText, TwinSettings
from tests.support.twin_messages import MixedStream, name_stream

Cells = list[str]
Fields = dict[str, Any]  # of a Bybit message

NAMES = {"exchange": "bybit", "symbol": "BTCUSDT"}


def tardis_cells(message: Fields, arrival: int) -> Cells:
    """Return the cells before side, price and size."""
    flag = "true" if message["type"] == "snapshot" else "false"
    time = message["ts"] * 1000 + arrival % 1000
    return [*NAMES.values(), str(time), str(1_700_000_000_000_000 + arrival), flag]


def binance_cells(message: Fields, arrival: int) -> Cells:
    """Return the cells before side, type, price and size."""
    update_id = message["data"].get("u", "")
    first = "" if update_id == "" else update_id - arrival % 2
    return [NAMES["symbol"], str(message["ts"]), str(first), str(update_id)]


def tardis_row(head: Cells, _: Fields, side: str, level: Sequence[str]) -> Cells:
    """Return one level as a row."""
    return [*head, {"b": "bid", "a": "ask"}[side], *level]


def spot_row(head: Cells, message: Fields, side: str, level: Sequence[str]) -> Cells:
    """Return one level as a row."""
    return [*head, side, "snap" if message["type"] == "snapshot" else "set", *level]


def futures_row(head: Cells, message: Fields, side: str, level: Sequence[str]) -> Cells:
    """Return one level as a row."""
    update_id = message["data"].get("u")
    previous = "" if update_id is None else update_id - 1
    return [*spot_row(head, message, side, level), str(previous)]


@dataclass(frozen=True)
class Kind:
    """A CSV dialect, its twin, and the way to write a Bybit message in it."""

    dialect: Dialect
    read: ReadText
    head: Callable[[Fields, int], Cells]
    row: Callable[[Cells, Fields, str, Sequence[str]], Cells]


KINDS = (
    Kind(tardis.DIALECT, twin_csv.read_tardis, tardis_cells, tardis_row),
    Kind(binance.SPOT, twin_csv.read_binance, binance_cells, spot_row),
    Kind(binance.FUTURES, twin_csv.read_binance, binance_cells, futures_row),
)


# ---------------------------------------------------------------- one row as a line


def plain(cells: Cells) -> bytes:
    """Write cells as vendors do."""
    return ",".join(cells).encode()


def quoted(cells: Cells) -> bytes:
    """Quote every cell."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    return text.getvalue().encode()


def partly_quoted(cells: Cells) -> bytes:
    """Quote the last cell."""
    return plain([*cells[:-1], f'"{cells[-1]}"'])


def padded(cells: Cells) -> bytes:
    """Pad integers with leading zeros."""
    return plain([f"00{cell}" if cell.isdigit() else cell for cell in cells])


MANNERS: tuple[Callable[[Cells], bytes], ...] = (plain, quoted, partly_quoted, padded)
ENDS = (b"\n", b"\r\n")
BREAKS: dict[str, Callable[[Cells], bytes]] = {
    "torn": lambda cells: plain(cells)[:-8],
    "torn in the middle": lambda cells: plain(cells)[: len(plain(cells)) // 2],
    "tail": lambda cells: plain(cells)[10:],
    "lacks the first": lambda cells: plain(cells[1:]),
    "one more": lambda cells: plain([*cells, "1"]),
    "trailing comma": lambda cells: plain(cells) + b",",
    "all empty": lambda cells: b"," * (len(cells) - 1),
    "two rows": lambda cells: plain(cells) * 2,
    "open quote": lambda cells: b'"' + plain(cells),
    "quote inside": lambda cells: plain([*cells[:-1], '"1"0']),
    "not UTF-8": lambda cells: plain(cells)[:-1] + b"\xff",
    "NUL": lambda cells: plain(cells)[:-1] + b"\x00",
    "carriage return inside": lambda cells: plain([*cells[:4], "\r", *cells[5:]]),
    "words": lambda _: b"hello",
    "spaces": lambda cells: b" " + plain(cells).replace(b",", b" , "),
    "semicolons": lambda cells: plain(cells).replace(b",", b";"),
    "header": lambda cells: b"a,b,c" + b",x" * (len(cells) - 3),
}


def write(kind: Kind, text: bytes, random: Random, odd: float = 0.0) -> bytes:
    """Write a Bybit text as rows, a share of them odd; keep lines that are not messages."""
    lines = [kind.dialect.header.encode() + b"\n"]
    arrival = 0
    for line in text.split(b"\n"):
        arrival += random.random() >= odd  # messages with one arrival time are one message
        try:
            rows = list_rows(kind, json.loads(line), arrival)
        except (ValueError, KeyError, TypeError, AttributeError):
            lines.append(line + b"\n")
            continue
        if odd and random.random() < 0.5:
            random.shuffle(rows)  # bids and asks interleave
        lines += [write_row(cells, random, odd) for cells in rows]
    return b"".join(lines)


def list_rows(kind: Kind, message: Fields, arrival: int) -> list[Cells]:
    """List a message's levels as rows."""
    levels = [(side, level) for side in "ba" for level in message["data"][side]]
    head = kind.head(message, arrival)
    return [kind.row(head, message, side, [*map(str, level)]) for side, level in levels]


def write_row(cells: Cells, random: Random, odd: float) -> bytes:
    """Write one row, sometimes oddly, sometimes with something else before it."""
    end = random.choice(ENDS) if odd else b"\n"
    if random.random() >= odd:
        return plain(cells) + end
    broken = random.choice([*BREAKS.values()])(cells) + end
    before = random.choice((b"", b"", b"\n", b" \t\r\n", broken, with_other_byte(cells, random)))
    return before + random.choice(MANNERS)(cells) + end


def with_other_byte(cells: Cells, random: Random) -> bytes:
    """Write a row with one byte changed, whatever the result."""
    line = bytearray(plain(cells) + b"\n")
    line[random.randrange(len(line))] = random.choice(b'0123456789.,:/-e"ab \t\r\n\x00\x80\xb9\xff')
    return bytes(line)


@st.composite
def csv_texts(draw: st.DrawFn, kind: Kind, settings: TwinSettings = TYPICAL) -> bytes:
    """Draw the text of a CSV member of the day ``DAY``."""
    random = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - no secret
    odd = draw(st.sampled_from((0.0, 0.0, 0.05, 0.3)))
    text = write(kind, draw(member_texts(settings)), random, odd)
    return draw(st.sampled_from((text, text, text[:-1], b"\n \r\n" + text)))


def is_of_one_stream(kind: Kind, text: bytes) -> bool:
    """Return whether the twin reads a text without refusing it as mixed."""
    try:
        name_stream(kind.read(text, Counter())[0])
    except MixedStream:
        return False
    return True
