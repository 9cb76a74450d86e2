"""``Layout`` and ``View``: how a topic is written, and what of the market it shows."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.synthetic.market import RING_TICKS, Int64Array
from quantgod.synthetic.spec import StreamSpec

Bytes = NDArray[np.uint8]
Kind = Literal["snapshot", "delta"]

NUMBER_BYTES = 20  # 19 digits and a point
LEVEL_BYTES = 2 * NUMBER_BYTES + len('["",""],')


class Layout(NamedTuple):
    """How a topic's lines of one kind are written.

    A line is ``piece 0, ts, piece 1, bids, piece 2, asks, piece 3, u, 4, seq, 5, cts, 6``.
    """

    pieces: Bytes  # the constant pieces, one after another
    starts: Int64Array  # (8,) where each begins, and the end
    tick_units: int  # a tick in units of the last decimal sent
    price_decimals: int
    size_decimals: int
    strip_zeros: bool
    depth: int
    max_line_bytes: int


class View(NamedTuple):
    """The levels that the last message left on a reader's book; side 0 is bid, 1 is ask."""

    sent: Int64Array  # (2, RING_TICKS) sizes as sent, 0 where none
    top: Int64Array  # (2,) tick of the best level sent
    edge: Int64Array  # (2,) tick of the last level sent


def make_layout(spec: StreamSpec, kind: Kind) -> Layout:
    """The venue's two flavours: linear pads decimals and has ``type`` before ``ts``."""
    topic, data = f'{{"topic":"{spec.topic}"', f',"data":{{"s":"{spec.symbol}","b":['
    if spec.market == "spot":
        head = [f'{topic},"ts":', f',"type":"{kind}"{data}']
    else:
        head = [f'{topic},"type":"{kind}","ts":', data]
    parts = [*head, '],"a":[', '],"u":', ',"seq":', '},"cts":', "}\n"]
    return Layout(
        pieces=np.frombuffer("".join(parts).encode(), np.uint8),
        starts=np.cumsum([0, *map(len, parts)], dtype=np.int64),
        tick_units=spec.tick_units,
        price_decimals=spec.price_decimals,
        size_decimals=spec.size_decimals,
        strip_zeros=spec.market == "spot",
        depth=spec.depth,
        # four numbers stand beside the levels, of which all may go and as many others come
        max_line_bytes=sum(map(len, parts)) + 4 * (NUMBER_BYTES + spec.depth * LEVEL_BYTES),
    )


def make_view() -> View:
    """A reader's book before the first snapshot."""
    return View(np.zeros((2, RING_TICKS), np.int64), np.zeros(2, np.int64), np.zeros(2, np.int64))
