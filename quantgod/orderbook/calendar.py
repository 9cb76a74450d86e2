"""Days and windows of time, as integer milliseconds since the Unix epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def day_start_ms(day: date) -> int:
    """Return d0, the first millisecond of a UTC day."""
    return (day - date(1970, 1, 1)).days * DAY_MS


def day_of(time_ms: int) -> date:
    """Return the UTC date of any 64-bit time, clamped to the calendar's range."""
    days = max(-719_162, min(2_932_896, time_ms // DAY_MS))
    return date(1970, 1, 1) + timedelta(days=days)


def iso(time_ms: int) -> str:
    """Format a time: ``2024-08-08 23:54:17.602``, or without ``.000`` for whole seconds."""
    stamp = datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return stamp + (f".{time_ms % 1000:03d}" if time_ms % 1000 else "")


def clock(time_ms: int) -> str:
    """Format the time of day: ``23:54:17.602``."""
    return iso(time_ms)[11:]


@dataclass(frozen=True)
class Window:
    """Part of a day's stream: the messages with ``start_ms <= time < end_ms``.

    The first window also takes all earlier messages, the last one all later ones.
    """

    day_ms: int  # d0
    start_ms: int
    end_ms: int

    @property
    def day_end_ms(self) -> int:
        """d1."""
        return self.day_ms + DAY_MS

    @property
    def is_last(self) -> bool:
        """Whether the window ends with the day."""
        return self.end_ms == self.day_end_ms

    def __str__(self) -> str:
        return f"{clock(self.start_ms)}-{'24:00:00' if self.is_last else clock(self.end_ms)}"
