"""Hypothesis strategies for the parts of a line: levels, and the way they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from hypothesis import strategies as st

from tests.support.bybit_lines import (
    DATA_ORDER,
    EARLIER_DATA_PAIRS,
    EARLIER_ROOT_PAIRS,
    LATER_DATA_PAIRS,
    LATER_ROOT_PAIRS,
    LINEAR_ORDER,
    SPOT_ORDER,
    Level,
    Pairs,
    Style,
)

T = TypeVar("T")

BID_TICKS = range(6, -1, -1)  # 100.6 down to 100.0: below every ask, unless drawn to cross
ASK_TICKS = range(7, 14)
LOW_PRICES = (
    *("100.35", "100.123456789", "0.5", "0.00000001", "99.99999999999999", "0001"),
    *("100.30000000000001", "100.29999999999999", "100.3000000000000000000000000001"),
)
HIGH_PRICES = (
    *("100.75", "101.123456789", "99999.5", "9007199254740993", "4503599627370497.5"),
    *("100.80000000000001", "100.79999999999999", "100.7999999999999999999999999999"),
)
SIZES = ("1", "0", "2.5", "0.000", "6.054", "0.001", "10", "0", "0.5")
FULL_SIZES = tuple(size for size in SIZES if float(size) > 0)
ODD_SIZES = (
    *("00.0", "007.50", "1.0000000000000000000000000001", "12345678901234567890.5", "0.1"),
    *("0." + "0" * 400 + "1", "0." + "0" * 30 + "1", "6.0540000000000000000", "000"),
)


@dataclass(frozen=True)
class Rates:
    """How many messages (or levels) in a hundred have each oddity."""

    broken: int = 0
    styled: int = 0
    jumping: int = 0  # in u
    wandering: int = 0  # in time
    number: int = 0
    crossing: int = 0


class Roll:
    """One block of drawn bytes, read as choices: one draw a message keeps Hypothesis quick.

    Zeros, which it shrinks to, choose the first of everything.
    """

    def __init__(self, block: bytes) -> None:
        """Begin at the first byte."""
        self._bytes = iter(block)

    def pick(self, values: Sequence[T]) -> T:
        """Choose one of `values`."""
        number = next(self._bytes) << 8 | next(self._bytes)
        return values[number * len(values) >> 16]

    def pick_some(self, values: Sequence[T], fewest: int, most: int) -> tuple[T, ...]:
        """Choose `fewest` to `most` of `values`, which may repeat."""
        return tuple(self.pick(values) for _ in range(self.pick(range(fewest, most + 1))))


def table(draw: st.DrawFn, plain: Sequence[T], rate: int, odd: st.SearchStrategy[T]) -> Sequence[T]:
    """List `plain` values and, `rate` times in a hundred, a few drawn `odd` ones."""
    if rate == 0:
        return plain
    palette = draw(st.lists(odd, min_size=1, max_size=6))
    body = list(plain) * -(-100 // len(plain))
    odd_count = max(1, len(body) * rate // (100 - rate))
    return [*body, *(palette[i % len(palette)] for i in range(odd_count))]


# ---------------------------------------------------------------- levels


def levels(draw: st.DrawFn, rates: Rates, side: str, sizes: Sequence[str]) -> Sequence[Level]:
    """List levels of the "bid" or "ask" side, on few prices, so that they collide."""
    ticks, odd_prices = (BID_TICKS, LOW_PRICES) if side == "bid" else (ASK_TICKS, HIGH_PRICES)
    plain = [(write_tick(tick), size) for tick in ticks for size in sizes]
    prices = [*odd_prices, *map(write_long, ticks), *map(write_tick, ticks)]
    odd = st.tuples(st.sampled_from(prices), st.sampled_from((*ODD_SIZES, *sizes)))
    crossing = st.tuples(st.sampled_from([*map(write_tick, range(14))]), st.sampled_from(sizes))
    return table(draw, table(draw, plain, rates.number, odd), rates.crossing, crossing)


def write_tick(tick: int) -> str:
    """Write 100.0 + tick / 10, every other price as linear pads it, the rest as spot strips it."""
    whole, tenth = divmod(1000 + tick, 10)
    return f"{whole}.{tenth}0" if tick % 2 else f"{whole}.{tenth}".removesuffix(".0")


def write_long(tick: int) -> str:
    """Write the same float64 in another way."""
    tenths = 1000 + tick
    digits = str(tenths * 10**30 - 1)  # 1e-31 below
    forms = (
        f"00{tenths // 10}.{tenths % 10}",
        f"{tenths // 10}.{tenths % 10}{'0' * 40}",
        f"{tenths // 10}.{tenths % 10}{'0' * 25}1",
        f"{digits[:-31]}.{digits[-31:]}",
    )
    return forms[tick % len(forms)]


# ---------------------------------------------------------------- styles


@st.composite
def styles(draw: st.DrawFn) -> Style:
    """Draw a way to write a line that does not change what it means."""
    part = draw(st.sampled_from(("spot", "orders", "keys", "space", "escapes", "missing", "all")))
    style = Style(order=SPOT_ORDER) if part in ("spot", "all") else Style()
    if part in ("orders", "all"):
        order = tuple(draw(st.permutations(LINEAR_ORDER)))
        style = replace(style, order=order, data_order=tuple(draw(st.permutations(DATA_ORDER))))
    if part in ("keys", "all"):
        style = replace(
            style,
            before=draw(pairs_of(EARLIER_ROOT_PAIRS)),
            after=draw(pairs_of(LATER_ROOT_PAIRS)),
            data_before=draw(pairs_of(EARLIER_DATA_PAIRS)),
            data_after=draw(pairs_of(LATER_DATA_PAIRS)),
        )
    if part in ("space", "all"):
        style = replace(style, space=draw(st.sampled_from((" ", "\t", "\r", " \t \r "))))
    if part in ("escapes", "all"):
        style = replace(style, escapes=draw(st.sampled_from((-1, 1, 2, 5))))
    if part in ("missing", "all"):
        keys = st.sampled_from(("cts", "seq", "topic", "s"))
        style = replace(style, missing=tuple(draw(st.lists(keys, max_size=4))))
    return style


def pairs_of(pairs: Pairs) -> st.SearchStrategy[Pairs]:
    """Draw up to two (key, raw value) pairs."""
    return st.lists(st.sampled_from(pairs), max_size=2).map(tuple)
