"""How many examples a property test tries under the loaded Hypothesis profile."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

PLAIN = 100  # Hypothesis's default, which the `project` profile keeps


def examples(number: int, **more: Any) -> settings:
    """Try `number` examples; under the `fuzz` profile, scale them with that profile's number."""
    return settings(max_examples=number * settings().max_examples // PLAIN, **more)
