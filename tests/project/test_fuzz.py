"""The fuzzing command: it counts what it tried, and a failure ends it with its seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fuzz import main

PROPERTY = """
from hypothesis import given, strategies as st

@given(st.integers())
def test_property(number):
    assert {claim}
"""


def write_property(folder: Path, claim: str) -> str:
    """A file with one property test."""
    path = folder / "test_claim.py"
    path.write_text(PROPERTY.format(claim=claim))
    return str(path)


def test_what_passed_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--minutes", "0", write_property(tmp_path, "number == number")]) == 0
    assert "1 rounds  100 examples passed" in capsys.readouterr().out


def test_a_failure_ends_it_and_tells_its_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--minutes", "1", write_property(tmp_path, "number < 100")]) == 1
    told = capsys.readouterr().out
    assert "number=100" in told
    assert "failed with --hypothesis-seed=" in told


def test_no_property_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "test_plain.py"
    path.write_text("def test_plain():\n    assert True\n")
    assert main(["--minutes", "0", str(path)]) != 0
    assert "failed" in capsys.readouterr().out
