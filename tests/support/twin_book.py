"""The slow, obvious twin of the book: contract §2, one message at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tests.support.twin_messages import Levels, Message

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

Side = dict[float, float]  # price -> size


def time_messages(
    messages: list[Message], d0: int, counts: dict[str, int]
) -> list[tuple[int, Message]]:
    """Give each message its time; drop those over one hour outside the day."""
    d1 = d0 + DAY_MS
    latest = -math.inf
    timed = []
    for message in messages:
        if message.ts < latest:
            counts["out_of_order"] += 1
        time = int(max(message.ts, latest))
        latest = time
        if not d0 <= time < d1:
            counts["outside_day"] += 1
        if time < d0 - HOUR_MS or time > d1 + HOUR_MS:
            counts["outside_ignored"] += 1
        else:
            timed.append((time, message))
    return timed


@dataclass
class Book:
    """The book, and the state that §2 keeps with it."""

    drop_on_gap: bool
    counts: dict[str, int]
    bids: Side = field(default_factory=dict)
    asks: Side = field(default_factory=dict)
    has_snapshot: bool = False
    is_known: bool = False
    last_time: int = 0  # of the last applied message
    last_update_id: int | None = None  # of the last applied message
    applied_times: list[int] = field(default_factory=list)

    def apply(self, time: int, message: Message) -> None:
        """Apply a message whole, or count it as coming before the first snapshot."""
        if message.is_snapshot:
            self._replace(message)
        elif self.has_snapshot:
            self._check_sequence(message)
            self.counts["absent_deletes"] += change(self.bids, message.bids)
            self.counts["absent_deletes"] += change(self.asks, message.asks)
        else:
            self.counts["before_snapshot"] += 1
            return
        self.counts["applied"] += 1
        self.applied_times.append(time)
        self.last_time = time
        self.last_update_id = message.update_id

    def _replace(self, message: Message) -> None:
        """Replace the whole book by a snapshot, which makes the book known."""
        bids: Side = {}
        asks: Side = {}
        change(bids, message.bids)
        change(asks, message.asks)
        if self.has_snapshot:  # §7 reconstruction
            self.counts["reconstruction_snapshots"] += 1
            for old, new in ((self.bids, bids), (self.asks, asks)):
                prices = old.keys() | new.keys()
                self.counts["reconstruction_levels"] += len(prices)
                differ = [price for price in prices if old.get(price) != new.get(price)]
                self.counts["reconstruction_differ"] += len(differ)
        self.bids, self.asks = bids, asks
        self.has_snapshot = self.is_known = True
        self.counts["snapshots"] += 1

    def _check_sequence(self, message: Message) -> None:
        """Treat a delta that does not follow the last applied message as a gap."""
        if message.previous_id is None or self.last_update_id is None:
            return
        self.counts["sequence_checked"] += 1
        if message.previous_id != self.last_update_id:
            self.counts["sequence_gaps"] += 1
            if self.drop_on_gap:
                self.is_known = False


def change(side: Side, levels: Levels) -> int:
    """Set or delete levels in listed order; return how many deletes found no level."""
    absent = 0
    for price, size in levels:
        if size > 0:
            side[price] = size
        elif price in side:
            del side[price]
        else:
            absent += 1
    return absent
