"""Streams of one market: text in chunks of whole lines, day after day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from quantgod.synthetic.dynamics import draw_share, fill_market, set_next_stamp, stamp_snapshot
from quantgod.synthetic.lines import write_deltas, write_snapshot
from quantgod.synthetic.market import PACES, Market, open_market
from quantgod.synthetic.spec import StreamSpec
from quantgod.synthetic.text import make_template, make_view

CHUNK_BYTES = 2 * 2**20
MAX_LAG_MS = {"linear": 20, "spot": 54}  # from matching engine to publication, as measured
FOREVER = 2**62


def generate_text(spec: StreamSpec) -> Iterator[bytes]:
    """Generate one stream's text in chunks of whole lines, at most 2 MiB each."""
    return (chunk for _, chunk in generate_days([spec]))


def generate_days(specs: Sequence[StreamSpec]) -> Iterator[tuple[StreamSpec, bytes]]:
    """Generate consecutive streams of one market, as (spec, chunk) in order.

    The book and ``u`` continue from stream to stream: each opens with its predecessor's closing
    snapshot, cut to its own depth. A stream's bytes do not depend on the specs after it.

    Raises:
        ValueError: a spec does not continue the one before it (``StreamSpec.following``).
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
    """Return the market just before the first stream's opening snapshot."""
    market = open_market(
        seed=spec.seed,
        mid_tick=round(spec.mid_price / spec.tick_size),
        median_lot=spec.median_size * 10**spec.size_decimals,
        max_lag_ms=MAX_LAG_MS[spec.market],
    )
    fill_market(market)
    clock = market.clock
    clock["grid_ms"] = spec.start_ms + 5 + int(draw_share(market.random) * 1_390)
    set_next_stamp(market)
    clock["event_ms"] = clock["next_ms"] - 102
    clock["update_id"], clock["sequence"] = spec.first_update_id, spec.first_sequence
    stamp_snapshot(market)
    return market


def _generate_stream(spec: StreamSpec, market: Market) -> Iterator[bytes]:
    """Generate from one stamped opening snapshot to the stamp of the next."""
    snapshot, delta = make_template(spec, "snapshot"), make_template(spec, "delta")
    view, pace, out = make_view(), PACES[spec.activity], np.empty(CHUNK_BYTES, np.uint8)
    yield out[: write_snapshot(out, 0, market, view, snapshot)].tobytes()
    while market.clock["next_ms"][0] < spec.end_ms:
        size = write_deltas(out, market, view, delta, pace, spec.end_ms, FOREVER)
        if size:
            yield out[:size].tobytes()
    late = 1 + int(draw_share(market.random) * 7)
    size = write_deltas(out, market, view, delta, pace, FOREVER, late)
    stamp_snapshot(market)
    if spec.closing:
        yield out[: write_snapshot(out, size, market, view, snapshot)].tobytes()
