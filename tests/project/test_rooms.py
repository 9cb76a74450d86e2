"""Rooms of tests: those of the library need no Prefect."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from quantgod.settings.values import PROJECT_ROOT
from tests.support.parallel import names_files, worker_count

LIBRARY = ("causality", "orderbook", "settings", "storage", "synthetic")
IMPORT_ALL = """
import importlib, sys
sys.modules["prefect"] = None  # importing it raises ImportError
for name in sys.argv[1:]:
    importlib.import_module(name)
wrong = {name.split(".")[0] for name in sys.modules} & {"flows", "tasks"}
assert not wrong, f"imported: {wrong}"
"""


def test_tests_of_the_library_import_no_prefect() -> None:
    """Nor anything built on it: they pass with the library alone installed."""
    paths = [p for room in LIBRARY for p in (PROJECT_ROOT / "tests" / room).glob("test_*.py")]
    assert len(paths) > 40
    names = [".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts) for path in paths]
    command = [sys.executable, "-c", IMPORT_ALL, "tests.conftest", *sorted(names)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], False),
        (["tests/orderbook"], False),
        (["tests/orderbook", "tests/project/test_rooms.py"], False),
        (["tests/project/test_rooms.py"], True),
        (["tests/project/test_rooms.py::test_named_files_run_in_one_process"], True),
    ],
)
def test_named_files_run_in_one_process(arguments: list[str], *, expected: bool) -> None:
    assert names_files(arguments) is expected


def test_a_worker_starts_no_workers(pytestconfig: pytest.Config) -> None:
    """Each would start its own, and so on."""
    pytest.importorskip("xdist")
    options = {"numprocesses": None, "collectonly": False, "usepdb": False, "capture": "fd"}
    option = SimpleNamespace(**options, file_or_dir=["tests"])
    manager = pytestconfig.pluginmanager
    alone = SimpleNamespace(option=option, pluginmanager=manager)
    worker = SimpleNamespace(option=option, pluginmanager=manager, workerinput={})
    assert worker_count(alone) == min(len(os.sched_getaffinity(0)), 8)
    assert worker_count(worker) == 0
