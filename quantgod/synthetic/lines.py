"""Write a market's changes since the last message as a line of bytes.

Compiled, without allocations: all state is in ``Market`` and ``View``. Each ``put_…`` takes a
position in ``out`` and returns the position after the bytes it wrote.
"""

from __future__ import annotations

import numpy as np

from quantgod.orderbook.arrays.kernel import kernel
from quantgod.synthetic.dynamics import advance, draw_lot, set_next_stamp, stamp_delta
from quantgod.synthetic.market import FILL_TICKS, RING_MASK, Market, Pace
from quantgod.synthetic.text import Bytes, LineTemplate, View

ZERO = np.uint64(48)  # the digit, in ASCII
NO_DECIMALS = 0


@kernel
def put_piece(out: Bytes, at: int, template: LineTemplate, piece: int) -> int:
    """Copy a constant piece of a line."""
    start, end = template.starts[piece], template.starts[piece + 1]
    for i in range(start, end):
        out[at + i - start] = template.pieces[i]
    return int(at + end - start)


@kernel
def put_decimal(out: Bytes, at: int, units: int, decimals: int, strip_zeros: bool) -> int:
    """Write ``units / 10**decimals``; ``strip_zeros`` omits trailing zeros after the dot."""
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
    """Write an integer."""
    return put_decimal(out, at, number, NO_DECIMALS, False)


@kernel
def put_level(
    out: Bytes, at: int, price: int, price_decimals: int, size: int, size_decimals: int, strip: bool
) -> int:
    """Write ``["price","size"],``; a deleted level's size is ``"0"`` in both markets."""
    out[at], out[at + 1] = 91, 34
    at = put_decimal(out, at + 2, price, price_decimals, strip)
    out[at], out[at + 1], out[at + 2] = 34, 44, 34
    at = put_decimal(out, at + 3, size, size_decimals if size else NO_DECIMALS, strip)
    out[at], out[at + 1], out[at + 2] = 34, 93, 44
    return at + 3


@kernel
def put_side(
    out: Bytes, at: int, market: Market, view: View, template: LineTemplate, side: int
) -> int:
    """Write the difference between the reader's side and the best ``depth`` levels, best first.

    One walk outwards from the touch covers the old levels and the new ones: a level that left the
    best ``depth`` is written as deleted, one that entered is written with its size.
    """
    step = 1 if side else -1
    top, old_edge = market.touch[side], view.edge[side]
    sent, sizes, first = view.sent[side], market.sizes, at
    tick = view.top[side] if (view.top[side] - top) * step < 0 else top
    edge, found = top, 0
    while found < template.depth or (old_edge - tick) * step >= 0:
        slot, size = tick & RING_MASK, 0
        distance = (tick - top) * step
        if found < template.depth and distance >= 0:
            size = sizes[slot]
            if size == 0 and distance >= FILL_TICKS:
                sizes[slot] = size = draw_lot(market, 1.0)
            if size:
                found += 1
                edge = tick
        if size != sent[slot]:
            sent[slot] = size
            price = tick * template.tick_units
            decimals, strip = template.price_decimals, template.strip_zeros
            at = put_level(out, at, price, decimals, size, template.size_decimals, strip)
        tick += step
    view.top[side], view.edge[side] = top, edge
    return at - 1 if at > first else at  # without the last comma


@kernel
def put_line(
    out: Bytes, at: int, market: Market, view: View, template: LineTemplate, ts_ms: int
) -> int:
    """Write a line up to the end of its levels; return 0 if it has none."""
    at = put_number(out, put_piece(out, at, template, 0), ts_ms)
    levels = 0
    for side in range(2):
        start = put_piece(out, at, template, 1 + side)
        at = put_side(out, start, market, view, template, side)
        levels += at - start
    return at if levels else 0


@kernel
def put_tail(out: Bytes, at: int, market: Market, template: LineTemplate) -> int:
    """Write the rest of a line after its last ask."""
    clock = market.clock[0]
    at = put_number(out, put_piece(out, at, template, 3), clock.update_id)
    at = put_number(out, put_piece(out, at, template, 4), clock.sequence)
    at = put_number(out, put_piece(out, at, template, 5), clock.event_ms)
    return put_piece(out, at, template, 6)


@kernel
def write_snapshot(out: Bytes, at: int, market: Market, view: View, template: LineTemplate) -> int:
    """Write all levels of a snapshot that is already stamped; return the position after it."""
    view.sent[:] = 0
    for side in range(2):
        view.top[side] = market.touch[side]
        view.edge[side] = market.touch[side] + (-1 if side else 1)  # no level sent yet
    at = put_line(out, at, market, view, template, market.clock[0].snapshot_ms)
    return put_tail(out, at, market, template)


@kernel
def write_deltas(
    out: Bytes,
    market: Market,
    view: View,
    template: LineTemplate,
    pace: Pace,
    until_ms: int,
    limit: int,
) -> int:
    """Write the deltas stamped before ``until_ms``: at most ``limit``, and while ``out`` has room.

    Return the number of bytes written; the clock's ``next_ms`` is the first instant not written.
    An interval without a change in the best ``depth`` levels has no delta.
    """
    at, count, clock = 0, 0, market.clock[0]
    while clock.next_ms < until_ms and count < limit and at + template.max_line_bytes <= out.size:
        advance(market, pace)
        end = put_line(out, at, market, view, template, clock.next_ms)
        if end:
            stamp_delta(market)
            at = put_tail(out, end, market, template)
            count += 1
        set_next_stamp(market)
    return at
