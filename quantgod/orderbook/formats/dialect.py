"""What a dialect is: a name, the members that are its own, and a parser of one window of text."""

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
    """The text of a member as a parser sees it: whole lines ahead of an offset."""

    @property
    def offset(self) -> int:
        """Offset in the inflated text of the first byte of ``lines()``."""

    def lines(self) -> NDArray[np.uint8]:
        """Some whole lines ahead, each ended by a line feed; empty at the end of the member."""

    def advance(self, count: int) -> None:
        """Drop the first ``count`` bytes of ``lines()``: they are read."""


@dataclass(frozen=True)
class StreamHead:
    """What the first message of a stream tells about it."""

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


@dataclass(frozen=True)
class Dialect:
    """One way in which venues write order-book messages.

    A stream is read by the dialect whose ``name`` it remembers.
    """

    name: str
    suffixes: tuple[str, ...]  # of its members, which other dialects may share
    claim: Callable[[bytes], int | None]  # in a text's first lines: offset of the first of its own
    parse_window: Callable[[Text, Cursor, Window], Parsed]
    read_head: Callable[[Text], StreamHead]
    promised_depth: Callable[[str | None], int]  # levels a side that the topic promises; 0: none
    header: str = ""  # of its members, where they are CSV


def require_same(what: str, known: str | None, found: str | None, line: int) -> str | None:
    """A stream's name after a message that calls it ``found``; None: not named.

    Raises:
        MixedStreamError: it has another name.
    """
    if known is not None and found is not None and known != found:
        raise MixedStreamError(
            f"{what} {found!r} in a stream of {what} {known!r}: one member holds one stream; "
            "split the archive",
            line=line,
        )
    return known if known is not None else found
