"""The compiled kernels: a market that moves by beats, and its lines as bytes.

Nothing here allocates; all state is in ``Market`` and ``View``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orderbook.kernel import kernel

if TYPE_CHECKING:  # they are made of this file's constants
    from numpy.typing import NDArray

    from orderbook.synthetic.market import Market, Pace
    from orderbook.synthetic.text import Bytes, Layout, View

REACH_TICKS = 4_096  # the market is kept this far from its touch, on either side
RING_TICKS = 16_384  # both sides, the spread and a move: no two live ticks share a slot
FILL_TICKS = 3_072  # from here on no tick is left empty, so that any depth up to 1000 is there
DENSITY = 0.55  # share of ticks that hold a level
TABLE = 4_096  # quantiles of a distribution: 12 random bits draw from it

# Slots of Market.clock: the beat on the grid, the next delta's ``ts``, the snapshot's ``ts``, and
# what closes the last message, in the order of a line: ``u``, ``seq``, ``cts``.
BEAT_MS, NEXT_MS, SENT_MS, UPDATE_ID, SEQUENCE, EVENT_MS = range(6)

RING_MASK = RING_TICKS - 1
PICK = TABLE - 1
MAX_MOVE_TICKS = 255
FLOOR_TICK = REACH_TICKS + MAX_MOVE_TICKS + 1  # below it a bid of the market would be negative
IDLE_CHANCE = 0.004  # beats on which nothing happens: 860,000 of 864,000 send a message
GOLDEN, MIX_1, MIX_2 = (
    np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
ZERO = np.uint64(48)  # the digit, in ASCII
NO_DECIMALS = 0


@kernel
def draw(random: NDArray[np.uint64]) -> int:
    """62 random bits (splitmix64: one word of state, the same on every machine)."""
    random[0] += GOLDEN
    word = random[0]
    word = (word ^ (word >> np.uint64(30))) * MIX_1
    word = (word ^ (word >> np.uint64(27))) * MIX_2
    return int((word ^ (word >> np.uint64(31))) >> np.uint64(2))


@kernel
def draw_share(random: NDArray[np.uint64]) -> float:
    """A number in [0, 1)."""
    return (draw(random) >> 10) / 4503599627370496.0


@kernel
def draw_lot(market: Market, density: float) -> int:
    """The size of a fresh tick: empty with chance ``1 - density``."""
    if draw_share(market.random) >= density:
        return 0
    return int(market.lots[draw(market.random) & PICK])


@kernel
def fill_market(market: Market) -> None:
    """Fill both sides of a new market; the touch always holds a level."""
    for side, step in ((0, -1), (1, 1)):
        for distance in range(REACH_TICKS):
            slot = (market.touch[side] + step * distance) & RING_MASK
            market.sizes[slot] = draw_lot(market, DENSITY if distance else 1.0)


@kernel
def move_mid(market: Market, up: bool, ticks: int) -> None:
    """Take ``ticks`` ticks from one side; the other follows up to the new spread.

    The hit side reaches as far as before, so its far end is drawn anew; the ticks that the
    follower leaves behind its own far end are never read again.
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
    """Change the book at ``changes`` random ticks, the touch's own level never deleted.

    An empty tick is filled with chance 0.24, a level deleted with chance 0.2: with these the
    density stays where it is, and updates, inserts and deletes come as about 55, 22 and 22 %.
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
            if dice < 245:  # an order comes, often the one that was there before
                sizes[slot] = former[slot] if former[slot] and dice < 120 else lot
        elif dice < 200 and distance:
            sizes[slot], former[slot] = 0, size
        elif dice < 500:
            sizes[slot], former[slot] = former[slot] if former[slot] else lot, size
        elif dice < 760:  # a part of the level comes or goes
            sizes[slot] = max(1, size + ((size * (dice - 630)) >> 9) + (dice & 2) - 1)
        else:
            sizes[slot], former[slot] = lot, size


@kernel
def live_one_beat(market: Market, pace: Pace) -> None:
    """Let 100 ms pass in the market; activity comes in clusters and with the moves of the mid."""
    random = market.random
    if draw_share(random) < IDLE_CHANCE:
        return
    shock = market.normal[draw(random) & PICK] * math.sqrt(1.0 - pace.memory**2)
    market.mood[0] = mood = min(3.5, pace.memory * market.mood[0] + shock)
    activity = math.exp(pace.spread * mood - 0.5 * pace.spread**2)
    changes = pace.changes * activity
    if draw_share(random) < pace.moves * activity:
        length = pace.move_ticks * math.exp(0.9 * market.normal[draw(random) & PICK])
        up = draw(random) & 1 == 0 or market.touch[0] < FLOOR_TICK
        move_mid(market, up, min(1 + int(length), MAX_MOVE_TICKS))
        changes *= pace.move_burst
        market.mood[0] += pace.move_mood
    churn(market, int(changes + draw_share(random)))


@kernel
def set_next_stamp(market: Market) -> None:
    """The next beat's publish time: on the grid, up to 1 ms late, seldom up to 5."""
    clock = market.clock
    clock[BEAT_MS] += 100
    late = draw(market.random) & 1
    if draw_share(market.random) < 0.008:
        late = int(draw_share(market.random) * 6)
    clock[NEXT_MS] = clock[BEAT_MS] + late


@kernel
def stamp_delta(market: Market) -> None:
    """Stamp a delta: next ``u``, a higher ``seq``, an event time between the last and now."""
    clock, random = market.clock, market.random
    lag = 1 + int(min(draw_share(random), draw_share(random)) * market.max_lag_ms)
    clock[EVENT_MS] = max(clock[EVENT_MS] + 1, clock[NEXT_MS] - lag)
    clock[UPDATE_ID] += 1
    clock[SEQUENCE] += 1 + market.lots[draw(random) & PICK]


@kernel
def stamp_snapshot(market: Market) -> None:
    """Stamp a snapshot: sent just before the next beat, with the ``u`` of the last delta."""
    clock = market.clock
    clock[SENT_MS] = clock[NEXT_MS] - 1 - int(draw_share(market.random) * 2)
    clock[SEQUENCE] += 1 + int(draw_share(market.random) * 64)


@kernel
def put_piece(out: Bytes, at: int, layout: Layout, piece: int) -> int:
    """Copy a constant part of a line; returns the position after it (as all ``put_``)."""
    start, end = layout.starts[piece], layout.starts[piece + 1]
    for i in range(start, end):
        out[at + i - start] = layout.pieces[i]
    return int(at + end - start)


@kernel
def put_decimal(out: Bytes, at: int, units: int, decimals: int, strip_zeros: bool) -> int:
    """Write ``units / 10**decimals``; ``strip_zeros`` leaves out what a padded one would end in."""
    rest, ten = np.uint64(units), np.uint64(10)
    while strip_zeros and decimals > 0 and rest % ten == 0:
        rest //= ten
        decimals -= 1
    width, bound = 1, ten
    while bound <= rest or width <= decimals:
        bound *= ten
        width += 1
    end = at + width + (1 if decimals else 0)
    place = end - 1
    for digit in range(width):
        if decimals and digit == decimals:
            out[place] = 46
            place -= 1
        out[place] = ZERO + rest % ten
        rest //= ten
        place -= 1
    return end


@kernel
def put_number(out: Bytes, at: int, number: int) -> int:
    """Write a whole number."""
    return put_decimal(out, at, number, NO_DECIMALS, False)


@kernel
def put_level(
    out: Bytes, at: int, price: int, price_decimals: int, size: int, size_decimals: int, strip: bool
) -> int:
    """Write ``["price","size"],``; both flavours write a deletion as ``"0"``."""
    out[at], out[at + 1] = 91, 34
    at = put_decimal(out, at + 2, price, price_decimals, strip)
    out[at], out[at + 1], out[at + 2] = 34, 44, 34
    at = put_decimal(out, at + 3, size, size_decimals if size else NO_DECIMALS, strip)
    out[at], out[at + 1], out[at + 2] = 34, 93, 44
    return at + 3


@kernel
def put_side(out: Bytes, at: int, market: Market, view: View, layout: Layout, side: int) -> int:
    """Write the difference between what was sent and the best ``depth`` levels, best first.

    One walk from the touch outwards, over the old and the new window: a level that left the
    window is written as a deletion, one that came in as a level.
    """
    step = 1 if side else -1
    top, old_edge = market.touch[side], view.edge[side]
    sent, sizes, first = view.sent[side], market.sizes, at
    tick = view.top[side] if (view.top[side] - top) * step < 0 else top
    edge, found = top, 0
    while found < layout.depth or (old_edge - tick) * step >= 0:
        slot, size = tick & RING_MASK, 0
        distance = (tick - top) * step
        if found < layout.depth and distance >= 0:
            size = sizes[slot]
            if size == 0 and distance >= FILL_TICKS:
                sizes[slot] = size = draw_lot(market, 1.0)
            if size:
                found += 1
                edge = tick
        if size != sent[slot]:
            sent[slot] = size
            price = tick * layout.tick_units
            decimals, strip = layout.price_decimals, layout.strip_zeros
            at = put_level(out, at, price, decimals, size, layout.size_decimals, strip)
        tick += step
    view.top[side], view.edge[side] = top, edge
    return at - 1 if at > first else at  # without the last comma


@kernel
def put_line(out: Bytes, at: int, market: Market, view: View, layout: Layout, ts_ms: int) -> int:
    """Write a line up to the end of its levels; returns 0 if it has none."""
    at = put_number(out, put_piece(out, at, layout, 0), ts_ms)
    levels = 0
    for side in range(2):
        start = put_piece(out, at, layout, 1 + side)
        at = put_side(out, start, market, view, layout, side)
        levels += at - start
    return at if levels else 0


@kernel
def put_tail(out: Bytes, at: int, market: Market, layout: Layout) -> int:
    """Write everything after the last ask."""
    for i in range(4):
        at = put_piece(out, at, layout, 3 + i)
        if i < 3:
            at = put_number(out, at, market.clock[UPDATE_ID + i])
    return at


@kernel
def write_snapshot(out: Bytes, at: int, market: Market, view: View, layout: Layout) -> int:
    """Write the whole window as one line, stamped before; returns the position after it."""
    view.sent[:] = 0
    for side in range(2):
        view.top[side] = market.touch[side]
        view.edge[side] = market.touch[side] + (-1 if side else 1)  # nothing was sent
    at = put_line(out, at, market, view, layout, market.clock[SENT_MS])
    return put_tail(out, at, market, layout)


@kernel
def write_deltas(
    out: Bytes, market: Market, view: View, layout: Layout, pace: Pace, until_ms: int, limit: int
) -> int:
    """Write the deltas stamped before ``until_ms``, at most ``limit`` and what ``out`` holds.

    Returns the bytes written; ``market.clock[NEXT_MS]`` says how far it came. A beat on which
    nothing in the window changed writes nothing.
    """
    at, count, clock = 0, 0, market.clock
    while clock[NEXT_MS] < until_ms and count < limit and at + layout.max_line_bytes <= out.size:
        live_one_beat(market, pace)
        end = put_line(out, at, market, view, layout, clock[NEXT_MS])
        if end:
            stamp_delta(market)
            at = put_tail(out, end, market, layout)
            count += 1
        set_next_stamp(market)
    return at
