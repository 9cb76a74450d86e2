"""The demo's source and its generated archives, marked as synthetic in name, comment and remote.

Two hours of a linear market around midnight, with the venue's change from ob500 to ob200 on
2025-08-21, and an hour of a spot market. Every machine generates the same bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

from quantgod.orderbook.calendar import HOUR_MS, day_of, day_start_ms
from quantgod.storage.archives.members import SYNTHETIC_COMMENT
from quantgod.storage.outputs.tables import publish, temporary_file, temporary_path
from quantgod.storage.sources.folder import FolderSource
from quantgod.storage.sources.source import Archive
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


_SUFFIXES = (".zip", ".gz")  # of archives: a folder with a user's own is never filled


@dataclass(frozen=True)
class SyntheticSource(FolderSource):
    """A folder, filled with generated archives if it holds no archive."""

    REMOTE = "synthetic:"  # of ``source.remote``

    @property
    def is_empty(self) -> bool:
        """Whether ``list`` will fill the folder first."""
        held = self.root.rglob("*") if self.root.is_dir() else ()
        return not any(path.suffix.lower() in _SUFFIXES for path in held)

    def list(self, include: str) -> Sequence[Archive]:
        """See ``Source``; generates the archives first if there are none."""
        if self.is_empty:
            fill(self.root)
        return super().list(include)


def fill(folder: Path, markets: Sequence[Sequence[StreamSpec]] = MARKETS) -> list[Path]:
    """Write the archives of all markets into a folder; each appears complete or not at all."""
    made = []
    for specs in markets:
        for spec, chunks in groupby(generate_days(specs), key=lambda item: item[0]):
            path = folder / spec.market / spec.symbol / f"{name_of(spec)}.zip"
            write_archive(path, name_of(spec), (chunk for _, chunk in chunks))
            made.append(path)
    return made


def name_of(spec: StreamSpec) -> str:
    """Return the venue's name for the member, marked as synthetic."""
    return f"{day_of(spec.start_ms)}_{spec.symbol}_ob{spec.depth}_synthetic.data"


def write_archive(path: Path, member: str, chunks: Iterator[bytes]) -> None:
    """Write a ZIP of one member, with the comment that marks it as synthetic."""
    with (
        temporary_file(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive,
    ):
        archive.comment = SYNTHETIC_COMMENT + b": made by QuantGod L2, no market data"
        with archive.open(member, "w", force_zip64=True) as text:
            for chunk in chunks:
                text.write(chunk)
    publish(temporary_path(path), path)
