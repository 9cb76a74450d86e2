"""Compiles every kernel, by the way that text takes: `python -m quantgod.compile_kernels`.

The set-up calls it, so that no run has to wait for a compiler. What older sources were compiled to
is removed.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from quantgod.orderbook.arrays.kernel import CACHE
from quantgod.orderbook.bars import make_bars
from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.calendar import DAY_MS, Window
from quantgod.orderbook.formats import tardis
from quantgod.orderbook.messages import Cursor
from quantgod.orderbook.sampling import cut_levels, take_samples
from quantgod.storage.archives.archive import find_archives
from quantgod.storage.archives.line_reader import close_reader, text_at
from quantgod.storage.archives.streams import Stream, read_streams
from quantgod.storage.outputs.manifest import Recipe
from quantgod.storage.sample_rule import sample_rule
from quantgod.synthetic import MIN_SPAN_MS, StreamSpec, generate_text
from quantgod.synthetic.demo import name_of, write_archive

# Two messages of a CSV dialect: they all share their kernels.
_CSV = f"""{tardis.DIALECT.header}
a,b,1000,1000,true,bid,99,1
a,b,1000,1000,true,ask,101,1
a,b,2000000,2000000,false,ask,101,2
"""
_SPEC = StreamSpec("BTCUSDT", "linear", 50, start_ms=0, end_ms=2 * MIN_SPAN_MS, seed=1)
_RECIPE = Recipe(
    sampling_interval_ms=100,
    bar_interval_ms=1000,
    orderbook_levels=10,
    max_staleness_ms=10_000,
    on_sequence_gap="drop",
)


def compile_kernels() -> int:
    """Take a few seconds of two markets from their archives to bars; returns their number."""
    with TemporaryDirectory() as folder:
        name = name_of(_SPEC)
        write_archive(Path(folder) / f"{name}.zip", name, generate_text(_SPEC))
        write_archive(Path(folder) / "csv.zip", "rows.csv", iter([_CSV.encode()]))
        archives = find_archives(Path(folder), "*.zip")
        return sum(_make_bars(stream) for archive in archives for stream in read_streams(archive))


def _make_bars(stream: Stream) -> int:
    window = Window(0, 0, DAY_MS)
    with text_at(stream.archive, stream.member, 0) as text:
        parsed = stream.dialect.parse_window(text, Cursor(), window)
    close_reader()
    rule = sample_rule(stream, _RECIPE)
    sampled = take_samples(parsed.messages, parsed.more_inside, OrderBook(), window, rule)
    samples = cut_levels(sampled.samples, _RECIPE.orderbook_levels)
    return len(make_bars(samples, _RECIPE.bar_interval_ms).bars)


def remove_old_kernels() -> None:
    """Remove what was compiled from other sources than today's."""
    for folder in CACHE.parent.glob("kernels-*"):
        if folder != CACHE:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    remove_old_kernels()
    print(f"kernels compiled; they made {compile_kernels()} bars")
