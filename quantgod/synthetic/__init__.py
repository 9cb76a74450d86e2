"""The project's own recordings: Bybit order-book NDJSON with the statistics of real archives.

Seeded, deterministic, streamed: a whole day is made in seconds with a few MiB of memory. What comes
out is text and nothing else; who writes it to an archive says in its name that it is synthetic.

    spec = StreamSpec("BTCUSDT", "linear", 200, start_ms=0, end_ms=60_000, seed=1)
    for chunk in generate_text(spec):
        ...
"""

from quantgod.synthetic.spec import MIN_SPAN_MS, StreamSpec
from quantgod.synthetic.streams import generate_days, generate_text

__all__ = [
    "MIN_SPAN_MS",
    "StreamSpec",
    "generate_days",
    "generate_text",
]
