"""What of a market changed since the last message, as a line of bytes.

Compiled; nothing here allocates: all state is in ``Market`` and ``View``. Every ``put_`` takes a
position in ``out`` and returns the one after what it wrote.
"""

from __future__ import annotations

import numpy as np

from quantgod.orderbook.arrays.kernel import kernel
from quantgod.synthetic.dynamics import draw_lot, live_one_beat, set_next_stamp, stamp_delta
from quantgod.synthetic.market import (
    FILL_TICKS,
    NEXT_MS,
    RING_MASK,
    SENT_MS,
    UPDATE_ID,
    Market,
    Pace,
)
from quantgod.synthetic.text import Bytes, Layout, View

ZERO = np.uint64(48)  # the digit, in ASCII
NO_DECIMALS = 0


@kernel
def put_piece(out: Bytes, at: int, layout: Layout, piece: int) -> int:
    """Copy a constant part of a line."""
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
