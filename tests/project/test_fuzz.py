"""The fuzz profile: more examples than the tests ask for, new ones each time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.effort import examples


@pytest.fixture
def _fuzzing() -> Iterator[None]:
    before = settings.get_current_profile_name()
    settings.load_profile("fuzz")
    yield
    settings.load_profile(before)


@pytest.mark.usefixtures("_fuzzing")
def test_fuzzing_tries_ten_times_as_many_examples() -> None:
    """Also in tests that set a number of their own."""
    assert settings().max_examples == 1000
    assert examples(30).max_examples == 300


@pytest.mark.usefixtures("_fuzzing")
def test_fuzzing_draws_new_examples_and_says_how_to_repeat_a_failure() -> None:
    assert not settings().derandomize
    assert settings().print_blob
    assert settings().deadline is None
