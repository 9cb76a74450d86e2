"""The archives to measure, generated once: whole days, and parts of one day.

A busy day is more than a gigabyte of text. In quick mode an hour of a stream is three seconds, so
that all parts run within a minute or two; its figures mean nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from benchmarks.dialects import rewrite
from quantgod.orderbook.calendar import DAY_MS, HOUR_MS, day_start_ms
from quantgod.orderbook.formats import binance, bybit, dialect_named, okx, tardis
from quantgod.settings.values import PROJECT_ROOT
from quantgod.synthetic import StreamSpec, generate_text
from quantgod.synthetic.demo import name_of, write_archive

FOLDER = PROJECT_ROOT / "data" / "benchmarks"

QUIET = "linear-ob200-quiet-24h"
BUSY = "linear-ob200-busy-24h"
DEEP = "linear-ob500-busy-24h"
SPOT = "spot-ob200-busy-24h"
DEEP_PART = "linear-ob500-busy-2h"
PART_DAYS = ("linear-ob200-busy-2h", "linear-ob200-busy-6h", "linear-ob200-busy-12h")
WARM_UP = "warm-up"

# One market in every dialect, and the small archives for warming up.
IN_DIALECTS = {
    f"{PART_DAYS[0]}-in-{word}": name
    for word, name in (
        ("bybit", bybit.DIALECT.name),
        ("tardis", tardis.DIALECT.name),
        ("binance", binance.SPOT.name),
        ("binance-with-pu", binance.FUTURES.name),
        ("okx", okx.DIALECT.name),
    )
}
WARM_UPS = {name: name.replace(PART_DAYS[0], WARM_UP) for name in IN_DIALECTS}
_DIALECTS = IN_DIALECTS | {WARM_UPS[name]: dialect for name, dialect in IN_DIALECTS.items()}

DAYS = (BUSY, *(f"linear-ob200-busy-24h-day{day}" for day in range(2, 9)))

_START_MS = day_start_ms(date(2025, 8, 21))
_QUICK_HOUR_MS = 3_000
_WARM_UP_MS = 5_000


def specs(*, quick: bool) -> dict[str, StreamSpec]:
    """Return the spec of each archive by name."""
    hour_ms = _QUICK_HOUR_MS if quick else HOUR_MS
    day = StreamSpec(
        "BTCUSDT", "linear", 200, _START_MS, _START_MS + 24 * hour_ms, seed=20250821
    )  # fmt: skip
    found = {
        QUIET: replace(day, activity="quiet"),
        DEEP: replace(day, depth=500),
        SPOT: replace(day, market="spot", size_decimals=6),
        DEEP_PART: replace(day, depth=500, end_ms=_START_MS + 2 * hour_ms),
        WARM_UP: replace(day, end_ms=_START_MS + _WARM_UP_MS),
    }
    found |= {name: _day(day, number) for number, name in enumerate(DAYS)}
    for name, hours in zip(PART_DAYS, (2, 6, 12), strict=True):
        found[name] = replace(day, end_ms=_START_MS + hours * hour_ms)
    found |= dict.fromkeys(IN_DIALECTS, found[PART_DAYS[0]])
    found |= dict.fromkeys(WARM_UPS.values(), found[WARM_UP])
    return found


def _day(first: StreamSpec, number: int) -> StreamSpec:
    """Return a later day of the market, as long as the first; its own seed makes it independent."""
    shift = number * DAY_MS
    return replace(
        first,
        start_ms=first.start_ms + shift,
        end_ms=first.end_ms + shift,
        seed=first.seed + number,
    )


def path_of(name: str, *, quick: bool) -> Path:
    """Return the path of an archive, which may not exist yet."""
    folder = FOLDER / "quick" if quick else FOLDER
    return folder / name / f"{name_of(specs(quick=quick)[name])}.zip"


def make(name: str, *, quick: bool) -> Path:
    """Return an archive by name; write it if it does not exist."""
    path = path_of(name, quick=quick)
    if not path.exists():
        spec = specs(quick=quick)[name]
        dialect = _DIALECTS.get(name, bybit.DIALECT.name)
        member = Path(name_of(spec)).with_suffix(dialect_named(dialect).suffixes[0])
        write_archive(path, str(member), rewrite(generate_text(spec), dialect))
    return path
