"""One side of the book equals a dict: on the ladder, off it, and in between."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.orderbook.book.ladder import RUNGS
from quantgod.orderbook.book.side import CLIMBS, levels_of, make_side
from tests.support.effort import examples
from tests.support.side_model import NOTHING, Held, columns, replace_levels, set_levels
from tests.support.side_walks import PRICES, QUIET_STEPS, STEPS, Walk, walk
from tests.support.stream_parts import Roll


@examples(400)
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
    """§2: levels in listed order, at any prices: the ladder never shows in the contents."""
    held = Held(sign, rungs)
    walk(held, Walk(Roll(block), PRICES[prices], spread, outliers), steps=22)


@pytest.fixture(scope="module")
def paths() -> Counter[str]:
    """Count the paths of one long fixed walk over prices of every kind."""
    random, paths = np.random.default_rng(2024), Counter[str]()
    for name in PRICES:
        for rungs, sign, spread in ((64, 1.0, 10), (64, -1.0, 25), (128, 1.0, 25), (128, -1.0, 60)):
            for kinds in (STEPS, STEPS, QUIET_STEPS):
                held = Held(sign, rungs)
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
    """On the ladder, off it for each reason, up and down again; else these tests prove nothing."""
    assert paths[path] >= least, dict(paths)


def test_prices_beyond_the_ladder_are_never_on_it(paths: Counter[str]) -> None:
    assert not [path for path in paths if "rungs, stays on" in path]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("drift", [1, -1])
def test_a_side_may_wander_off_its_ladder(sign: float, drift: int) -> None:
    """Tick by tick, over many ladder lengths; each climb puts its middle on the ladder's middle.

    So it is rarely off: a way of half a ladder's length, less half of its own, is left to it.
    """
    held = Held(sign, 64)
    held.replace_all([((50_000 + k) / 10, 1.0 + k) for k in range(20)])
    for step in range(600):
        first, last = 50_000 + drift * step, 50_000 + drift * step + 19
        if drift < 0:
            first, last = 50_019 - step, 50_000 - step
        held.set_all([(first / 10, 0.0), ((last + drift) / 10, 5.0 + step)])
        held.read(20)
        assert held.state.on_ladder
    ways = CLIMBS - 1 - int(held.state.climbs_left)
    assert 600 // 32 <= ways <= 600 // 16
    held.close()


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("far", [-400.0, 400.0])
def test_nothing_stays_on_a_ladder_that_is_left(sign: float, far: float) -> None:
    """Also where a delete found nothing, far from all levels; a later level there is found."""
    for size in (0.0, 3.0):
        held = Held(sign, 1024)
        held.replace_all([(1000.0, 1.0), (1001.0, 2.0)])
        held.set_all([(1000.0 + far, size)])
        assert held.state.on_ladder
        held.read(5)
        held.set_all([(1000.0 + far, 0.0)])
        held.read(5)
        held.close()  # asserts that the ladder is clear


def test_a_side_that_never_fits_is_not_tried_for_ever() -> None:
    """A snapshot renews the number of attempts, and so does a window."""
    held = Held(1.0, 64)
    for _ in range(2):
        held.replace_all([(1.0, 1.0), (2.0, 1.0), (1000.0, 1.0)])
        for step in range(CLIMBS + 5):
            assert held.state.climbs_left == max(CLIMBS - 1 - step, 0)
            held.set_all([(3.0, 1.0 + step)])
            assert held.state.on_ladder == 0
        for price in (1000.0, 4.0, 4.0):  # it would fit now
            held.set_all([(price, 0.0 if price == 1000.0 else 1.0)])
            assert held.state.on_ladder == 0
    held.replace_all(held.best())
    assert (held.state.climbs_left, held.state.on_ladder) == (CLIMBS - 1, 1)
    for levels in ([], [(4.0, 2.0)], [(4.0, 0.0)]):
        held.set_all(levels)
        assert (held.state.climbs_left, held.state.on_ladder) == (CLIMBS - 1, 1)
    held.reopen()
    assert (held.state.climbs_left, held.state.on_ladder) == (CLIMBS, 0)
    held.set_all([])
    assert held.state.climbs_left == CLIMBS
    held.set_all([(4.0, 2.0)])
    assert (held.state.climbs_left, held.state.on_ladder) == (CLIMBS - 1, 1)


def test_nothing_is_written_after_the_levels() -> None:
    """A side has room for the levels that a window brings, and for no more."""
    for rungs in (64, RUNGS):
        side = make_side(np.array([1.0, 2.0]), np.array([7.0, 8.0]), 3, rungs)
        assert (len(side.prices), len(side.sizes), len(side.ladder.prices)) == (5, 5, rungs)
        set_levels(side, 1.0, *columns([(3.0, 1.0), (4.0, 1.0), (5.0, 1.0)]), 0, 3)
        levels_of(side)
        assert side.prices.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
        assert side.sizes.tolist() == [7.0, 8.0, 1.0, 1.0, 1.0]


def test_only_the_given_range_of_levels_is_applied() -> None:
    """`first : last` of a message's columns, for either side."""
    price, size = columns([(9.0, 9.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (8.0, 8.0)])
    for sign in (1.0, -1.0):
        side = make_side(NOTHING, NOTHING, 50, 64)
        assert set_levels(side, sign, price, size, 1, 3) == 0
        assert set_levels(side, sign, price, size, 2, 4) == 0
        keys, sizes = levels_of(side)
        assert sorted((sign * keys).tolist()) == sorted(sizes.tolist()) == [1.0, 2.0, 3.0]
        assert replace_levels(side, sign, price, size, 3, 5) == (4, 3)
        assert sorted(levels_of(side)[1].tolist()) == [3.0, 8.0]
