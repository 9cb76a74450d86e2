"""``Messages``: one columnar batch of order-book messages, the same for every dialect.

A dialect turns text into levels; everything that the contract says about a message's *time* —
clamping, the day's edges, where a window ends — stands here once, in ``admit_message``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.buffer_pool import empty_pooled
from quantgod.orderbook.arrays.kernel import inlined_kernel
from quantgod.orderbook.calendar import HOUR_MS, Window
from quantgod.orderbook.counts import Counts

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_LEAST_ROOM = 1 << 22  # of levels: about a window

Int64Array = NDArray[np.int64]
Float64Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Messages:
    """``n`` messages in file order with ``m`` levels in all.

    Levels of message ``i`` are ``level_start[i] : level_start[i + 1]``, its bids first, then its
    asks, each side in listed order.
    """

    time_ms: Int64Array  # (n,) publish time, never falling: the latest stamp seen so far
    update_id: Int64Array  # (n,) of the message, its last one; 0 where ``has_update_id`` is False
    first_id: Int64Array  # (n,) without a gap, the id behind the message before it
    has_update_id: NDArray[np.bool_]  # (n,)
    is_snapshot: NDArray[np.bool_]  # (n,)
    bid_count: NDArray[np.int32]  # (n,) how many of the message's levels are bids
    level_start: Int64Array  # (n + 1,)
    price: Float64Array  # (m,) > 0
    size: Float64Array  # (m,) >= 0; 0 deletes the level

    def __len__(self) -> int:
        return len(self.time_ms)

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """All of them, in this order, as kernels take them."""
        return tuple(vars(self).values())


@dataclass(frozen=True)
class Cursor:
    """Where a stream stands between two windows: a value, safe to retry from."""

    offset: int = 0  # in the inflated text: the first byte not yet read
    line: int = 0  # lines before that offset
    latest_ms: int = INT64_MIN  # latest stamp seen, of ignored messages too
    symbol: str | None = None  # of the stream's first message that names one
    topic: str | None = None
    example: bytes | None = None  # what the stream's lines have in common, as the dialect keeps it
    in_snapshot: bool = False  # the message before was one of a run of snapshots


@dataclass(frozen=True, eq=False)
class Parsed:
    """What parsing one window gives."""

    messages: Messages
    cursor: Cursor
    more_inside: bool  # the stream has a later message inside the day
    at_end: bool  # the text is read to its end: later windows hold nothing
    counts: Counts
    unreadable_lines: tuple[int, ...]  # line numbers of the first few


# Slots of the kernels' state vector: a parser's whole mutable state but the columns.
(
    N_MESSAGES,
    N_LEVELS,
    LATEST,
    UNTIL,
    DAY_START,
    DAY_END,
    NEXT_TIME,
    LINES,
    BLANK,
    READ,
    OUT_OF_ORDER,
    OUTSIDE,
    IGNORED,
    CLOSING_DELTAS,
    CLOSING_SNAPSHOTS,
) = range(15)
STATE_SLOTS = 15


@inlined_kernel
def belongs_later(state, ts):
    """Whether a message so stamped belongs to a later window; if so, remember its time."""
    time = max(ts, state[LATEST])
    if state[UNTIL] == INT64_MAX or time < state[UNTIL]:
        return False
    state[NEXT_TIME] = time
    return True


@inlined_kernel
def admit_message(
    state, times, update_ids, first_ids, has_ids, snapshots, bid_counts, starts,
    ts, update_id, first_id, has_id, is_snapshot, bids, level_end,
):  # fmt: skip
    """Give a message its time and take it into the batch (contract §2, in its order).

    Its levels lie at ``state[N_LEVELS] : level_end`` already. Returns False, and changes nothing
    but ``NEXT_TIME``, if the message belongs to a later window.
    """
    if belongs_later(state, ts):
        return False
    latest = state[LATEST]
    time = max(ts, latest)
    state[READ] += 1
    state[OUT_OF_ORDER] += ts < latest
    state[LATEST] = time
    if time < state[DAY_START] or time >= state[DAY_END]:
        state[OUTSIDE] += 1
        if time < state[DAY_START] - HOUR_MS or time > state[DAY_END] + HOUR_MS:
            state[IGNORED] += 1
            return True
        if time >= state[DAY_END]:
            state[CLOSING_SNAPSHOTS if is_snapshot else CLOSING_DELTAS] += 1
    n = state[N_MESSAGES]
    times[n] = time
    update_ids[n] = update_id
    first_ids[n] = first_id
    has_ids[n] = has_id
    snapshots[n] = is_snapshot
    bid_counts[n] = bids
    starts[n + 1] = level_end
    state[N_MESSAGES] = n + 1
    state[N_LEVELS] = level_end
    return True


class MessageBuilder:
    """Growing columns of one window, filled by a dialect's kernel and by its slow path alike."""

    def __init__(self, cursor: Cursor, window: Window) -> None:
        self.cursor = cursor
        self.window = window
        self.symbol = cursor.symbol
        self.topic = cursor.topic
        self.example = cursor.example
        self.in_snapshot = cursor.in_snapshot
        self.unreadable = 0
        self.slow_lines = 0
        self.unreadable_lines: list[int] = []
        self.state = np.zeros(STATE_SLOTS, np.int64)
        self.state[LATEST] = cursor.latest_ms
        self.state[UNTIL] = INT64_MAX if window.is_last else window.end_ms
        self.state[DAY_START], self.state[DAY_END] = window.day_ms, window.day_end_ms
        self.state[NEXT_TIME] = INT64_MAX
        self._columns: list[NDArray[Any]] = [
            np.empty(0, kind)
            for kind in (np.int64, np.int64, np.int64, np.bool_, np.bool_, np.int32)
        ]  # fmt: skip
        self._starts = np.zeros(1, np.int64)
        self.price = np.empty(0, np.float64)
        self.size = np.empty(0, np.float64)

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """The per-message columns in the order in which ``admit_message`` takes them."""
        return (*self._columns, self._starts)

    @property
    def line(self) -> int:
        """Number of lines read so far; the next line's number is one more."""
        return self.cursor.line + int(self.state[LINES])

    def reserve(self, messages: int, levels: int) -> None:
        """Make room for so many more messages and levels, so that kernels need not check."""
        n, m = int(self.state[N_MESSAGES]) + messages, int(self.state[N_LEVELS]) + levels
        if n > len(self._columns[0]):
            self._columns = [_grown(column, n) for column in self._columns]
            self._starts = _grown(self._starts, len(self._columns[0]) + 1)
        if m > len(self.price):
            self.price, self.size = _grown(self.price, m), _grown(self.size, m)

    def note_unreadable(self, keep: int = 10) -> None:
        """Count the line just read as unreadable; remember the first few numbers."""
        self.unreadable += 1
        if len(self.unreadable_lines) < keep:
            self.unreadable_lines.append(self.line)

    def finish(self, offset: int, at_end: bool) -> Parsed:
        """The window's messages, and the cursor at ``offset`` for the next one."""
        n, m = int(self.state[N_MESSAGES]), int(self.state[N_LEVELS])
        times, update_ids, first_ids, has_ids, snapshots, bids = (c[:n] for c in self._columns)
        cursor = replace(
            self.cursor,
            offset=offset,
            line=self.line,
            latest_ms=int(self.state[LATEST]),
            symbol=self.symbol,
            topic=self.topic,
            example=self.example,
            in_snapshot=self.in_snapshot,
        )
        return Parsed(
            messages=Messages(
                times, update_ids, first_ids, has_ids, snapshots, bids,
                self._starts[: n + 1], self.price[:m], self.size[:m],
            ),
            cursor=cursor,
            more_inside=int(self.state[NEXT_TIME]) < self.window.day_end_ms,
            at_end=at_end,
            counts=self._counts(),
            unreadable_lines=tuple(self.unreadable_lines),
        )  # fmt: skip

    def _counts(self) -> Counts:
        state = [int(value) for value in self.state]
        return Counts(
            lines=state[LINES] - state[BLANK],
            messages=state[READ],
            unreadable=self.unreadable,
            slow_lines=self.slow_lines,
            out_of_order=state[OUT_OF_ORDER],
            outside_day=state[OUTSIDE],
            outside_ignored=state[IGNORED],
            closing_deltas=state[CLOSING_DELTAS],
            closing_snapshots=state[CLOSING_SNAPSHOTS],
        )


def _grown(array: NDArray[Any], needed: int) -> NDArray[Any]:
    """A copy with room for at least ``needed`` items, and for many more so that copies are rare.

    Room that is never written to costs no memory.
    """
    grown = empty_pooled((max(_LEAST_ROOM, needed, len(array) * 2),), array.dtype)
    grown[: len(array)] = array
    return grown
