"""``Messages``: a columnar batch of order-book messages, the same for every dialect.

A dialect parses levels. ``admit_message`` applies the contract's rules for a message's *time*:
clamping, the limits of the day, the end of the window.
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

_MIN_CAPACITY = 1 << 22  # levels, about a window

Int64Array = NDArray[np.int64]
Float64Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Messages:
    """``n`` messages in file order, with ``m`` levels in total.

    The levels of message ``i`` are ``level_start[i] : level_start[i + 1]``, bids before asks, each
    side in listed order.
    """

    time_ms: Int64Array  # (n,) publish time, clamped to the latest stamp: never falling
    update_id: Int64Array  # (n,) last id of the message; 0 where ``has_update_id`` is False
    first_id: Int64Array  # (n,) first id: without a gap, the previous message's ``update_id`` + 1
    has_update_id: NDArray[np.bool_]  # (n,)
    is_snapshot: NDArray[np.bool_]  # (n,)
    bid_count: NDArray[np.int32]  # (n,) bids among the message's levels
    level_start: Int64Array  # (n + 1,)
    price: Float64Array  # (m,) > 0
    size: Float64Array  # (m,) >= 0; 0 deletes the level

    def __len__(self) -> int:
        return len(self.time_ms)

    @property
    def columns(self) -> Columns:
        """The columns for kernels."""
        return Columns(**vars(self))


class Columns(NamedTuple):
    """The columns of ``Messages`` for kernels, with spare capacity while a window is parsed."""

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
    """Position of a stream between two windows: a value, so a retry can start from it."""

    offset: int = 0  # of the first unread byte in the inflated text
    line: int = 0  # lines before that offset
    latest_ms: int = INT64_MIN  # latest stamp seen, of ignored messages too
    symbol: str | None = None  # of the first message with a symbol
    topic: str | None = None
    example: bytes | None = None  # of the stream's lines, for the dialect's scanner
    in_snapshot: bool = False  # the last message was one of a run of snapshots


@dataclass(frozen=True, eq=False)
class Parsed:
    """Result of parsing one window."""

    messages: Messages
    cursor: Cursor
    more_inside: bool  # the stream has a later message inside the day
    at_end: bool  # of the text: later windows are empty
    counts: Counts
    unreadable_lines: tuple[int, ...]  # line numbers of the first few


_STATE = record_type(
    "messages",  # in the columns
    "levels",  # in the columns
    "latest_ms",  # latest stamp seen, of ignored messages too
    "until_ms",  # messages from this time on belong to a later window
    "day_ms",
    "day_end_ms",
    "next_ms",  # time of the message that ended the window
    "blank",  # blank lines
)

# Fields of ``Counts`` that parsing sets.
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
    """A window's messages while it is parsed: columns with spare capacity, and their lengths."""

    columns: Columns
    state: Record  # (1,) of _STATE
    counts: Record  # (1,) of _COUNTS


class Header(NamedTuple):
    """One message without its levels, as parsed."""

    ts: int
    update_id: int
    first_id: int
    has_update_id: bool
    is_snapshot: bool


@inlined_kernel
def belongs_later(batch, ts):
    """Test whether a message stamped ``ts`` belongs to a later window; if so, keep its time."""
    state = batch.state[0]
    time = max(ts, state.latest_ms)
    if state.until_ms == INT64_MAX or time < state.until_ms:
        return False
    state.next_ms = time
    return True


@inlined_kernel
def admit_message(batch, header, bid_count, level_end):
    """Clamp a message's time and append the message to the batch, in the order of contract §2.

    Its levels are already at ``state.levels : level_end``, the first ``bid_count`` of them bids.

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
    """Test whether a message is at most an hour outside the day; count those outside the day."""
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
    """Growing columns of one window, filled by a dialect's scanner and by its slow path."""

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
        """Number of the last line read."""
        return self.cursor.line + int(self.counts["lines"][0] + self.state["blank"][0])

    def reserve(self, messages: int, levels: int) -> None:
        """Reserve capacity for more messages and levels, so that kernels need not check it."""
        n = int(self.state["messages"][0]) + messages
        m = int(self.state["levels"][0]) + levels
        columns = self.batch.columns
        if n > len(columns.time_ms):
            columns = _with_capacity(columns, n)
        if m > len(columns.price):
            columns = columns._replace(price=_grown(columns.price, m), size=_grown(columns.size, m))
        if columns is not self.batch.columns:
            self.batch = self.batch._replace(columns=columns)

    def note_unreadable(self, keep: int = 10) -> None:
        """Count the last line as unreadable; keep the first few line numbers."""
        self.counts["unreadable"][0] += 1
        if len(self.unreadable_lines) < keep:
            self.unreadable_lines.append(self.line)

    def finish(self, offset: int, at_end: bool) -> Parsed:
        """Return the window's messages, and the cursor at ``offset`` for the next window."""
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
    ints, flags, counts = np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0, np.int32)
    starts, floats = np.zeros(1, np.int64), np.empty(0)
    return Columns(ints, ints, ints, flags, flags, counts, starts, floats, floats)


def _with_capacity(columns: Columns, messages: int) -> Columns:
    """Copy the columns, with capacity for ``messages`` messages in total."""
    of_messages: list[NDArray[Any]]
    *of_messages, starts, price, size = columns
    grown = [_grown(column, messages) for column in of_messages]
    starts = _grown(starts, len(grown[0]) + 1)
    return Columns._make([*grown, starts, price, size])


def _cut(columns: Columns, n: int, m: int) -> Messages:
    """Return the first ``n`` messages and ``m`` levels."""
    of_messages: list[NDArray[Any]]
    *of_messages, starts, price, size = columns
    cut = [*(column[:n] for column in of_messages), starts[: n + 1], price[:m], size[:m]]
    return Messages(*cut)


def _grown(array: NDArray[Any], needed: int) -> NDArray[Any]:
    """Copy an array, with capacity for ``needed`` items or more; unused capacity is free."""
    grown = empty_pooled((max(_MIN_CAPACITY, needed, len(array) * 2),), array.dtype)
    grown[: len(array)] = array
    return grown
