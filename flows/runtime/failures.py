"""Failures as values: one archive's error leaves the others running."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from quantgod.errors import L2Error

P = ParamSpec("P")
Result = TypeVar("Result")


def result_or_error(
    function: Callable[P, Result], *args: P.args, **keys: P.kwargs
) -> Result | Exception:
    """Call a function; return its result, or any exception that it raises."""
    try:
        return function(*args, **keys)
    except Exception as error:  # noqa: BLE001 - reported by name, archive and reason
        return error


def reason_of(error: Exception) -> str:
    """Describe an error for a report: our own by its message, others with their type as well."""
    return str(error) if isinstance(error, L2Error) else f"{type(error).__name__}: {error}"
