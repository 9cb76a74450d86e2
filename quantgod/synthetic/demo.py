"""The embedded default's archives: made by the project itself, and marked as such everywhere.

A few hours of one market over midnight, linear ob500 turning into ob200 as the venue did on
2025-08-21, and a spot market; seeded, so that every machine makes the same bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from quantgod.orderbook.calendar import HOUR_MS, day_of, day_start_ms
from quantgod.storage.archives.members import SYNTHETIC_COMMENT
from quantgod.storage.outputs.tables import temporary_path
from quantgod.synthetic import StreamSpec, generate_days

_MIDNIGHT = day_start_ms(date(2025, 8, 21))
_LINEAR = StreamSpec(
    "BTCUSDT", "linear", 500, _MIDNIGHT - HOUR_MS, _MIDNIGHT, seed=20250820, activity="quiet"
)
_SPOT = StreamSpec(
    "BTCUSDT", "spot", 200, _MIDNIGHT, _MIDNIGHT + HOUR_MS, seed=20250821, activity="quiet",
    size_decimals=6,
)  # fmt: skip
MARKETS: tuple[tuple[StreamSpec, ...], ...] = (
    (_LINEAR, _LINEAR.following(_MIDNIGHT + HOUR_MS, depth=200)),
    (_SPOT,),
)


def fill(folder: Path, markets: Sequence[Sequence[StreamSpec]] = MARKETS) -> list[Path]:
    """Write the archives of all markets below a folder; each appears whole or not at all."""
    made = []
    for specs in markets:
        for spec, chunks in groupby(generate_days(specs), key=lambda item: item[0]):
            path = folder / spec.market / spec.symbol / f"{name_of(spec)}.zip"
            write_archive(path, name_of(spec), (chunk for _, chunk in chunks))
            made.append(path)
    return made


def name_of(spec: StreamSpec) -> str:
    """The member's name: the venue's, marked as synthetic."""
    return f"{day_of(spec.start_ms)}_{spec.symbol}_ob{spec.depth}_synthetic.data"


def write_archive(path: Path, member: str, chunks: Iterator[bytes]) -> None:
    """A ZIP of one member, with the comment that tells that it is synthetic."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(path)
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        archive.comment = SYNTHETIC_COMMENT + b": made by QuantGod L2, no market data"
        with archive.open(member, "w", force_zip64=True) as text:
            for chunk in chunks:
                text.write(chunk)
    temporary.replace(path)
