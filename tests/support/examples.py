"""Hand-made streams of a few lines, stamped in milliseconds after the start of the day."""

from __future__ import annotations

from collections.abc import Sequence

from quantgod.orderbook.calendar import Window
from tests.support.bybit_lines import Level, Line, render
from tests.support.core import CoreDay, cut_day, rebuild_with_core
from tests.support.stream_plans import D0
from tests.support.streams import DAY
from tests.support.twin import TwinDay, TwinSettings, rebuild_day

SETTINGS = TwinSettings(1000, 5000, levels=2, max_staleness_ms=2000)
BIDS: tuple[Level, ...] = (("99", "1"),)
ASKS: tuple[Level, ...] = (("101", "3"),)  # with BIDS: micro-price (99 * 3 + 101 * 1) / 4 = 99.5


def snapshot(
    ms: int, bids: tuple[Level, ...] = BIDS, asks: tuple[Level, ...] = ASKS, u: int | None = 10
) -> Line:
    """Return a snapshot `ms` after the start of the day."""
    return Line("snapshot", D0 + ms, bids, asks, u)


def delta(
    ms: int, bids: tuple[Level, ...] = (), asks: tuple[Level, ...] = (), u: int | None = None
) -> Line:
    """Return a delta `ms` after the start of the day, by default without `u`."""
    return Line("delta", D0 + ms, bids, asks, u)


def move(ms: int, price: float) -> Line:
    """Return a snapshot with `price` as its micro-price (sizes are equal, the spread is 2)."""
    return snapshot(ms, ((str(price - 1), "1"),), ((str(price + 1), "1"),))


def text_of(*lines: Line) -> bytes:
    """Write lines as a text."""
    return b"".join(render(line) + b"\n" for line in lines)


def rebuild(
    *lines: Line,
    settings: TwinSettings = SETTINGS,
    windows: Sequence[Window] | None = None,
    topic: str | None = None,
) -> CoreDay:
    """Make samples and bars of the lines with the core; `topic` promises a depth."""
    return rebuild_with_core(text_of(*lines), windows or cut_day(DAY), settings, topic)


def instants(day: CoreDay) -> list[int]:
    """Return the instants of the samples, in ms after the start of the day."""
    return [int(time) - D0 for samples in day.samples for time in samples.time_ms]


def twin_day(*lines: Line, settings: TwinSettings = SETTINGS) -> TwinDay:
    """Rebuild the day from the lines with the twin."""
    return rebuild_day(text_of(*lines), DAY, settings)
