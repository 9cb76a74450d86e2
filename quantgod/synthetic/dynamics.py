"""Market dynamics per update interval of 100 ms: move the mid, change levels, stamp messages.

Compiled, without allocations: all state is in ``Market``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.kernel import kernel
from quantgod.synthetic.market import REACH_TICKS, RING_MASK, TABLE, Market, Pace

DENSITY = 0.55  # share of ticks that hold a level
PICK = TABLE - 1
MAX_MOVE_TICKS = 255
FLOOR_TICK = REACH_TICKS + MAX_MOVE_TICKS + 1  # below it a bid of the market would be negative
INTERVAL_MS = 100
IDLE_CHANCE = 0.004  # of an interval without a message: 860,000 of a day's 864,000 have one
GOLDEN, MIX_1, MIX_2 = (
    np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


@kernel
def draw(random: NDArray[np.uint64]) -> int:
    """Draw 62 random bits by splitmix64: one word of state, the same on every machine."""
    random[0] += GOLDEN
    word = random[0]
    word = (word ^ (word >> np.uint64(30))) * MIX_1
    word = (word ^ (word >> np.uint64(27))) * MIX_2
    return int((word ^ (word >> np.uint64(31))) >> np.uint64(2))


@kernel
def draw_share(random: NDArray[np.uint64]) -> float:
    """Draw a number in [0, 1)."""
    return (draw(random) >> 10) / 4503599627370496.0


@kernel
def draw_lot(market: Market, density: float) -> int:
    """Draw the size of a new tick: 0 with probability ``1 - density``."""
    if draw_share(market.random) >= density:
        return 0
    return int(market.lots[draw(market.random) & PICK])


@kernel
def fill_market(market: Market) -> None:
    """Fill both sides of a new market; the touch always has a level."""
    for side, step in ((0, -1), (1, 1)):
        for distance in range(REACH_TICKS):
            slot = (market.touch[side] + step * distance) & RING_MASK
            market.sizes[slot] = draw_lot(market, DENSITY if distance else 1.0)


@kernel
def move_mid(market: Market, up: bool, ticks: int) -> None:
    """Take ``ticks`` ticks from one side; the other side follows up to the new spread.

    The side hit keeps its reach: its far end is drawn again. Ticks beyond the follower's far end
    are never read again.
    """
    hit, step = (1, 1) if up else (0, -1)
    old_hit, old_follower = market.touch[hit], market.touch[1 - hit]
    new_hit = old_hit + step * ticks
    share = draw_share(market.random)
    spread = 1 if share < 0.94 else 2 + int((share - 0.94) * 66)  # 2…5 ticks
    new_follower = new_hit - step * spread
    if (new_follower - old_follower) * step < 0:
        new_follower = old_follower
    tick = old_follower + step
    while tick != new_hit:
        follows = (new_follower - tick) * step >= 0
        density = 1.0 if tick == new_follower else DENSITY if follows else 0.0
        market.sizes[tick & RING_MASK] = draw_lot(market, density)
        tick += step
    if market.sizes[new_hit & RING_MASK] == 0:
        market.sizes[new_hit & RING_MASK] = draw_lot(market, 1.0)
    for distance in range(REACH_TICKS - ticks, REACH_TICKS):
        market.sizes[(new_hit + step * distance) & RING_MASK] = draw_lot(market, DENSITY)
    market.touch[hit], market.touch[1 - hit] = new_hit, new_follower


@kernel
def churn(market: Market, changes: int) -> None:
    """Change the book at ``changes`` random ticks; the level at the touch is never deleted.

    An empty tick is filled with probability 0.24, a level deleted with probability 0.2. This keeps
    the density constant, with about 55 % updates, 22 % inserts and 22 % deletes.
    """
    sizes, former = market.sizes, market.former
    for _ in range(changes):
        bits = draw(market.random)
        side = bits & 1
        distance = market.reach[(bits >> 1) & PICK]
        lot = market.lots[(bits >> 13) & PICK]
        dice = (bits >> 25) & 1023
        slot = (market.touch[side] + (distance if side else -distance)) & RING_MASK
        size = sizes[slot]
        if size == 0:
            if dice < 245:  # a new order, often of the former size
                sizes[slot] = former[slot] if former[slot] and dice < 120 else lot
        elif dice < 200 and distance:
            sizes[slot], former[slot] = 0, size
        elif dice < 500:
            sizes[slot], former[slot] = former[slot] if former[slot] else lot, size
        elif dice < 760:  # the level grows or shrinks
            sizes[slot] = max(1, size + ((size * (dice - 630)) >> 9) + (dice & 2) - 1)
        else:
            sizes[slot], former[slot] = lot, size


@kernel
def advance(market: Market, pace: Pace) -> None:
    """Advance the market by one interval; activity clusters, and rises when the mid moves."""
    random, log_activity = market.random, market.log_activity
    if draw_share(random) < IDLE_CHANCE:
        return
    shock = market.normal[draw(random) & PICK] * math.sqrt(1.0 - pace.persistence**2)
    log_activity[0] = level = min(3.5, pace.persistence * log_activity[0] + shock)
    activity = math.exp(pace.deviation * level - 0.5 * pace.deviation**2)
    changes = pace.changes * activity
    if draw_share(random) < pace.move_chance * activity:
        length = pace.move_ticks * math.exp(0.9 * market.normal[draw(random) & PICK])
        up = draw(random) & 1 == 0 or market.touch[0] < FLOOR_TICK
        move_mid(market, up, min(1 + int(length), MAX_MOVE_TICKS))
        changes *= pace.move_burst
        log_activity[0] += pace.move_excitement
    churn(market, int(changes + draw_share(random)))


@kernel
def set_next_stamp(market: Market) -> None:
    """Set the next delta's ``ts``: on the grid, up to 1 ms late, seldom up to 5."""
    clock = market.clock[0]
    clock.grid_ms += INTERVAL_MS
    late = draw(market.random) & 1
    if draw_share(market.random) < 0.008:
        late = int(draw_share(market.random) * 6)
    clock.next_ms = clock.grid_ms + late


@kernel
def stamp_delta(market: Market) -> None:
    """Stamp a delta: next ``u``, a higher ``seq``, a ``cts`` between the last and now."""
    clock, random = market.clock[0], market.random
    lag = 1 + int(min(draw_share(random), draw_share(random)) * market.max_lag_ms)
    clock.event_ms = max(clock.event_ms + 1, clock.next_ms - lag)
    clock.update_id += 1
    clock.sequence += 1 + market.lots[draw(random) & PICK]


@kernel
def stamp_snapshot(market: Market) -> None:
    """Stamp a snapshot: just before the next delta, with the ``u`` of the last one."""
    clock = market.clock[0]
    clock.snapshot_ms = clock.next_ms - 1 - int(draw_share(market.random) * 2)
    clock.sequence += 1 + int(draw_share(market.random) * 64)
