"""Streams of one market: text in chunks of whole lines, day after day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from quantgod.synthetic.dynamics import draw_share, fill_market, set_next_stamp, stamp_snapshot
from quantgod.synthetic.lines import write_deltas, write_snapshot
from quantgod.synthetic.market import (
    BEAT_MS,
    EVENT_MS,
    NEXT_MS,
    PACES,
    SEQUENCE,
    UPDATE_ID,
    Market,
    open_market,
)
from quantgod.synthetic.spec import StreamSpec
from quantgod.synthetic.text import make_layout, make_view

CHUNK_BYTES = 2 * 2**20
MAX_LAG_MS = {"linear": 20, "spot": 54}  # publish time after the matching engine's, as measured
FOREVER = 2**62


def generate_text(spec: StreamSpec) -> Iterator[bytes]:
    """The text of one stream, in chunks of whole lines of at most 2 MiB."""
    return (chunk for _, chunk in generate_days([spec]))


def generate_days(specs: Sequence[StreamSpec]) -> Iterator[tuple[StreamSpec, bytes]]:
    """Consecutive streams of one market, as (spec, chunk) in order.

    The book and ``u`` carry on from stream to stream: each opens with the closing snapshot of the
    one before, cut to its own depth. A stream's bytes depend on the specs up to it, on none after.

    Raises:
        ValueError: a spec is not the one before it, carried on (``StreamSpec.following``).
    """
    for before, after in pairwise(specs):
        carried = before.following(after.end_ms, depth=after.depth, activity=after.activity)
        if after != carried:
            raise ValueError(f"not consecutive streams of one market: {before} and {after}")
    return _generate_days(specs)


def _generate_days(specs: Sequence[StreamSpec]) -> Iterator[tuple[StreamSpec, bytes]]:
    if specs:
        market = _open(specs[0])
        for spec in specs:
            for chunk in _generate_stream(spec, market):
                yield spec, chunk


def _open(spec: StreamSpec) -> Market:
    """The market just before the opening snapshot of the first stream."""
    market = open_market(
        seed=spec.seed,
        mid_tick=round(spec.mid_price / spec.tick_size),
        median_lot=spec.median_size * 10**spec.size_decimals,
        max_lag_ms=MAX_LAG_MS[spec.market],
    )
    fill_market(market)
    clock = market.clock
    clock[BEAT_MS] = spec.start_ms + 5 + int(draw_share(market.random) * 1_390)
    set_next_stamp(market)
    clock[EVENT_MS] = clock[NEXT_MS] - 102
    clock[UPDATE_ID], clock[SEQUENCE] = spec.first_update_id, spec.first_sequence
    stamp_snapshot(market)
    return market


def _generate_stream(spec: StreamSpec, market: Market) -> Iterator[bytes]:
    """From the stamped opening snapshot to the stamp of the next one."""
    snapshot, delta = make_layout(spec, "snapshot"), make_layout(spec, "delta")
    view, pace, out = make_view(), PACES[spec.activity], np.empty(CHUNK_BYTES, np.uint8)
    yield out[: write_snapshot(out, 0, market, view, snapshot)].tobytes()
    while market.clock[NEXT_MS] < spec.end_ms:
        size = write_deltas(out, market, view, delta, pace, spec.end_ms, FOREVER)
        if size:
            yield out[:size].tobytes()
    late = 1 + int(draw_share(market.random) * 7)
    size = write_deltas(out, market, view, delta, pace, FOREVER, late)
    stamp_snapshot(market)
    if spec.closing:
        yield out[: write_snapshot(out, size, market, view, snapshot)].tobytes()
