"""Faults: pure functions from the lines of a good stream to those of a faulty one.

Each takes and returns lines (with their line ends), so that calls nest:
``tear_line(drop_lines(lines, at=5), at=9)``. ``at`` counts the given lines from 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

Message = dict[str, Any]
Side = dict[float, list[str]]  # price -> the level as written


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return the lines of chunks that hold whole lines, as ``generate_text`` yields them."""
    for chunk in chunks:
        yield from chunk.splitlines(keepends=True)


def drop_lines(lines: Iterable[bytes], *, at: int, count: int = 1) -> Iterator[bytes]:
    """Lose ``count`` messages: a gap in ``u``."""
    source = iter(lines)
    yield from islice(source, at)
    yield from islice(source, count, None)


def insert_line(lines: Iterable[bytes], *, at: int, line: bytes) -> Iterator[bytes]:
    """Put any bytes, such as garbage or a blank line, before line ``at``."""
    source = iter(lines)
    yield from islice(source, at)
    yield line
    yield from source


def tear_line(lines: Iterable[bytes], *, at: int, keep: int = 100) -> Iterator[bytes]:
    """Cut line ``at`` to its first ``keep`` bytes; the next line begins as usual."""
    for i, line in enumerate(lines):
        yield line[:keep] + b"\n" if i == at else line


def truncate(lines: Iterable[bytes], *, size: int) -> Iterator[bytes]:
    """End the text after ``size`` bytes, most likely inside a line."""
    for line in lines:
        yield line[:size]
        size -= len(line)
        if size <= 0:
            return


def pause(lines: Iterable[bytes], *, at: int, silence_ms: int) -> Iterator[bytes]:
    """Pause for ``silence_ms`` before line ``at``: all later stamps move, and no line is lost."""
    for i, line in enumerate(lines):
        yield _shift_stamps(line, silence_ms) if i >= at else line


def set_back(lines: Iterable[bytes], *, at: int, back_ms: int) -> Iterator[bytes]:
    """Stamp line ``at`` alone ``back_ms`` earlier: out of order, but without a gap in ``u``."""
    for i, line in enumerate(lines):
        yield _shift_stamps(line, -back_ms) if i == at else line


def rename_symbol(lines: Iterable[bytes], *, at: int, symbol: str) -> Iterator[bytes]:
    """Move line ``at`` to the same topic of another symbol."""
    for i, line in enumerate(lines):
        message = json.loads(line)
        message["topic"] = message["topic"].rpartition(".")[0] + f".{symbol}"
        message["data"]["s"] = symbol
        yield _to_line(message) if i == at else line


def insert_snapshot(lines: Iterable[bytes], *, at: int) -> Iterator[bytes]:
    """Repeat the whole book before line ``at``, with the last message's ``u`` and stamps."""
    for i, (line, message, bids, asks) in enumerate(_follow(lines)):
        yield line
        if i == at - 1:
            yield _to_line(_make_snapshot(message, bids, asks))


def restart_service(lines: Iterable[bytes], *, at: int) -> Iterator[bytes]:
    """Restart before line ``at``: insert a snapshot with ``u`` 1, from which ``u`` goes on."""
    lowered = 0
    for i, (line, message, bids, asks) in enumerate(_follow(lines)):
        message["data"]["u"] -= lowered
        yield _to_line(message) if i >= at else line
        if i == at - 1:
            lowered = message["data"]["u"] - 1
            message["data"]["u"] = 1
            yield _to_line(_make_snapshot(message, bids, asks))


def cross_book(lines: Iterable[bytes], *, at: int, until: int) -> Iterator[bytes]:
    """Keep a bid above the best ask from line ``at`` to before line ``until``."""
    price = ""
    for i, (line, message, _, asks) in enumerate(_follow(lines)):
        if i == at:  # a whole number: no tick is so coarse; far enough to meet no other bid
            price = str(int(min(asks) * 1.001) + 1)
            message["data"]["b"].append([price, "1"])
        elif i == until:
            message["data"]["b"].append([price, "0"])
        yield _to_line(message) if i in (at, until) else line


def drop_side(lines: Iterable[bytes], *, at: int, until: int) -> Iterator[bytes]:
    """Remove all asks from line ``at`` to before line ``until``; both lines become snapshots."""
    for i, (line, message, bids, asks) in enumerate(_follow(lines)):
        changed = _make_snapshot(message, bids, asks) if i in (at, until) else message
        if at <= i < until:
            changed["data"]["a"] = []
        yield _to_line(changed) if at <= i <= until else line


def _follow(lines: Iterable[bytes]) -> Iterator[tuple[bytes, Message, Side, Side]]:
    """Yield each line with its message and the book after it."""
    bids: Side = {}
    asks: Side = {}
    for line in lines:
        message = json.loads(line)
        for side, levels in ((bids, message["data"]["b"]), (asks, message["data"]["a"])):
            if message["type"] == "snapshot":
                side.clear()
            for level in levels:
                side[float(level[0])] = level
                if float(level[1]) == 0:
                    del side[float(level[0])]
        yield line, message, bids, asks


def _make_snapshot(message: Message, bids: Side, asks: Side) -> Message:
    """Return a snapshot of the book with the message's stamps and ids."""
    levels = {
        "b": [bids[price] for price in sorted(bids, reverse=True)],
        "a": [asks[price] for price in sorted(asks)],
    }
    return {**message, "type": "snapshot", "data": {**message["data"], **levels}}


def _shift_stamps(line: bytes, by_ms: int) -> bytes:
    message = json.loads(line)
    message["ts"] += by_ms
    message["cts"] += by_ms
    return _to_line(message)


def _to_line(message: Message) -> bytes:
    """Write a line as the venue does: no spaces, keys in their original order."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
