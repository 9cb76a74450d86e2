"""One archive's failure leaves the others going: its error is a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from quantgod.errors import L2Error

Result = TypeVar("Result")


def outcome_of(call: Callable[[], Result]) -> Result | Exception:
    """What a call returns, or its error as a value: whatever it is, it is one archive's own."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - reported by name, archive and reason
        return error


def reason_of(error: Exception) -> str:
    """An error as a report gives it: ours in their own words, others with their type."""
    return str(error) if isinstance(error, L2Error) else f"{type(error).__name__}: {error}"
