"""``Recipe``: the settings that shape bars, and the rules they give a stream and a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from quantgod.orderbook.calendar import DAY_MS, day_start_ms

FEATURE_DEPTH = 5  # levels per side in deep_obi


@dataclass(frozen=True)
class SampleRule:
    """Parameters of ``take_samples`` for one stream."""

    interval_ms: int  # Δ
    max_staleness_ms: int
    drop_on_gap: bool
    depth: int  # levels per side read from the book
    levels: int  # N, the hard cut that follows
    promised_depth: int = 0  # levels per side that the stream's topic promises; 0: none


@dataclass(frozen=True)
class DayGrid:
    """The day and bar interval that a table must fit."""

    day_ms: int  # d0
    bar_interval_ms: int  # W

    @property
    def bars(self) -> int:
        """Bars in a whole day."""
        return DAY_MS // self.bar_interval_ms


@dataclass(frozen=True)
class Recipe:
    """Settings of contract §2–§4: with an archive, they determine its bars."""

    sampling_interval_ms: int  # Δ
    bar_interval_ms: int  # W
    orderbook_levels: int  # N
    max_staleness_ms: int
    on_sequence_gap: str  # "drop" or "keep"

    def sample_rule(self, promised_depth: int) -> SampleRule:
        """Return the rule that reads books to the depth of the topic, the cut and the features.

        Args:
            promised_depth: levels per side that the stream's topic promises; 0: none.
        """
        return SampleRule(
            interval_ms=self.sampling_interval_ms,
            max_staleness_ms=self.max_staleness_ms,
            drop_on_gap=self.on_sequence_gap == "drop",
            depth=max(promised_depth, self.orderbook_levels, FEATURE_DEPTH),
            levels=self.orderbook_levels,
            promised_depth=promised_depth,
        )

    def day_grid(self, day: date) -> DayGrid:
        """Return the grid that the bars of a day must fit."""
        return DayGrid(day_start_ms(day), self.bar_interval_ms)
