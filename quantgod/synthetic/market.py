"""``Market``: a book deeper than any topic shows; ``Pace``: how active it is."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.record import Record, record_type
from quantgod.orderbook.messages import Float64Array, Int64Array

REACH_TICKS = 4_096  # depth of the market on each side of its touch
RING_TICKS = 16_384  # both sides, the spread and a move: no two live ticks share a slot
RING_MASK = RING_TICKS - 1
FILL_TICKS = 3_072  # beyond it every tick holds a level, which guarantees depths up to 1000
TABLE = 4_096  # quantiles per distribution: 12 random bits draw one

CLOCK = record_type(
    "grid_ms",  # the next delta's instant on the 100 ms grid
    "next_ms",  # the next delta's ``ts``
    "snapshot_ms",  # the next snapshot's ``ts``
    "update_id",  # ``u`` of the last message
    "sequence",  # ``seq`` of the last message
    "event_ms",  # ``cts`` of the last message
)


class Market(NamedTuple):
    """State of one market, updated in place every 100 ms; a tick is a price in steps."""

    sizes: Int64Array  # (RING_TICKS,) size at ``tick % RING_TICKS`` in its last decimal; 0: empty
    former: Int64Array  # (RING_TICKS,) the size before that: makers restore it
    touch: Int64Array  # (2,) best bid and best ask, ticks
    clock: Record  # (1,) of CLOCK
    log_activity: Float64Array  # (1,) around its mean, in standard deviations
    random: NDArray[np.uint64]  # (1,) state of the generator
    normal: Float64Array  # (TABLE,) quantiles of the standard normal
    lots: Int64Array  # (TABLE,) quantiles of a level's size
    reach: Int64Array  # (TABLE,) quantiles of a change's distance from the touch, ticks
    max_lag_ms: int  # from matching engine to publication


class Pace(NamedTuple):
    """Activity of a market per update interval of 100 ms."""

    changes: float  # mean number of attempted changes while the mid rests
    deviation: float  # standard deviation of the log of that number
    persistence: float  # autocorrelation of ``log_activity`` from one interval to the next
    move_chance: float  # probability that the mid moves, at mean activity
    move_ticks: float  # median length of a move
    move_burst: float  # factor on the changes while the mid moves
    move_excitement: float  # added to ``log_activity`` after a move


# Tuned by hand to the statistics of real archives; tests measure them on generated streams.
PACES = {
    "quiet": Pace(26.0, 0.85, 0.6, 0.036, 6.0, 3.8, 1.0),
    "busy": Pace(66.0, 0.78, 0.6, 0.10, 12.0, 3.4, 1.0),
}


def open_market(*, seed: int, mid_tick: int, median_lot: float, max_lag_ms: int) -> Market:
    """Return a market around ``mid_tick``, without levels: ``fill_market`` adds them."""
    normal = np.array([NormalDist().inv_cdf((i + 0.5) / TABLE) for i in range(TABLE)])
    lots = [max(1, round(median_lot * math.exp(2.12 * z))) for z in normal]
    mixed = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
    return Market(
        sizes=np.zeros(RING_TICKS, np.int64),
        former=np.zeros(RING_TICKS, np.int64),
        touch=np.array([mid_tick, mid_tick + 1], np.int64),
        clock=np.zeros(1, CLOCK),
        log_activity=np.zeros(1),
        random=np.array([mixed], np.uint64),
        normal=normal,
        lots=np.array(lots, np.int64),
        reach=_draw_reach(),
        max_lag_ms=max_lag_ms,
    )


def _draw_reach() -> Int64Array:
    """Exponential distances: most changes near the touch, half of them beyond level 90."""
    quantiles = (np.arange(TABLE) + 0.5) / TABLE
    ticks = [int(-300.0 * math.log1p(-q)) for q in quantiles.tolist()]
    return np.minimum(np.array(ticks, np.int64), FILL_TICKS)
