"""Small disks that tests fill: a file system in memory, mounted for one test."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Disk:
    """A mounted file system."""

    path: Path

    def grow(self) -> None:
        """Enlarge it until everything fits."""
        _mount("-o", "remount,size=256m", str(self.path))


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Disk]:
    """Mount a disk of a size (``64k``) at a path; skip the test where mounting is not permitted."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path))
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)  # noqa: S607 - the system's


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)  # noqa: S607 - the system's
