"""Compile every kernel by making bars: ``python -m quantgod.compile_kernels``.

The set-up calls it, so that no run waits for the compiler. It removes the kernels of older sources.
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from quantgod import bars_of
from quantgod.orderbook.arrays.kernel import CACHE
from quantgod.orderbook.formats import tardis
from quantgod.synthetic import MIN_SPAN_MS, StreamSpec, generate_text
from quantgod.synthetic.demo import name_of, write_archive

# Two messages of a CSV dialect: they all share their kernels.
_CSV = f"""{tardis.DIALECT.header}
a,b,1000,1000,true,bid,99,1
a,b,1000,1000,true,ask,101,1
a,b,2000000,2000000,false,ask,101,2
"""
_SPEC = StreamSpec("BTCUSDT", "linear", 50, start_ms=0, end_ms=2 * MIN_SPAN_MS, seed=1)


def compile_kernels() -> int:
    """Make the bars of two small archives; return the number of bars."""
    texts = {name_of(_SPEC): generate_text(_SPEC), "rows.csv": iter([_CSV.encode()])}
    made = 0
    with TemporaryDirectory() as folder:
        for name, text in texts.items():
            path = Path(folder) / f"{name}.zip"
            write_archive(path, name, text)
            bars = bars_of(
                path, sampling_interval_ms=100, resampling_interval="1s", orderbook_levels=10
            )
            made += bars.table.num_rows
    return made


def remove_old_kernels() -> None:
    """Remove the kernels of every other version of the sources."""
    for folder in CACHE.parent.glob("kernels-*"):
        if folder != CACHE:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    remove_old_kernels()
    print(f"kernels compiled; they made {compile_kernels()} bars")
