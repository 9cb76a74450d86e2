"""What is lent is there while a stage runs, and nowhere afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasks.lending import Lent, lend_to, on_loan


def spread(ask: float, bid: float = 1.0, *, scale: int = 1) -> float:
    """Something with a default and a keyword."""
    if scale == 0:
        raise ValueError("scale 0")
    return (ask - bid) * scale


class Keeper:
    """A runner that, as Prefect does, keeps all that it is given and gives; it may try twice."""

    def __init__(self, function: Callable[..., Any], tries: int = 1) -> None:
        self.kept: list[Lent[Any]] = []
        self._run = on_loan(function)
        self._tries = tries

    def __call__(self, **parameters: Lent[Any]) -> Lent[Any]:
        self.kept += parameters.values()
        for left in reversed(range(self._tries)):
            try:
                result = self._run(**parameters)
            except ValueError:
                if not left:
                    raise
        self.kept.append(result)
        return result


def test_a_call_gives_what_the_function_gives() -> None:
    run = Keeper(spread)
    assert lend_to(run, spread)(3.0, scale=2) == 4.0
    assert [lent.look() for lent in run.kept] == [None] * 4


def test_all_is_taken_back_from_a_call_that_fails() -> None:
    run = Keeper(spread)
    with pytest.raises(ValueError, match="scale 0"):
        lend_to(run, spread)(3.0, scale=0)
    assert [lent.look() for lent in run.kept] == [None] * 3


def test_the_second_try_is_given_the_same_values() -> None:
    seen: list[tuple[float, float]] = []

    def fails_once(ask: float, bid: float) -> float:
        seen.append((ask, bid))
        if len(seen) == 1:
            raise ValueError("a fault")
        return ask - bid

    assert lend_to(Keeper(fails_once, tries=2), fails_once)(3.0, bid=1.0) == 2.0
    assert seen == [(3.0, 1.0), (3.0, 1.0)]


def test_a_wrong_call_is_refused_before_anything_is_lent() -> None:
    run = Keeper(spread)
    with pytest.raises(TypeError, match="ask"):
        lend_to(run, spread)(bid=1.0)  # type: ignore[call-arg]
    assert run.kept == []


def test_a_lent_value_reads_as_itself_in_a_name() -> None:
    assert f"sample {Lent('BTCUSDT 00:00')}" == "sample BTCUSDT 00:00"
