"""A stage's values are available while it runs; afterwards no handle holds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasks.stage import Handle, on_handles, releasing


def spread(ask: float, bid: float = 1.0, *, scale: int = 1) -> float:
    """A function with a default and a keyword."""
    if scale == 0:
        raise ValueError("scale 0")
    return (ask - bid) * scale


class Keeper:
    """A runner that keeps all parameters and results, as Prefect does, and can retry."""

    def __init__(self, function: Callable[..., Any], tries: int = 1) -> None:
        self.kept: list[Handle[Any]] = []
        self._run = on_handles(function)
        self._tries = tries

    def __call__(self, **parameters: Handle[Any]) -> Handle[Any]:
        self.kept += parameters.values()
        for left in reversed(range(self._tries)):
            try:
                result = self._run(**parameters)
            except ValueError:
                if not left:
                    raise
        self.kept.append(result)
        return result


def test_a_call_returns_the_result_and_releases_all_handles() -> None:
    run = Keeper(spread)
    assert releasing(run, spread)(3.0, scale=2) == 4.0
    assert [handle.get() for handle in run.kept] == [None] * 4


def test_a_call_that_fails_releases_all_handles() -> None:
    run = Keeper(spread)
    with pytest.raises(ValueError, match="scale 0"):
        releasing(run, spread)(3.0, scale=0)
    assert [handle.get() for handle in run.kept] == [None] * 3


def test_a_retry_gets_the_same_values() -> None:
    seen: list[tuple[float, float]] = []

    def fails_once(ask: float, bid: float) -> float:
        seen.append((ask, bid))
        if len(seen) == 1:
            raise ValueError("a fault")
        return ask - bid

    assert releasing(Keeper(fails_once, tries=2), fails_once)(3.0, bid=1.0) == 2.0
    assert seen == [(3.0, 1.0), (3.0, 1.0)]


def test_a_wrong_call_is_refused_before_there_are_handles() -> None:
    run = Keeper(spread)
    with pytest.raises(TypeError, match="ask"):
        releasing(run, spread)(bid=1.0)  # type: ignore[call-arg]
    assert run.kept == []


def test_a_handle_formats_as_its_value() -> None:
    assert f"sample {Handle('BTCUSDT 00:00')}" == "sample BTCUSDT 00:00"
