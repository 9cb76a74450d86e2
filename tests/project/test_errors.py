"""One tree of exceptions; each one survives pickling and names its place."""

from __future__ import annotations

import pickle
import re

import pytest

from quantgod import errors
from quantgod.errors import ArchiveError, DamagedArchiveError, L2Error, SettingsError
from quantgod.settings.values import PROJECT_ROOT
from tests.support.faults import PAGE, Fault, faults, raised_for


def all_errors(error: type[L2Error] = L2Error) -> list[type[L2Error]]:
    """List the classes of the tree that its module defines."""
    below = [name for child in error.__subclasses__() for name in all_errors(child)]
    return [each for each in (error, *below) if each.__module__ == errors.__name__]


def drawn_tree() -> dict[str, str]:
    """Read the tree on the page: parent by class."""
    parents: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for found in re.finditer(r"^([ │├└─]*)(\w+Error)\b", PAGE.read_text(), re.MULTILINE):
        depth, name = len(found[1]), found[2]
        path = [(at, each) for at, each in path if at < depth]
        parents[name] = path[-1][1] if path else ""
        path.append((depth, name))
    return parents


def test_the_tree_is_drawn_as_it_is() -> None:
    """The page shows every class, below its parent."""
    first, *others = all_errors()
    actual = {error.__name__: error.__mro__[1].__name__ for error in others}
    assert drawn_tree() == {first.__name__: ""} | actual
    assert len(actual) >= 10


@pytest.mark.parametrize("error", all_errors())
def test_errors_survive_pickling(error: type[L2Error]) -> None:
    """With message, fields and type: otherwise a worker's error would hide the original one."""
    is_of_archive = issubclass(error, ArchiveError)
    given = error("why", "a/b.zip", "c.data", 7) if is_of_archive else error("why, and what to do")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(given, protocol))  # noqa: S301 - our own
        assert type(back) is error
        assert (str(back), back.args, vars(back)) == (str(given), given.args, vars(given))


@pytest.mark.parametrize("error", [each for each in all_errors() if issubclass(each, ArchiveError)])
def test_an_archives_error_says_where(error: type[ArchiveError]) -> None:
    """As far as it is known."""
    assert str(error("why")) == "why"
    assert str(error("why", "a.zip")) == "why (a.zip)"
    assert str(error("why", "a.zip", "b.data")) == "why (a.zip, member b.data)"
    assert str(error("why", "a.zip", "b.data", 7)) == "why (a.zip, member b.data, line 7)"
    assert str(error("why", line=7)) == "why (line 7)"
    assert str(error("why", "a.zip", "", 0)) == "why (a.zip, member , line 0)"
    given = error("why", "a.zip", "b.data", 7)
    assert (given.reason, given.archive, given.member, given.line) == ("why", "a.zip", "b.data", 7)


def test_a_place_may_be_added_later() -> None:
    """A parser knows the line; only its caller knows the archive."""
    found = DamagedArchiveError("why", line=7)
    placed = type(found)(found.reason, "a.zip", "b.data", found.line)
    assert str(placed) == "why (a.zip, member b.data, line 7)"


def test_a_wrong_setting_is_a_value_error() -> None:
    """Callers expect the built-in too."""
    assert issubclass(SettingsError, ValueError)


# ---------------------------------------------------------------- docs/faults.md


@pytest.mark.parametrize("fault", faults().values(), ids=lambda fault: fault.name)
def test_every_fault_has_its_test(fault: Fault) -> None:
    """The function exists, and its file contains the fault's name."""
    text = (PROJECT_ROOT / fault.file).read_text()
    assert f"def {fault.test}(" in text
    assert f'"{fault.name}"' in text
    assert fault.says


def test_every_error_is_documented() -> None:
    """Each class except the root, with faults listed on the page."""
    assert set(raised_for()) == {error.__name__ for error in all_errors()} - {"L2Error"}
    summaries = {"SettingsError", "ScalerError", "RunFailedError"}
    named = [
        fault for name, listed in raised_for().items() if name not in summaries for fault in listed
    ]
    assert set(named) <= set(faults())
