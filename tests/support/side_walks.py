"""Walks of random steps over prices of every kind, for a side and its model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.support.side_model import Held, Levels
from tests.support.stream_parts import Roll

ULP = float(np.spacing(100.0))
PRICES: dict[str, Callable[[int], float]] = {
    "tenths": lambda k: (100_000 + k) / 10,
    "hundredths": lambda k: (6_511_420 + k) / 100,
    "small ticks": lambda k: (5_000 + k) / 10**8,
    "sums": lambda k: 100.0 + k * 0.1,  # not the float64 nearest to a tenth
    "wholes": lambda k: 5000.0 + k,
    "off any tick": lambda k: 1000.0 + k + ((k * 2_654_435_761) % 997) / 1000,
    "two ticks": lambda k: (100_000 + (k if k % 4 else k + 0.5)) / 10,
    "thirds": lambda k: 5000.0 + k / 3 + (k % 3 == 1) / 7,
    "1 ulp": lambda k: 100.0 + k * ULP,
    "1 ulp and more": lambda k: 100.0 + (k // 3) * 1000 * ULP + (k % 3) * ULP,
    "wide": lambda k: 1.5 ** min(max(k, -400), 400),
    "least": lambda k: (50_000 + k) * 5e-324,
    "tiny": lambda k: (1000 + k) * 1e-300 if k > -1000 else 1e-305,
    "huge": lambda k: (1000 + k) * 1e300 if k > -1000 else 1e299,
    "greatest": lambda k: (170_000_000 + min(k, 9_000_000)) * 1e300,
    "any": lambda k: (1e-300, 1e300, 5e-324, 1.7e308, 1.0, 1.0 + 2**-52, 1e-8)[k % 7] * (1 + k % 5),
}  # fmt: skip
FAR = (-5_000, 5_000, -200, 200, 70, -70, 40, -40)
SIZES = (1.0, 0.0, 2.5, 0.0, 0.001, 5e-324, 1e300, 0.0)
QUIET_STEPS = ("delta",) * 5 + ("empty", "read", "wander")
STEPS = ("delta",) * 12 + ("snapshot", "empty", "read", "read", "close", "reopen", "wander")


@dataclass
class Walk:
    """Parameters from which a run of changes is drawn."""

    roll: Roll
    price: Callable[[int], float]
    spread: int  # how far a usual level is from the centre
    outliers: int  # in a hundred
    centre: int = 0
    drift: int = 0

    def levels(self, fewest: int, most: int) -> Levels:
        """Draw levels around the centre; one level may be deleted twice, or set and deleted."""
        return [(self.one(), self.roll.pick(SIZES)) for _ in range(self.pick(fewest, most))]

    def one(self) -> float:
        far = self.roll.pick(FAR) if self.pick(0, 99) < self.outliers else 0
        return max(self.price(self.centre + far + self.pick(-self.spread, self.spread)), 5e-324)

    def pick(self, least: int, greatest: int) -> int:
        return self.roll.pick(range(least, greatest + 1))


def walk(held: Held, walk: Walk, steps: int, kinds: Sequence[str] = STEPS) -> None:
    """Change a side step by step; compare its contents and counts with the model after each."""
    for _ in range(steps):
        step = walk.roll.pick(kinds)
        walk.centre += walk.drift
        if step == "delta":
            held.set_all(walk.levels(0, 6))
        elif step == "snapshot":
            held.replace_all(walk.levels(0, 12))
        elif step == "empty":
            prices = list(held.model)
            held.set_all([(price, 0.0) for price in prices])
            held.read(3)
            held.set_all(walk.levels(1, 8))
        elif step == "read":
            held.read(walk.roll.pick((1, 2, 5, 40)))
        elif step == "close":
            held.close()
        elif step == "reopen":
            held.reopen()
        else:
            walk.drift = walk.pick(-3, 3)
    held.read(100)
    held.close()
