"""Generated streams, recordings, and a plain book that replays either line by line."""

from __future__ import annotations

import json
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from quantgod.synthetic import StreamSpec, generate_text
from tests.support.stream_faults import split_lines

BUSY_RECORDING = "derived/linear/BTCUSDT/2024-08-08_BTCUSDT_ob200.data.zip"
RECORDINGS = (  # APT is left out: its snapshot is cut, so its deltas do not fit its book
    BUSY_RECORDING,
    "bybit/linear/ETHUSDT/2026-08-09_ETHUSDT_ob200.data.zip",
    "bybit/linear/SOLUSDT/2026-08-09_SOLUSDT_ob200.data.zip",
    "bybit/linear/XRPUSDT/2024-12-01_XRPUSDT_ob500.data.zip",
    "bybit/spot/ETHUSDT/2026-08-09_ETHUSDT_ob200.data.zip",
)
MIDNIGHT = 1_755_734_400_000  # 2025-08-21, when linear went from ob500 to ob200
SHORT = StreamSpec("BTCUSDT", "linear", 200, MIDNIGHT - 12_000, MIDNIGHT, seed=1)
LONG = replace(SHORT, start_ms=MIDNIGHT - 240_000)
KINDS = ("update", "insert", "delete", "absent")  # the last deletes a level that does not exist


@dataclass
class Step:
    """One message, the book after it, and the changes that it made."""

    message: dict[str, Any]
    bids: dict[float, float]
    asks: dict[float, float]
    kinds: dict[str, int]  # how many changes of each kind
    ranks: list[int]  # of each change, counted from the touch before the message
    mid_moved: bool

    @property
    def level_count(self) -> int:
        return len(self.message["data"]["b"]) + len(self.message["data"]["a"])


def replay(lines: Iterable[bytes]) -> Iterator[Step]:
    """Rebuild the book step by step; the next step changes the two dicts of this one."""
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    mid = 0.0
    for line in lines:
        message = json.loads(line)
        step = Step(message, bids, asks, dict.fromkeys(KINDS, 0), [], mid_moved=False)
        for book, name in ((bids, "b"), (asks, "a")):
            if message["type"] == "snapshot":
                book.clear()
            before = sorted(book)
            for text in message["data"][name]:
                price, size = float(text[0]), float(text[1])
                below, up_to = bisect_left(before, price), bisect_right(before, price)
                step.ranks.append(below if name == "a" else len(before) - up_to)
                step.kinds[apply_level(book, price, size)] += 1
        last, mid = mid, max(bids, default=0.0) + min(asks, default=0.0)
        step.mid_moved = mid != last
        yield step


def apply_level(book: dict[float, float], price: float, size: float) -> str:
    """Change one level of the book and return the kind of the change."""
    if size:
        kind = "update" if price in book else "insert"
        book[price] = size
        return kind
    return "delete" if book.pop(price, None) else "absent"


def copy_books(lines: Iterable[bytes]) -> list[dict[float, float]]:
    """Return both sides of the book after each message."""
    return [{**step.bids, **step.asks} for step in replay(lines)]


@cache
def make(spec: StreamSpec) -> list[bytes]:
    """Return the lines that the generator makes from a spec."""
    return list(split_lines(generate_text(spec)))


def read_recording(path: Path) -> list[bytes]:
    """Return the whole lines of a recording, without the torn last line of one cut short."""
    with zipfile.ZipFile(path) as archive:
        lines = archive.read(archive.namelist()[0]).splitlines(keepends=True)
    return lines if lines[-1].endswith(b"\n") else lines[:-1]


def read_messages(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def read_ids(lines: Iterable[bytes]) -> list[int]:
    return [message["data"]["u"] for message in read_messages(lines)]
