"""``Market``: the hidden book, deeper than any topic shows, that wanders and is churned."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

REACH_TICKS = 4_096  # the market is kept this far from its touch, on either side
RING_TICKS = 16_384  # both sides, the spread and a move: no two live ticks share a slot
RING_MASK = RING_TICKS - 1
FILL_TICKS = 3_072  # from here on no tick is left empty, so that any depth up to 1000 is there
TABLE = 4_096  # quantiles of a distribution: 12 random bits draw from it

# Slots of Market.clock: the beat on the grid, the next delta's ``ts``, the snapshot's ``ts``, and
# what closes the last message, in the order of a line: ``u``, ``seq``, ``cts``.
BEAT_MS, NEXT_MS, SENT_MS, UPDATE_ID, SEQUENCE, EVENT_MS = range(6)

Int64Array = NDArray[np.int64]
Float64Array = NDArray[np.float64]


class Market(NamedTuple):
    """State of one market, changed in place by each beat; a tick is a price in steps."""

    sizes: Int64Array  # (RING_TICKS,) size at ``tick % RING_TICKS`` in its last decimal; 0 none
    former: Int64Array  # (RING_TICKS,) the size that stood there before: makers put it back
    touch: Int64Array  # (2,) best bid and best ask, ticks
    clock: Int64Array  # (6,) stamps in ms and ids: the slots are named above
    mood: Float64Array  # (1,) log of the activity around its mean, in standard deviations
    random: NDArray[np.uint64]  # (1,) state of the generator
    normal: Float64Array  # (TABLE,) quantiles of the standard normal
    lots: Int64Array  # (TABLE,) quantiles of a level's size
    reach: Int64Array  # (TABLE,) quantiles of a change's distance to the touch, ticks
    max_lag_ms: int  # between matching engine and publishing


class Pace(NamedTuple):
    """How lively a market is, per beat of 100 ms."""

    changes: float  # mean number of attempted changes while the mid rests
    spread: float  # standard deviation of the log of that number
    memory: float  # share of the mood that lasts to the next beat
    moves: float  # chance that the mid moves, at mean activity
    move_ticks: float  # median length of a move
    move_burst: float  # a moving mid multiplies the changes by this
    move_mood: float  # and lifts the mood that follows


# Set by hand to the statistics of real archives, which tests measure on what comes of them.
PACES = {
    "quiet": Pace(26.0, 0.85, 0.6, 0.036, 6.0, 3.8, 1.0),
    "busy": Pace(66.0, 0.78, 0.6, 0.10, 12.0, 3.4, 1.0),
}


def open_market(*, seed: int, mid_tick: int, median_lot: float, max_lag_ms: int) -> Market:
    """A market around ``mid_tick`` whose levels are still to be filled in by the kernels."""
    normal = np.array([NormalDist().inv_cdf((i + 0.5) / TABLE) for i in range(TABLE)])
    lots = [max(1, round(median_lot * math.exp(2.12 * z))) for z in normal]
    mixed = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
    return Market(
        sizes=np.zeros(RING_TICKS, np.int64),
        former=np.zeros(RING_TICKS, np.int64),
        touch=np.array([mid_tick, mid_tick + 1], np.int64),
        clock=np.zeros(6, np.int64),
        mood=np.zeros(1),
        random=np.array([mixed], np.uint64),
        normal=normal,
        lots=np.array(lots, np.int64),
        reach=_draw_reach(),
        max_lag_ms=max_lag_ms,
    )


def _draw_reach() -> Int64Array:
    """Most changes are near the touch, but half lie beyond level 90: exponential, long."""
    quantiles = (np.arange(TABLE) + 0.5) / TABLE
    ticks = [int(-300.0 * math.log1p(-q)) for q in quantiles.tolist()]
    return np.minimum(np.array(ticks, np.int64), FILL_TICKS)
