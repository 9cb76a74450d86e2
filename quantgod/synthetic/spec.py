"""``StreamSpec``: the parameters of one generated stream."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from quantgod.synthetic.market import REACH_TICKS

Flavour = Literal["linear", "spot"]
Activity = Literal["quiet", "busy"]

MIN_SPAN_MS = 2_000  # the opening snapshot may take 1.5 s
MAX_DEPTH = 1_000  # the deepest topic of the venue


@dataclass(frozen=True)
class StreamSpec:
    """One stream, usually a day: equal specs give equal bytes.

    The text opens with a snapshot 0.1 to 1.5 s after ``start_ms``. With ``closing`` it ends as real
    days do: 1 to 7 deltas past ``end_ms``, then the next day's opening snapshot, which repeats the
    last delta's ``u``. Without, it ends with the last delta before ``end_ms``.
    """

    symbol: str
    market: Flavour  # linear pads decimals, spot strips zeros; key order differs too
    depth: int  # levels per side after every message
    start_ms: int  # UTC
    end_ms: int
    seed: int
    activity: Activity = "busy"
    mid_price: float = 65_000.0  # at the first stream's opening; a random walk from there
    tick_size: float = 0.1
    price_decimals: int = 2  # digits sent: for BTCUSDT more than the tick needs
    size_decimals: int = 3
    median_size: float = 0.09  # of a level, in coins
    first_update_id: int = 177_400  # of the opening snapshot
    first_sequence: int = 7_961_638_724
    closing: bool = True

    def __post_init__(self) -> None:
        if problem := _find_problem(self):
            raise ValueError(f"StreamSpec: {problem}")

    @property
    def topic(self) -> str:
        """Name of the stream at the venue."""
        return f"orderbook.{self.depth}.{self.symbol}"

    @property
    def tick_units(self) -> int:
        """Price step in units of the last decimal sent."""
        return round(self.tick_size * 10.0**self.price_decimals)

    def following(
        self, end_ms: int, *, depth: int | None = None, activity: Activity | None = None
    ) -> StreamSpec:
        """Return the same market's next stream, from this one's end to ``end_ms``."""
        return replace(
            self,
            start_ms=self.end_ms,
            end_ms=end_ms,
            depth=self.depth if depth is None else depth,
            activity=self.activity if activity is None else activity,
        )


def _find_problem(spec: StreamSpec) -> str:
    """Return why the spec is impossible; empty if it is not."""
    if spec.market not in ("linear", "spot") or spec.activity not in ("quiet", "busy"):
        return f"unknown market {spec.market!r} or activity {spec.activity!r}"
    if not 1 <= spec.depth <= MAX_DEPTH:
        return f"depth {spec.depth} is not in 1…{MAX_DEPTH}"
    if spec.end_ms - spec.start_ms < MIN_SPAN_MS:
        return f"a span of {spec.end_ms - spec.start_ms} ms is below {MIN_SPAN_MS}"
    scaled = spec.tick_size * 10**spec.price_decimals
    if spec.tick_units < 1 or not math.isclose(scaled, spec.tick_units, rel_tol=1e-9):
        return f"tick_size {spec.tick_size} does not fit {spec.price_decimals} price_decimals"
    if spec.mid_price < 2 * REACH_TICKS * spec.tick_size:
        return f"mid_price {spec.mid_price} is below {2 * REACH_TICKS} ticks of {spec.tick_size}"
    if not 0 <= spec.size_decimals <= 8 or spec.median_size <= 0:
        return f"size_decimals {spec.size_decimals} or median_size {spec.median_size}"
    return ""
