"""Synthetic recordings: Bybit order-book NDJSON with the statistics of real archives.

Seeded, deterministic, streamed: a whole day takes seconds and a few MiB of memory. The generator
yields text alone; whoever writes it to an archive must name it synthetic.

    spec = StreamSpec("BTCUSDT", "linear", 200, start_ms=0, end_ms=60_000, seed=1)
    for chunk in generate_text(spec):
        ...
"""

from quantgod.synthetic.spec import MIN_SPAN_MS, StreamSpec
from quantgod.synthetic.streams import generate_days, generate_text

__all__ = ["MIN_SPAN_MS", "StreamSpec", "generate_days", "generate_text"]
