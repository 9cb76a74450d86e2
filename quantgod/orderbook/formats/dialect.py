"""``Dialect``: name, recognition of its members, and a parser of one window of text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quantgod.errors import MixedStreamError
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.messages import Cursor, Parsed


class Text(Protocol):
    """Text of a member, read forward in whole lines."""

    @property
    def offset(self) -> int:
        """Offset of the first byte of ``lines()`` in the inflated text."""

    def lines(self) -> NDArray[np.uint8]:
        """Return the next whole lines, each with its line feed; empty at the end of the member."""

    def advance(self, count: int) -> None:
        """Consume the first ``count`` bytes of ``lines()``."""


@dataclass(frozen=True)
class StreamHead:
    """Names and time from the first message of a stream."""

    symbol: str | None
    topic: str | None
    first_ms: int | None


Levels = list[tuple[float, float]]  # (price, size)


@dataclass(frozen=True)
class Message:
    """The message of one NDJSON line."""

    ts: int
    is_snapshot: bool
    update_id: int | None
    topic: str | None
    symbol: str | None
    bids: Levels
    asks: Levels


def promise_no_depth(_: str | None) -> int:
    """Return 0: neither topic nor text says how deep the book is."""
    return 0


@dataclass(frozen=True)
class Dialect:
    """A text format of order-book messages; a stream refers to its dialect by ``name``."""

    name: str
    suffixes: tuple[str, ...]  # of its members; dialects may share them
    claim: Callable[[bytes], int | None]  # offset of its first line in a text's head
    parse_window: Callable[[Text, Cursor, Window], Parsed]
    read_head: Callable[[Text], StreamHead]
    promised_depth: Callable[[str | None], int] = promise_no_depth  # levels per side, of a topic
    header: str = ""  # of CSV members


def require_same(name: str, known: str | None, found: str | None, line: int) -> str | None:
    """Return the stream's symbol, topic or other name after a message that gives it as ``found``.

    Raises:
        MixedStreamError: the stream's ``known`` name differs.
    """
    if known is not None and found is not None and known != found:
        raise MixedStreamError(
            f"{name} {found!r} in a stream of {name} {known!r}: one member holds one stream; "
            "split the archive",
            line=line,
        )
    return known if known is not None else found
