"""``LineTemplate`` and ``View``: the text of a topic's lines, and the levels its readers hold."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.messages import Int64Array
from quantgod.synthetic.market import RING_TICKS
from quantgod.synthetic.spec import StreamSpec

Bytes = NDArray[np.uint8]
Kind = Literal["snapshot", "delta"]

NUMBER_BYTES = 20  # 19 digits and a dot
LEVEL_BYTES = 2 * NUMBER_BYTES + len('["",""],')


class LineTemplate(NamedTuple):
    """Constant text and number formats of a topic's lines of one kind.

    A line is ``piece 0, ts, piece 1, bids, piece 2, asks, piece 3, u, 4, seq, 5, cts, 6``.
    """

    pieces: Bytes  # the constant text, concatenated
    starts: Int64Array  # (8,) start of each piece, and the end
    tick_units: int  # a tick in units of the last decimal sent
    price_decimals: int
    size_decimals: int
    strip_zeros: bool
    depth: int
    max_line_bytes: int


class View(NamedTuple):
    """A reader's book after the last message; side 0 is bid, 1 is ask."""

    sent: Int64Array  # (2, RING_TICKS) sizes as sent; 0: none
    top: Int64Array  # (2,) tick of the best level
    edge: Int64Array  # (2,) tick of the last level


def make_template(spec: StreamSpec, kind: Kind) -> LineTemplate:
    """Return the venue's template: linear pads decimals and puts ``type`` before ``ts``."""
    topic, data = f'{{"topic":"{spec.topic}"', f',"data":{{"s":"{spec.symbol}","b":['
    if spec.market == "spot":
        head = [f'{topic},"ts":', f',"type":"{kind}"{data}']
    else:
        head = [f'{topic},"type":"{kind}","ts":', data]
    parts = [*head, '],"a":[', '],"u":', ',"seq":', '},"cts":', "}\n"]
    return LineTemplate(
        pieces=np.frombuffer("".join(parts).encode(), np.uint8),
        starts=np.cumsum([0, *map(len, parts)], dtype=np.int64),
        tick_units=spec.tick_units,
        price_decimals=spec.price_decimals,
        size_decimals=spec.size_decimals,
        strip_zeros=spec.market == "spot",
        depth=spec.depth,
        # four numbers, and each of the levels deleted and replaced
        max_line_bytes=sum(map(len, parts)) + 4 * (NUMBER_BYTES + spec.depth * LEVEL_BYTES),
    )


def make_view() -> View:
    """Return a reader's book before the first snapshot."""
    return View(np.zeros((2, RING_TICKS), np.int64), np.zeros(2, np.int64), np.zeros(2, np.int64))
