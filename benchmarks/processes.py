"""Watch a process and all its descendants from outside while they work."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.meter import peak_bytes

_POLL_SECONDS = 0.25
_PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Watched:
    """Time and memory of a process and of its children that it waited for."""

    exit_code: int
    wall: float  # seconds
    cpu: float  # seconds, of the whole tree
    memory: int  # most bytes that one process of the tree held
    peaks: dict[str, int]  # the same by role


def run_watched(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
) -> Watched:
    """Run a program to its end, with its output in a log."""
    with log.open("wb") as output:
        start = perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        watch = PeakWatch(process.pid)
        watch.start()
        # Not process.wait(): only wait4 reports the resources of the whole tree.
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        peaks = watch.finish()
    # A process inherits its parent's peak, so this process must hold little.
    cpu, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10
    return Watched(process.returncode, wall, cpu, memory, peaks)


class PeakWatch(threading.Thread):
    """Samples the memory of each process of a tree at short intervals."""

    def __init__(self, root: int) -> None:
        super().__init__(name="peak-watch", daemon=True)
        self._root = root
        self._peaks: dict[str, int] = {}
        self._over = threading.Event()

    def run(self) -> None:
        """Sample until stopped."""
        while not self._over.wait(_POLL_SECONDS):
            for process in tree(self._root):
                with suppress(OSError):  # it has ended meanwhile
                    role = "flow" if process == self._root else role_of(process)
                    peak = max(self._peaks.get(role, 0), peak_bytes(process))
                    self._peaks[role] = peak

    def finish(self) -> dict[str, int]:
        """Stop, and return the most bytes that one process of each role held."""
        self._over.set()
        self.join()
        return self._peaks


def role_of(process: int) -> str:
    """Return the role of a process in the flow."""
    words = (_PROCESSES / str(process) / "cmdline").read_bytes()
    if b"flows.runtime.temporary_server" in words:
        return "server"
    return "worker" if b"spawn_main" in words else "other"


def tree(root: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for folder in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(folder.name))
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield process
        waiting += children.get(process, [])
