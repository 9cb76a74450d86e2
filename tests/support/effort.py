"""How many examples a property test tries in the profile that is loaded."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

PLAIN = 100  # Hypothesis's own number, which the `project` profile keeps


def examples(number: int, **more: Any) -> settings:
    """Try `number` examples; in the `fuzz` profile, in proportion to that profile's number."""
    return settings(max_examples=number * settings().max_examples // PLAIN, **more)
