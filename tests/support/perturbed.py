"""Perturbed texts in memory, instants at which a perturbation begins, and the times of lines."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from quantgod.causality.perturbation import (
    KINDS,
    Perturbation,
    PerturbedText,
    draw_perturbation,
    find_instant,
)
from quantgod.orderbook.formats import binance, bybit, okx, tardis
from quantgod.orderbook.formats.csv.columns import TIME, RowFormat
from quantgod.orderbook.formats.csv.row import read_row
from quantgod.orderbook.formats.dialect import Dialect
from quantgod.synthetic import StreamSpec, generate_text
from tests.support.core import MemoryText
from tests.support.stream_plans import HOUR_MS
from tests.support.streams import D0, D1, NOON, Case

SPEC = StreamSpec("BTCUSDT", "linear", 10, NOON, NOON + 10_000, seed=5)
TEXT = b"".join(generate_text(SPEC))
SEEDS = st.integers(0, 2**32)
SOME_KINDS = st.lists(st.sampled_from(KINDS), min_size=1, unique=True).map(tuple)
ROW_FORMATS: dict[str, RowFormat] = {
    tardis.DIALECT.name: tardis.ROWS,
    binance.SPOT.name: binance.SPOT_ROWS,
    binance.FUTURES.name: binance.FUTURES_ROWS,
}


@dataclass(frozen=True)
class Perturbed:
    """A text, perturbed from ``start`` on."""

    text: bytes
    start: int
    perturbation: Perturbation


def perturb(
    text: bytes,
    instant_ms: int,
    seed: int = 0,
    kinds: tuple[str, ...] = KINDS,
    dialect: Dialect = bybit.DIALECT,
    share: float = 0.5,
    piece: int = 500,
) -> Perturbed:
    """Perturb a text of one day from T on, read in pieces."""
    perturbation = Perturbation(dialect, instant_ms, D1, seed, kinds, share)
    return apply(perturbation, dialect, text, instant_ms, piece)


def perturb_as_drawn(text: bytes, instant_ms: int, seed: int, dialect: Dialect) -> Perturbed:
    """Perturb a text of one day from T on, as a trial of the check does."""
    drawn = draw_perturbation(dialect, instant_ms, D1, Random(seed))  # noqa: S311
    return apply(drawn, dialect, text, instant_ms, 1 << 19)


def apply(
    perturbation: Perturbation, dialect: Dialect, text: bytes, instant_ms: int, piece: int
) -> Perturbed:
    """Perturb a text, read in pieces, while a parser consumes a part of each."""
    start = find_instant(dialect, MemoryText(text), instant_ms)
    perturbed, parts = PerturbedText(MemoryText(text, piece), start, perturbation), []
    while len(lines := perturbed.lines()):
        parts.append(lines[: len(lines) // 2 + 1].tobytes())
        perturbed.advance(len(parts[-1]))
    assert perturbed.offset == sum(map(len, parts))
    return Perturbed(b"".join(parts), start, perturbation)


def read_stamp(line: bytes, dialect: Dialect) -> int | None:
    """Read a line's own time in ms; None if it is no message."""
    if row_format := ROW_FORMATS.get(dialect.name):
        row = read_row(line, row_format)
        return row.values[TIME] // row_format.units_per_ms if row else None
    message = (okx if dialect is okx.DIALECT else bybit).read_message(line)
    return message.ts if message else None


def stamps_of(text: bytes, dialect: Dialect = bybit.DIALECT) -> list[int]:
    """List the times of a text's messages as written; in CSV, those of its rows."""
    stamps = (read_stamp(line, dialect) for line in text.split(b"\n"))
    return [stamp for stamp in stamps if stamp is not None]


@st.composite
def instants(draw: st.DrawFn, case: Case, dialect: Dialect = bybit.DIALECT) -> int:
    """Draw T on, just before or just after a message's stamp, a grid instant or a bar's edge."""
    stamps = stamps_of(case.text, dialect)
    near = sorted(stamp for stamp in stamps if D0 - HOUR_MS <= stamp <= D1 + HOUR_MS) or [NOON]
    near = near[len(near) // 3 :]  # rather late, so that some rows are known
    rules = case.settings
    step = draw(st.sampled_from((rules.bar_interval_ms, rules.sampling_interval_ms, 1)))
    instant_ms = draw(st.sampled_from(near)) // step * step + draw(st.sampled_from((0, step)))
    return instant_ms + draw(st.sampled_from((0, 0, -1, 1)))
