"""Hypothesis strategies for the parts of a line: levels, and the way to write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
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
    """One block of drawn bytes, read as choices: one draw per message keeps Hypothesis fast.

    Zeros, to which Hypothesis shrinks, choose the first of everything.
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

    def shuffle(self, values: Sequence[T]) -> tuple[T, ...]:
        """Choose an order of `values`."""
        left = list(values)
        return tuple(left.pop(self.pick(range(len(left)))) for _ in values)


@cache
def blocks(picks: int) -> st.SearchStrategy[bytes]:
    """Draw bytes for `picks` picks of a `Roll`."""
    return st.binary(min_size=2 * picks, max_size=2 * picks)


def table(
    draw: st.DrawFn, plain: Sequence[T], rate: int, odd: Callable[[Roll], T], picks: int = 1
) -> Sequence[T]:
    """List `plain` values and, `rate` times in a hundred, one to six of at most `picks` picks."""
    if rate == 0:
        return plain
    roll = Roll(draw(blocks(1 + 6 * picks)))
    palette = [odd(roll) for _ in range(roll.pick(range(1, 7)))]
    body = list(plain) * -(-100 // len(plain))
    odd_count = max(1, len(body) * rate // (100 - rate))
    return [*body, *(palette[i % len(palette)] for i in range(odd_count))]


# ---------------------------------------------------------------- levels


def levels(draw: st.DrawFn, rates: Rates, side: str, sizes: Sequence[str]) -> Sequence[Level]:
    """List levels of the "bid" or "ask" side, on few prices, so that they collide."""
    ticks, odd_prices = (BID_TICKS, LOW_PRICES) if side == "bid" else (ASK_TICKS, HIGH_PRICES)
    plain = [(write_tick(tick), size) for tick in ticks for size in sizes]
    prices = [*odd_prices, *map(write_long, ticks), *map(write_tick, ticks)]
    odd_sizes = (*ODD_SIZES, *sizes)

    def odd(roll: Roll) -> Level:
        return roll.pick(prices), roll.pick(odd_sizes)

    def crossing(roll: Roll) -> Level:
        return write_tick(roll.pick(range(14))), roll.pick(sizes)

    return table(draw, table(draw, plain, rates.number, odd, 2), rates.crossing, crossing, 2)


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


STYLE_PICKS = 30  # at most


def pick_style(roll: Roll) -> Style:
    """Choose a way to write a line that does not change its meaning."""
    part = roll.pick(("spot", "orders", "keys", "space", "escapes", "missing", "all"))
    style = Style(order=SPOT_ORDER) if part in ("spot", "all") else Style()
    if part in ("orders", "all"):
        order, data_order = roll.shuffle(LINEAR_ORDER), roll.shuffle(DATA_ORDER)
        style = replace(style, order=order, data_order=data_order)
    if part in ("keys", "all"):
        style = replace(
            style,
            before=roll.pick_some(EARLIER_ROOT_PAIRS, 0, 2),
            after=roll.pick_some(LATER_ROOT_PAIRS, 0, 2),
            data_before=roll.pick_some(EARLIER_DATA_PAIRS, 0, 2),
            data_after=roll.pick_some(LATER_DATA_PAIRS, 0, 2),
        )
    if part in ("space", "all"):
        style = replace(style, space=roll.pick((" ", "\t", "\r", " \t \r ")))
    if part in ("escapes", "all"):
        style = replace(style, escapes=roll.pick((-1, 1, 2, 5)))
    if part in ("missing", "all"):
        style = replace(style, missing=roll.pick_some(("cts", "seq", "topic", "s"), 0, 4))
    return style
