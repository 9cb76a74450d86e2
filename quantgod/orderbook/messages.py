"""``Messages``: one columnar batch of order-book messages, the same for every dialect.

A dialect turns text into levels; everything that the contract says about a message's *time* —
clamping, the day's edges, where a window ends — stands here once, in ``admit_message``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.buffer_pool import empty_pooled
from quantgod.orderbook.arrays.kernel import inlined_kernel
from quantgod.orderbook.arrays.record import Record, record_type, values_of
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
    def columns(self) -> Columns:
        """The same for kernels."""
        return Columns(**vars(self))


class Columns(NamedTuple):
    """The columns of ``Messages``, under the same names, as kernels take them.

    While a window is read they have room for more messages and levels than they hold.
    """

    time_ms: Int64Array
    update_id: Int64Array
    first_id: Int64Array
    has_update_id: NDArray[np.bool_]
    is_snapshot: NDArray[np.bool_]
    bid_count: NDArray[np.int32]
    level_start: Int64Array
    price: Float64Array
    size: Float64Array


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


_STATE = record_type(
    "messages",  # in the columns
    "levels",  # in the columns
    "latest_ms",  # latest stamp seen, of ignored messages too
    "until_ms",  # a message from here on belongs to a later window
    "day_ms",
    "day_end_ms",
    "next_ms",  # time of the message that ended the window
    "blank",  # blank lines
)

# What parsing counts, under the names of ``Counts``.
_COUNTS = record_type(
    "lines",
    "messages",
    "unreadable",
    "slow_lines",
    "out_of_order",
    "outside_day",
    "outside_ignored",
    "closing_deltas",
    "closing_snapshots",
)


class Batch(NamedTuple):
    """A window's messages while a parser reads them: columns with room, and how full they are."""

    columns: Columns
    state: Record  # (1,) of _STATE
    counts: Record  # (1,) of _COUNTS


class Header(NamedTuple):
    """One message without its levels, as its text gives it."""

    ts: int
    update_id: int
    first_id: int
    has_update_id: bool
    is_snapshot: bool


@inlined_kernel
def belongs_later(batch, ts):
    """Whether a message so stamped belongs to a later window; if so, remember its time."""
    state = batch.state[0]
    time = max(ts, state.latest_ms)
    if state.until_ms == INT64_MAX or time < state.until_ms:
        return False
    state.next_ms = time
    return True


@inlined_kernel
def admit_message(batch, header, bid_count, level_end):
    """Give a message its time and take it into the batch (contract §2, in its order).

    Its levels are at ``state.levels : level_end`` already, the first ``bid_count`` of them bids.

    Returns:
        False if the message belongs to a later window; then only ``next_ms`` has changed.
    """
    if belongs_later(batch, header.ts):
        return False
    state, counts = batch.state[0], batch.counts[0]
    time = max(header.ts, state.latest_ms)
    counts.messages += 1
    counts.out_of_order += header.ts < state.latest_ms
    state.latest_ms = time
    if _is_in_reach(state, counts, time, header.is_snapshot):
        _append(batch.columns, state, time, header, bid_count, level_end)
    return True


@inlined_kernel
def _is_in_reach(state, counts, time, is_snapshot):
    """Whether a message is applied: at most an hour outside the day. Counts those outside."""
    if state.day_ms <= time < state.day_end_ms:
        return True
    counts.outside_day += 1
    if time < state.day_ms - HOUR_MS or time > state.day_end_ms + HOUR_MS:
        counts.outside_ignored += 1
        return False
    if time >= state.day_end_ms:
        counts.closing_snapshots += is_snapshot
        counts.closing_deltas += not is_snapshot
    return True


@inlined_kernel
def _append(columns, state, time, header, bid_count, level_end):
    n = state.messages
    columns.time_ms[n] = time
    columns.update_id[n] = header.update_id
    columns.first_id[n] = header.first_id
    columns.has_update_id[n] = header.has_update_id
    columns.is_snapshot[n] = header.is_snapshot
    columns.bid_count[n] = bid_count
    columns.level_start[n + 1] = level_end
    state.messages = n + 1
    state.levels = level_end


class MessageBuilder:
    """Growing columns of one window, filled by a dialect's kernel and by its slow path alike."""

    def __init__(self, cursor: Cursor, window: Window) -> None:
        self.cursor = cursor
        self.window = window
        self.symbol = cursor.symbol
        self.topic = cursor.topic
        self.example = cursor.example
        self.in_snapshot = cursor.in_snapshot
        self.unreadable_lines: list[int] = []
        self.state, self.counts = np.zeros(1, _STATE), np.zeros(1, _COUNTS)
        self.state["latest_ms"] = cursor.latest_ms
        self.state["until_ms"] = INT64_MAX if window.is_last else window.end_ms
        self.state["day_ms"], self.state["day_end_ms"] = window.day_ms, window.day_end_ms
        self.state["next_ms"] = INT64_MAX
        self.batch = Batch(_no_columns(), self.state, self.counts)

    @property
    def line(self) -> int:
        """Number of lines read so far; the next line's number is one more."""
        return self.cursor.line + int(self.counts["lines"][0] + self.state["blank"][0])

    def reserve(self, messages: int, levels: int) -> None:
        """Make room for so many more messages and levels, so that kernels need not check."""
        n = int(self.state["messages"][0]) + messages
        m = int(self.state["levels"][0]) + levels
        columns = self.batch.columns
        if n > len(columns.time_ms):
            columns = _with_room(columns, n)
        if m > len(columns.price):
            columns = columns._replace(price=_grown(columns.price, m), size=_grown(columns.size, m))
        if columns is not self.batch.columns:
            self.batch = self.batch._replace(columns=columns)

    def note_unreadable(self, keep: int = 10) -> None:
        """Count the line just read as unreadable; remember the first few numbers."""
        self.counts["unreadable"][0] += 1
        if len(self.unreadable_lines) < keep:
            self.unreadable_lines.append(self.line)

    def finish(self, offset: int, at_end: bool) -> Parsed:
        """The window's messages, and the cursor at ``offset`` for the next one."""
        state = values_of(self.state)
        cursor = replace(
            self.cursor,
            offset=offset,
            line=self.line,
            latest_ms=state["latest_ms"],
            symbol=self.symbol,
            topic=self.topic,
            example=self.example,
            in_snapshot=self.in_snapshot,
        )
        return Parsed(
            messages=_cut(self.batch.columns, state["messages"], state["levels"]),
            cursor=cursor,
            more_inside=state["next_ms"] < self.window.day_end_ms,
            at_end=at_end,
            counts=Counts(**values_of(self.counts)),
            unreadable_lines=tuple(self.unreadable_lines),
        )


def _no_columns() -> Columns:
    return Columns(
        time_ms=np.empty(0, np.int64),
        update_id=np.empty(0, np.int64),
        first_id=np.empty(0, np.int64),
        has_update_id=np.empty(0, np.bool_),
        is_snapshot=np.empty(0, np.bool_),
        bid_count=np.empty(0, np.int32),
        level_start=np.zeros(1, np.int64),
        price=np.empty(0, np.float64),
        size=np.empty(0, np.float64),
    )


def _with_room(columns: Columns, messages: int) -> Columns:
    """The same with room for at least so many messages in all."""
    of_messages: list[NDArray[Any]]
    *of_messages, starts, price, size = columns
    grown = [_grown(column, messages) for column in of_messages]
    starts = _grown(starts, len(grown[0]) + 1)
    return Columns._make([*grown, starts, price, size])


def _cut(columns: Columns, n: int, m: int) -> Messages:
    """The ``n`` messages and ``m`` levels that the columns hold."""
    of_messages: list[NDArray[Any]]
    *of_messages, starts, price, size = columns
    cut = [*(column[:n] for column in of_messages), starts[: n + 1], price[:m], size[:m]]
    return Messages(*cut)


def _grown(array: NDArray[Any], needed: int) -> NDArray[Any]:
    """A copy with room for at least ``needed`` items, and for many more so that copies are rare.

    Room that is never written to costs no memory.
    """
    grown = empty_pooled((max(_LEAST_ROOM, needed, len(array) * 2),), array.dtype)
    grown[: len(array)] = array
    return grown
