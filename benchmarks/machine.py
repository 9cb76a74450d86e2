"""Describe the machine and the library versions of a benchmark run."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = (
    "numba", "numpy", "isal", "pyarrow", "prefect", "pandas", "orjson", "msgspec", "polars",
    "duckdb",
)  # fmt: skip


def describe_machine() -> dict[str, str | int | float]:
    """Return the processor, the cores available to this process, and the memory."""
    return {
        "cpu": _found(r"model name\s*:\s*(.+)", "/proc/cpuinfo") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(_found(r"MemTotal:\s*(\d+)", "/proc/meminfo") or 0) / 2**20, 1),
    }


def find_versions() -> dict[str, str]:
    """Return the versions of Python and of the installed libraries that do the work."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _found(pattern: str, file: str) -> str | None:
    """Return the first match in a file."""
    match = re.search(pattern, Path(file).read_text())
    return match[1] if match else None
