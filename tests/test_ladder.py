"""One side of the book: on the ladder, off it and on the way, it is what a dict would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderbook import ladder as ladders
from orderbook import side as sides
from orderbook.book import OrderBook
from orderbook.counts import Counts
from orderbook.formats import bybit
from orderbook.kernel import kernel
from orderbook.ladder import PER_TICK, RUNGS, TOP, Ladder, make_ladder
from orderbook.messages import Cursor
from orderbook.sampling import Samples, take_samples
from orderbook.side import CLIMBS, CLIMBS_LEFT, COUNT, ON_LADDER, Side, levels_of, make_side
from orderbook.synthetic.spec import StreamSpec
from orderbook.synthetic.streams import generate_text
from tests import streams
from tests.core import MemoryText, cut_day, rule_of
from tests.stream_parts import Roll
from tests.stream_plans import NOON
from tests.streams import DAY, TYPICAL, Case
from tests.twin import TwinSettings

Levels = list[tuple[float, float]]  # (price, size)

NOTHING = np.empty(0)


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


@kernel
def fill_ladder(ladder, keys, sizes, count):
    return ladders.fill_ladder(ladder, keys, sizes, count)


@kernel
def read_ladder(ladder, count, sign, prices, sizes):
    ladders.read_ladder(ladder, count, sign, prices, sizes)


@kernel
def clear_ladder(ladder):
    ladders.clear_ladder(ladder)


# ---------------------------------------------------------------- a side and its model


@dataclass
class Held:
    """A side, beside the dict that says what it must be; and which paths were taken."""

    sign: float
    rungs: int
    room: int
    side: Side = field(init=False)
    model: dict[float, float] = field(default_factory=dict)
    paths: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.side = make_side(NOTHING, NOTHING, self.room, self.rungs)

    def set_all(self, levels: Levels) -> None:
        """Apply a delta's levels, and hold the number of deletes that found nothing."""
        absent = 0
        for price, size in levels:
            absent += size == 0.0 and price not in self.model
            self.model.pop(price, None)
            if size != 0.0:
                self.model[price] = size
        before, scale = self.side.state.tolist(), self.side.ladder.scale.tolist()
        found = set_levels(self.side, self.sign, *columns(levels), 0, len(levels))
        assert found == absent
        self.check_count()
        self.paths[self.path(before, scale, levels)] += 1

    def path(self, before: list[int], scale: list[float], levels: Levels) -> str:
        """Name the way that a delta went: where the side stood, and where it stands now."""
        is_on, tries = bool(self.side.state[ON_LADDER]), before[CLIMBS_LEFT]
        tried = tries - int(self.side.state[CLIMBS_LEFT])
        assert tried in (0, 1)
        if tried:
            now = "climbs" if is_on else "does not fit"
        elif is_on:
            now = "stays on"
        else:
            now = "no climbs left" if tries == 0 and levels else "nothing to do"
        assert now != "stays on" or before[ON_LADDER]
        return f"{self.obstacle(scale, levels)}, {now}" if before[ON_LADDER] else now

    def obstacle(self, scale: list[float], levels: Levels) -> str:
        """Name the first thing that was in the way of levels on a ladder of the given scale."""
        for price, _ in levels:
            place = scale[TOP] + 0.5 - self.sign * price * scale[PER_TICK]
            if not place >= 0.0:
                return "better than all rungs"
            if place >= self.rungs:
                return "worse than all rungs"
        return "inside"

    def replace_all(self, levels: Levels) -> None:
        """Apply a snapshot, and hold the comparison with the side before it."""
        new = {}
        for price, size in levels:
            new.pop(price, None)
            if size != 0.0:
                new[price] = size
        union = self.model.keys() | new.keys()
        differing = sum(self.model.get(price) != new.get(price) for price in union)
        was_on = bool(self.side.state[ON_LADDER])
        found = replace_levels(self.side, self.sign, *columns(levels), 0, len(levels))
        assert found == (len(union), differing)
        assert self.side.state[CLIMBS_LEFT] == CLIMBS - 1
        self.model = new
        is_on = bool(self.side.state[ON_LADDER])
        self.paths[f"snapshot {'on' if was_on else 'off'}, {'on' if is_on else 'off'}"] += 1
        self.check_count()

    def best(self) -> Levels:
        return sorted(self.model.items(), key=lambda level: -self.sign * level[0])

    def check_count(self) -> None:
        assert self.side.state[COUNT] == len(self.model)

    def read(self, depth: int) -> None:
        """Hold the best levels, and what stands where there are no more."""
        prices, sizes = np.full(depth, -1.0), np.full(depth, -1.0)
        read_best(self.side, self.sign, prices, sizes)
        expected = self.best()[:depth]
        held = len(expected)
        assert list(zip(prices[:held].tolist(), sizes[:held].tolist(), strict=True)) == expected
        assert np.isnan(prices[held:]).all()
        assert not sizes[held:].any()
        self.paths[f"read {'on' if self.side.state[ON_LADDER] else 'off'}"] += 1

    def close(self) -> None:
        """Hold all levels in their sorted form, in arrays that are the caller's."""
        was_on = bool(self.side.state[ON_LADDER])
        keys, sizes = levels_of(self.side)
        assert (
            list(zip((self.sign * keys).tolist(), sizes.tolist(), strict=True))
            == (self.best()[::-1])
        )
        assert (np.diff(keys) > 0).all()
        assert not np.shares_memory(keys, self.side.keys)
        assert not np.shares_memory(sizes, self.side.sizes)
        assert self.side.state[ON_LADDER] == 0
        assert is_clear(self.side.ladder)
        self.paths[f"close {'on' if was_on else 'off'}"] += 1

    def reopen(self) -> None:
        """Go on in the next window: the side anew, with climbs to take."""
        self.close()
        keys, sizes = levels_of(self.side)
        self.side = make_side(keys, sizes, self.room, self.rungs)
        assert self.side.state.tolist() == [len(self.model), 0, CLIMBS]


def is_clear(ladder: Ladder) -> bool:
    """Whether no rung has a level, or the key of one that it had."""
    return not (ladder.keys.any() or ladder.occupied.any())


# ---------------------------------------------------------------- prices

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
    """What a run of changes is drawn from."""

    roll: Roll
    price: Callable[[int], float]
    spread: int  # how far from its centre a usual level lies
    outliers: int  # in a hundred
    centre: int = 0
    drift: int = 0

    def levels(self, fewest: int, most: int) -> Levels:
        """Draw levels around the centre; one that is deleted twice, or set and deleted, too."""
        return [(self.one(), self.roll.pick(SIZES)) for _ in range(self.pick(fewest, most))]

    def one(self) -> float:
        far = self.roll.pick(FAR) if self.pick(0, 99) < self.outliers else 0
        return max(self.price(self.centre + far + self.pick(-self.spread, self.spread)), 5e-324)

    def pick(self, least: int, greatest: int) -> int:
        return self.roll.pick(range(least, greatest + 1))


def walk(held: Held, walk: Walk, steps: int, kinds: Sequence[str] = STEPS) -> None:
    """Change a side step by step; what it holds and counts is held to the model at each."""
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


ROOM = 4000


@settings(max_examples=400)
@given(
    st.binary(min_size=1600, max_size=1600),
    st.sampled_from(sorted(PRICES)),
    st.sampled_from((3, 10, 25, 60)),
    st.sampled_from((64, 128)),
    st.sampled_from((1.0, -1.0)),
    st.sampled_from((0, 2, 20)),
)
def test_a_side_is_a_dict_of_prices(
    block: bytes, prices: str, spread: int, rungs: int, sign: float, outliers: int
) -> None:
    """§2: levels in listed order, by any prices: the ladder never shows in what is held."""
    held = Held(sign, rungs, ROOM)
    walk(held, Walk(Roll(block), PRICES[prices], spread, outliers), steps=22)


@pytest.fixture(scope="module")
def paths() -> Counter[str]:
    """One long fixed walk over every kind of prices, and how often it went which way."""
    random, paths = np.random.default_rng(2024), Counter[str]()
    for name in PRICES:
        for rungs, sign, spread in ((64, 1.0, 10), (64, -1.0, 25), (128, 1.0, 25), (128, -1.0, 60)):
            for kinds in (STEPS, STEPS, QUIET_STEPS):
                held = Held(sign, rungs, ROOM)
                roll = Roll(random.bytes(24_000))
                walk(held, Walk(roll, PRICES[name], spread, 3), 220, kinds)
                paths += held.paths
    return paths


LEAST = {
    "inside, stays on": 5000,
    "inside, climbs": 150,
    "inside, does not fit": 50,
    "inside, no climbs left": 5,
    "better than all rungs, climbs": 100,
    "better than all rungs, does not fit": 100,
    "worse than all rungs, climbs": 100,
    "worse than all rungs, does not fit": 100,
    "climbs": 1000,
    "does not fit": 2000,
    "no climbs left": 2000,
    "nothing to do": 300,
    "snapshot on, on": 50,
    "snapshot on, off": 50,
    "snapshot off, on": 50,
    "snapshot off, off": 50,
    "read on": 300,
    "read off": 300,
    "close on": 100,
    "close off": 100,
}


@pytest.mark.parametrize(("path", "least"), LEAST.items())
def test_every_path_is_taken(paths: Counter[str], path: str, least: int) -> None:
    """On the ladder, off it for each reason, up and down again: or nothing here is a test."""
    assert paths[path] >= least, dict(paths)


def test_what_lies_beyond_the_ladder_is_never_on_it(paths: Counter[str]) -> None:
    assert not [path for path in paths if "rungs, stays on" in path]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("drift", [1, -1])
def test_a_side_may_wander_off_its_ladder(sign: float, drift: int) -> None:
    """Tick by tick, over many ladders' lengths; each time it climbs with its middle in the middle.

    So it is rarely off: a way of half a ladder's length, less half of its own, is left to it.
    """
    held = Held(sign, 64, ROOM)
    held.replace_all([((50_000 + k) / 10, 1.0 + k) for k in range(20)])
    for step in range(600):
        first, last = 50_000 + drift * step, 50_000 + drift * step + 19
        if drift < 0:
            first, last = 50_019 - step, 50_000 - step
        held.set_all([(first / 10, 0.0), ((last + drift) / 10, 5.0 + step)])
        held.read(20)
        assert held.side.state[ON_LADDER]
    ways = CLIMBS - 1 - int(held.side.state[CLIMBS_LEFT])
    assert 600 // 32 <= ways <= 600 // 16
    held.close()


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("far", [-400.0, 400.0])
def test_nothing_stays_on_a_ladder_that_is_left(sign: float, far: float) -> None:
    """Nor where a delete found nothing, far from all levels; a level put there is found again."""
    for size in (0.0, 3.0):
        held = Held(sign, 1024, ROOM)
        held.replace_all([(1000.0, 1.0), (1001.0, 2.0)])
        held.set_all([(1000.0 + far, size)])
        assert held.side.state[ON_LADDER]
        held.read(5)
        held.set_all([(1000.0 + far, 0.0)])
        held.read(5)
        held.close()  # asserts that the ladder is clear


def test_a_side_that_never_fits_is_not_tried_for_ever() -> None:
    """A snapshot renews what it may try, and so does a window."""
    held = Held(1.0, 64, ROOM)
    for _ in range(2):
        held.replace_all([(1.0, 1.0), (2.0, 1.0), (1000.0, 1.0)])
        for step in range(CLIMBS + 5):
            assert held.side.state[CLIMBS_LEFT] == max(CLIMBS - 1 - step, 0)
            held.set_all([(3.0, 1.0 + step)])
            assert held.side.state[ON_LADDER] == 0
        for price in (1000.0, 4.0, 4.0):  # it would fit now
            held.set_all([(price, 0.0 if price == 1000.0 else 1.0)])
            assert held.side.state[ON_LADDER] == 0
    held.replace_all(held.best())
    assert (held.side.state[CLIMBS_LEFT], held.side.state[ON_LADDER]) == (CLIMBS - 1, 1)
    for levels in ([], [(4.0, 2.0)], [(4.0, 0.0)]):
        held.set_all(levels)
        assert (held.side.state[CLIMBS_LEFT], held.side.state[ON_LADDER]) == (CLIMBS - 1, 1)
    held.reopen()
    assert (held.side.state[CLIMBS_LEFT], held.side.state[ON_LADDER]) == (CLIMBS, 0)
    held.set_all([])
    assert held.side.state[CLIMBS_LEFT] == CLIMBS
    held.set_all([(4.0, 2.0)])
    assert (held.side.state[CLIMBS_LEFT], held.side.state[ON_LADDER]) == (CLIMBS - 1, 1)


# ---------------------------------------------------------------- what fits on a ladder


def fill(rungs: int, keys: Sequence[float]) -> tuple[Ladder, bool]:
    """Put keys on a new ladder, each with a size of its own."""
    ladder = make_ladder(rungs)
    fits = fill_ladder(ladder, np.array(keys, float), np.arange(1.0, len(keys) + 1), len(keys))
    return ladder, bool(fits)


@pytest.mark.parametrize("rungs", [64, 128, 1024])
@pytest.mark.parametrize("start", [1.0, 5000.0, -5000.0, -1.0])
def test_half_the_ladder_is_enough_and_no_more(rungs: int, start: float) -> None:
    """From the worst level to the best one: half the rungs; whatever the tick."""
    half = rungs // 2
    for tick in (1.0, 0.25, 2.0**-20, 2.0**40):
        base = start * tick
        for keys in ([0, 1, half], [0, half - 1, half], list(range(half + 1))):
            ladder, fits = fill(rungs, [base + key * tick for key in keys])
            assert fits
            assert ladder.scale[PER_TICK] == 1.0 / tick
        for keys in ([0, 1, half + 1], [0, half, half + 1], list(range(half + 2))):
            ladder, fits = fill(rungs, [base + key * tick for key in keys])
            assert not fits
            assert is_clear(ladder)


def read_all(ladder: Ladder, count: int) -> Levels:
    """Return the best levels of a ladder, as keys."""
    keys, sizes = np.empty(count), np.empty(count)
    read_ladder(ladder, count, 1.0, keys, sizes)
    return list(zip(keys.tolist(), sizes.tolist(), strict=True))


@pytest.mark.parametrize("rungs", [64, 128, 256])
def test_a_filled_ladder_reads_best_first(rungs: int) -> None:
    """And all that is read is what was put there: in the middle of the ladder."""
    for count in range(2, rungs // 2 + 2):
        keys = [50.0 + k for k in range(count)]
        ladder, fits = fill(rungs, keys)
        expected = list(zip(keys, np.arange(1.0, count + 1).tolist(), strict=True))[::-1]
        assert fits
        for depth in (1, count // 2, count, count):
            assert read_all(ladder, depth) == expected[:depth]
        held = np.flatnonzero(ladder.keys).tolist()
        assert held == list(range(held[0], held[0] + count))
        assert abs(held[0] - (rungs - 1 - held[-1])) <= 1
        clear_ladder(ladder)
        assert is_clear(ladder)


@pytest.mark.parametrize("keys", [[], [5.0], [-5.0]])
def test_no_tick_no_ladder(keys: list[float]) -> None:
    ladder, fits = fill(64, keys)
    assert (fits, is_clear(ladder)) == (False, True)


def test_nothing_is_written_behind_the_levels() -> None:
    """A side has room for the levels that a window brings, and not for one more."""
    for rungs in (64, RUNGS):
        side = make_side(np.array([1.0, 2.0]), np.array([7.0, 8.0]), 3, rungs)
        assert (len(side.keys), len(side.sizes), len(side.ladder.keys)) == (5, 5, rungs)
        set_levels(side, 1.0, *columns([(3.0, 1.0), (4.0, 1.0), (5.0, 1.0)]), 0, 3)
        levels_of(side)
        assert side.keys.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
        assert side.sizes.tolist() == [7.0, 8.0, 1.0, 1.0, 1.0]


def test_levels_are_those_that_are_told() -> None:
    """`first : last` of a message's columns, and none beside them; of either side."""
    price, size = columns([(9.0, 9.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (8.0, 8.0)])
    for sign in (1.0, -1.0):
        side = make_side(NOTHING, NOTHING, 50, 64)
        assert set_levels(side, sign, price, size, 1, 3) == 0
        assert set_levels(side, sign, price, size, 2, 4) == 0
        keys, sizes = levels_of(side)
        assert sorted((sign * keys).tolist()) == sorted(sizes.tolist()) == [1.0, 2.0, 3.0]
        assert replace_levels(side, sign, price, size, 3, 5) == (4, 3)
        assert sorted(levels_of(side)[1].tolist()) == [3.0, 8.0]


# ---------------------------------------------------------------- whole streams


def rebuild(
    text: bytes, cuts: list[int], settings: TwinSettings, rungs: int, depth: int | None = None
) -> tuple[list[Samples], OrderBook, Counts]:
    """Sample a text window by window, the sides on ladders of a given length."""
    source, cursor, book, counts = MemoryText(text), Cursor(), OrderBook(), Counts()
    all_samples = []
    for window in cut_day(DAY, cuts):
        parsed = bybit.parse_window(source, cursor, window)
        rule = rule_of(settings, None, depth)
        sampled = take_samples(parsed.messages, parsed.more_inside, book, window, rule, rungs)
        cursor, book, counts = parsed.cursor, sampled.book, counts + sampled.counts
        all_samples.append(sampled.samples)
    return all_samples, book, counts


def bits_of(value: Samples | OrderBook) -> list[object]:
    """Return all that a value holds, to the bit."""
    parts = (getattr(value, part.name) for part in fields(value))
    return [(p.dtype.str, p.shape, p.tobytes()) if isinstance(p, np.ndarray) else p for p in parts]


def assert_rungs_mean_nothing(
    text: bytes, cuts: list[int], settings: TwinSettings, depth: int | None = None
) -> int:
    """Hold small ladders to the long one; returns the number of samples."""
    samples, book, counts = rebuild(text, cuts, settings, RUNGS, depth)
    for rungs in (64, 128):
        other_samples, other_book, other_counts = rebuild(text, cuts, settings, rungs, depth)
        assert other_counts == counts
        assert bits_of(other_book) == bits_of(book)
        assert [*map(bits_of, other_samples)] == [*map(bits_of, samples)]
    return counts.samples


@settings(max_examples=120)
@given(streams.cases(), st.lists(st.integers(-12, 12), max_size=3))
def test_a_ladders_length_never_shows(case: Case, cuts: list[int]) -> None:
    """Samples, book and counts of small odd streams, however they are cut."""
    edges = [NOON + case.settings.bar_interval_ms * cut for cut in cuts]
    assert_rungs_mean_nothing(case.text, edges, case.settings)


@pytest.mark.parametrize(
    "spec",
    [
        StreamSpec("BTCUSDT", "linear", 50, NOON, NOON + 30_000, seed=1),
        StreamSpec("BTCUSDT", "spot", 200, NOON, NOON + 10_000, seed=2, activity="busy"),
        StreamSpec("BTCUSDT", "linear", 10, NOON, NOON + 60_000, seed=3, activity="quiet"),
        StreamSpec("BTCUSDT", "spot", 5, NOON, NOON + 60_000, seed=4, tick_size=0.5),
    ],
    ids=["linear 50", "spot 200", "linear 10", "spot 5"],
)
def test_nor_in_a_generated_market(spec: StreamSpec) -> None:
    """Samples, book and counts of realistic streams; every level is read."""
    text = b"".join(generate_text(spec))
    for cuts in ([], [NOON + 5000, NOON + 20_000]):
        assert assert_rungs_mean_nothing(text, cuts, TYPICAL, spec.depth) > 5
