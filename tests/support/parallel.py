"""How many processes run the tests: one for named files, one per core for whole folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

MOST = 8  # each may start a Prefect server


def worker_count(config: pytest.Config) -> int:
    """Return how many workers to start; 0 keeps the caller's options, or a single process."""
    option = config.option
    if hasattr(config, "workerinput"):  # a worker itself: it must not start workers
        return 0
    if not config.pluginmanager.hasplugin("xdist") or option.numprocesses is not None:
        return 0
    if hasattr(config, "workerinput"):  # this is a worker, and must not start its own
        return 0
    if option.collectonly or option.usepdb or option.capture == "no":
        return 0
    if names_files(option.file_or_dir):
        return 0
    return min(len(os.sched_getaffinity(0)), MOST)


def names_files(arguments: Sequence[str]) -> bool:
    """Return whether files or tests are named; they run faster than workers start."""
    named = [Path(argument.split("::")[0]) for argument in arguments]
    return bool(named) and all(path.suffix == ".py" for path in named)


def compile_kernels_once() -> None:
    """Compile the kernels of edited sources once, before each worker would do so."""
    from quantgod.orderbook.arrays.kernel import CACHE

    if not CACHE.is_dir():
        command = [sys.executable, "-m", "quantgod.compile_kernels"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
