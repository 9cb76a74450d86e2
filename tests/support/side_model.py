"""One side of the book together with its model, a plain dict of prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quantgod.orderbook.arrays.kernel import kernel
from quantgod.orderbook.arrays.record import values_of
from quantgod.orderbook.book import side as sides
from quantgod.orderbook.book.ladder import Ladder
from quantgod.orderbook.book.side import (
    CLIMBS,
    Side,
    levels_of,
    make_side,
)

Levels = list[tuple[float, float]]  # (price, size)
NOTHING = np.empty(0)
ROOM = 4000  # for the levels of a window


def columns(levels: Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return prices and sizes as a message holds them."""
    return np.array([p for p, _ in levels], float), np.array([s for _, s in levels], float)


# ---------------------------------------------------------------- kernels, as Python can call them


@kernel
def set_levels(side, sign, price, size, first, last):
    return sides.set_levels(side, sign, price, size, first, last)


@kernel
def replace_levels(side, sign, price, size, first, last):
    return sides.replace_levels(side, sign, price, size, first, last)


@kernel
def read_best(side, sign, prices, sizes):
    sides.read_best(side, sign, prices, sizes)


# ---------------------------------------------------------------- a side and its model


@dataclass
class Held:
    """A side, the dict that it must equal, and the paths taken so far."""

    sign: float
    rungs: int
    side: Side = field(init=False)
    model: dict[float, float] = field(default_factory=dict)
    paths: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.side = make_side(NOTHING, NOTHING, ROOM, self.rungs)

    @property
    def state(self) -> Any:
        """Return the side's record by field."""
        return self.side.state[0]

    def set_all(self, levels: Levels) -> None:
        """Apply a delta's levels, and check the number of deletes that found no level."""
        absent = 0
        for price, size in levels:
            absent += size == 0.0 and price not in self.model
            self.model.pop(price, None)
            if size != 0.0:
                self.model[price] = size
        before, scale = values_of(self.side.state), values_of(self.side.ladder.scale)
        found = set_levels(self.side, self.sign, *columns(levels), 0, len(levels))
        assert found == absent
        self.check_count()
        self.paths[self.path(before, scale, levels)] += 1

    def path(self, before: dict[str, int], scale: dict[str, float], levels: Levels) -> str:
        """Name the path of a delta: where the side was before it, and where it is now."""
        is_on, tries = bool(self.state.on_ladder), before["climbs_left"]
        tried = tries - int(self.state.climbs_left)
        assert tried in (0, 1)
        if tried:
            now = "climbs" if is_on else "does not fit"
        elif is_on:
            now = "stays on"
        else:
            now = "no climbs left" if tries == 0 and levels else "nothing to do"
        assert now != "stays on" or before["on_ladder"]
        return f"{self.obstacle(scale, levels)}, {now}" if before["on_ladder"] else now

    def obstacle(self, scale: dict[str, float], levels: Levels) -> str:
        """Name the first obstacle to levels on a ladder of the given scale."""
        for price, _ in levels:
            place = scale["top"] + 0.5 - self.sign * price * scale["per_tick"]
            if not place >= 0.0:
                return "better than all rungs"
            if place >= self.rungs:
                return "worse than all rungs"
        return "inside"

    def replace_all(self, levels: Levels) -> None:
        """Apply a snapshot, and check the comparison with the side before it."""
        new = {}
        for price, size in levels:
            new.pop(price, None)
            if size != 0.0:
                new[price] = size
        union = self.model.keys() | new.keys()
        differing = sum(self.model.get(price) != new.get(price) for price in union)
        was_on = bool(self.state.on_ladder)
        found = replace_levels(self.side, self.sign, *columns(levels), 0, len(levels))
        assert found == (len(union), differing)
        assert self.state.climbs_left == CLIMBS - 1
        self.model = new
        is_on = bool(self.state.on_ladder)
        self.paths[f"snapshot {'on' if was_on else 'off'}, {'on' if is_on else 'off'}"] += 1
        self.check_count()

    def best(self) -> Levels:
        return sorted(self.model.items(), key=lambda level: -self.sign * level[0])

    def check_count(self) -> None:
        assert self.state.levels == len(self.model)

    def read(self, depth: int) -> None:
        """Check the best levels, and the filler after the last one."""
        prices, sizes = np.full(depth, -1.0), np.full(depth, -1.0)
        read_best(self.side, self.sign, prices, sizes)
        expected = self.best()[:depth]
        held = len(expected)
        assert list(zip(prices[:held].tolist(), sizes[:held].tolist(), strict=True)) == expected
        assert np.isnan(prices[held:]).all()
        assert not sizes[held:].any()
        self.paths[f"read {'on' if self.state.on_ladder else 'off'}"] += 1

    def close(self) -> None:
        """Check all levels in sorted form, in arrays that belong to the caller."""
        was_on = bool(self.state.on_ladder)
        keys, sizes = levels_of(self.side)
        assert (
            list(zip((self.sign * keys).tolist(), sizes.tolist(), strict=True))
            == (self.best()[::-1])
        )
        assert (np.diff(keys) > 0).all()
        assert not np.shares_memory(keys, self.side.prices)
        assert not np.shares_memory(sizes, self.side.sizes)
        assert self.state.on_ladder == 0
        assert is_clear(self.side.ladder)
        self.paths[f"close {'on' if was_on else 'off'}"] += 1

    def reopen(self) -> None:
        """Continue in the next window with a new side, which may climb again."""
        self.close()
        keys, sizes = levels_of(self.side)
        self.side = make_side(keys, sizes, ROOM, self.rungs)
        assert self.state.item() == (len(self.model), 0, CLIMBS)


def is_clear(ladder: Ladder) -> bool:
    """Return whether no rung holds a level, or the key of a former one."""
    return not (ladder.prices.any() or ladder.occupied.any())
