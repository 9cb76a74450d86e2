"""The columns of a CSV dialect, and which of its rows form one message (contract §1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Meaning of a column. A stream's names are its first columns.
(
    NAME,  # equal in all rows of a stream
    TIME,  # of the message, in its first row
    GROUP,  # another integer that a message's rows share
    FIRST_ID,  # first of the message's update ids, if it may have several
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
    """A row format for kernels."""

    slots: NDArray[np.int64]  # (columns,) meaning of each
    group_by: NDArray[np.int64]  # slots that are equal in a message's rows
    literals: NDArray[np.uint8]  # of delta, snapshot, bid and ask, concatenated
    literal_starts: NDArray[np.int64]  # (5,) start of each, and the end
    names: int  # columns that name the stream
    side_column: int
    units_per_ms: int  # of the time column
    first_id: int  # slot of the message's first update id
    in_runs: bool
    has_id: bool
    has_previous_id: bool


@dataclass(frozen=True)
class RowFormat:
    """Rows of one CSV dialect; each is one level of a message."""

    header: str
    slots: tuple[int, ...]  # meaning of each column
    group_by: tuple[int, ...]  # adjacent rows with equal values in these slots form one message
    kinds: tuple[str, str]  # literals for delta, snapshot
    sides: tuple[str, str]  # literals for bid, ask
    units_per_ms: int = 1  # of the time column
    in_runs: bool = False  # of adjacent snapshots, only the first replaces the book

    @property
    def columns(self) -> list[str]:
        """Column names."""
        return self.header.split(",")

    @cached_property
    def rules(self) -> Rules:
        """The format for kernels."""
        literals = [literal.encode() for literal in (*self.kinds, *self.sides)]
        return Rules(
            np.array(self.slots, np.int64),
            np.array(self.group_by, np.int64),
            np.frombuffer(b"".join(literals), np.uint8),
            np.cumsum([0, *map(len, literals)], dtype=np.int64),
            self.slots.count(NAME),
            self.slots.index(SIDE),
            self.units_per_ms,
            FIRST_ID if FIRST_ID in self.slots else LAST_ID,
            self.in_runs,
            LAST_ID in self.slots,
            PREVIOUS_ID in self.slots,
        )
