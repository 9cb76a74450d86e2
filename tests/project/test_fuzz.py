"""The fuzz profile, with more and new examples, and a short coverage-guided run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from quantgod.settings.values import PROJECT_ROOT
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


@pytest.mark.slow
def test_the_scanner_reads_texts_that_take_new_branches_as_the_twin_does() -> None:
    """Fifteen seconds, starting where the last run ended; `make fuzz-scanner` takes ten minutes."""
    pytest.importorskip("atheris", reason="no wheel of atheris for this platform")
    command = [sys.executable, "-m", "tests.support.fuzz_scanner", "--minutes", "0.25"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Done " in done.stderr
