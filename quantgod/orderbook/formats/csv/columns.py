"""How the rows of a CSV dialect are laid out, and which rows are one message (contract §1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# What a column holds. The names of a stream stand first in its rows.
(
    NAME,  # the same in all rows of a stream
    TIME,  # of the message, if the row is its first
    GROUP,  # another integer that the rows of a message share
    FIRST_ID,
    LAST_ID,  # the message's update id
    PREVIOUS_ID,  # the update id of the message before
    KIND,  # of the message: snapshot or delta
    SIDE,
    PRICE,
    SIZE,
) = range(10)
SLOTS = 10

DELTA, SNAPSHOT = 0, 1
BID, ASK = 0, 1


class Rules(NamedTuple):
    """A layout as the kernels take it."""

    slots: NDArray[np.int64]  # (columns,) what each holds
    key: NDArray[np.int64]  # slots in which the rows of a message agree
    words: NDArray[np.uint8]  # delta, snapshot, bid and ask, one after the other
    word_starts: NDArray[np.int64]  # (5,) where each begins, and the end
    names: int  # columns that name the stream
    side_column: int
    units_per_ms: int  # of the time column
    in_runs: bool
    has_id: bool
    has_previous_id: bool


@dataclass(frozen=True)
class Layout:
    """One CSV dialect's rows; a row is one level of a message."""

    header: str
    slots: tuple[int, ...]  # what each column holds
    key: tuple[int, ...]  # adjacent rows that agree in these slots are one message
    kinds: tuple[str, str]  # how a row says that it is of a delta, of a snapshot
    sides: tuple[str, str]  # how it says bid, ask
    units_per_ms: int = 1  # of the time column
    in_runs: bool = False  # of adjacent snapshots only the first replaces the book

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self.header.split(",")

    @cached_property
    def rules(self) -> Rules:
        """The layout for the kernels."""
        words = [word.encode() for word in (*self.kinds, *self.sides)]
        return Rules(
            np.array(self.slots, np.int64),
            np.array(self.key, np.int64),
            np.frombuffer(b"".join(words), np.uint8),
            np.cumsum([0, *map(len, words)], dtype=np.int64),
            self.slots.count(NAME),
            self.slots.index(SIDE),
            self.units_per_ms,
            self.in_runs,
            LAST_ID in self.slots,
            PREVIOUS_ID in self.slots,
        )
