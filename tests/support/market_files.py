"""Small source folders of generated markets."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from quantgod.orderbook.calendar import day_start_ms
from quantgod.synthetic import StreamSpec, generate_days
from quantgod.synthetic.demo import name_of, write_archive

MIDNIGHT = day_start_ms(date(2025, 8, 21))
SPAN_MS = 150_000


def two_days(
    symbol: str = "BTCUSDT", market: str = "linear", span_ms: int = SPAN_MS, seed: int = 7
) -> tuple[StreamSpec, StreamSpec]:
    """Return a market's last minutes of one day and first ones of the next."""
    first = StreamSpec(
        symbol, market, 50, MIDNIGHT - span_ms, MIDNIGHT, seed=seed, activity="quiet"  # type: ignore[arg-type]
    )  # fmt: skip
    return first, first.following(MIDNIGHT + span_ms, depth=20)


def write_source(root: Path, *markets: Sequence[StreamSpec], only: Iterable[int] = (0, 1)) -> None:
    """Write archives of markets below ``root``; ``only`` selects the days to write."""
    for specs in markets:
        texts = dict.fromkeys(specs, b"")
        for spec, chunk in generate_days(specs):
            texts[spec] += chunk
        for day in only:
            spec = specs[day]
            path = root / spec.market / spec.symbol / f"{name_of(spec)}.zip"
            if not path.exists():
                write_archive(path, name_of(spec), iter([texts[spec]]))


def write_zip(path: Path, member: str, text: bytes) -> Path:
    """Write an archive of one member with the given text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text)
    return path
