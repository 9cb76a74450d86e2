"""Values that Prefect sees only while a stage runs, so that no window's arrays outlive it.

Prefect keeps what a task run was given and gave in several places: in the transaction of the task
around it until that ends, and in the context copied with each of its events until the event is
sent, which may be long with a slow server. Held there, windows would pile up without a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Lent(Generic[T]):
    """One value, until it is taken back. Reads as the value in the name of a run."""

    def __init__(self, value: T) -> None:
        self._value: T | None = value

    def __str__(self) -> str:
        return str(self._value)

    def look(self) -> Any:
        """The value; None after it was taken back."""
        return self._value

    def take_back(self) -> Any:
        """The value, which nobody can see in here any more."""
        value, self._value = self._value, None
        return value


def on_loan(function: Callable[..., R]) -> Callable[..., Lent[R]]:
    """The same function of lent values; what it returns is lent, too."""

    @wraps(function)
    def run(**parameters: Lent[Any]) -> Lent[R]:
        return Lent(function(**{name: lent.look() for name, lent in parameters.items()}))

    return run


def lend_to(run: Callable[..., Lent[R]], function: Callable[P, R]) -> Callable[P, R]:
    """A function of plain values that lends them to ``run`` and takes all back, also if it fails.

    Args:
        run: what runs ``on_loan(function)``, once or, if it fails, more often.
        function: gives the signature.
    """
    names = signature(function)

    @wraps(function)
    def call(*args: P.args, **keys: P.kwargs) -> R:
        bound = names.bind(*args, **keys)
        bound.apply_defaults()
        parameters = {name: Lent(value) for name, value in bound.arguments.items()}
        try:
            result: R = run(**parameters).take_back()
        finally:
            for lent in parameters.values():
                lent.take_back()
        return result

    return call
