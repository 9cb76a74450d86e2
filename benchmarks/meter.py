"""The meter that all contenders run under, and the options that they take."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

Facts = dict[str, Any]  # values that JSON can hold


@dataclass(frozen=True)
class Options:
    """Options that shape the bars, and the way the text is read."""

    interval_ms: int = 1_000  # Δ
    levels: int = 200  # N
    read_ahead: bool = False  # inflate in a separate thread


class Meter:
    """Measures time and memory inside ``with meter``."""

    def __enter__(self) -> None:
        self._peak_before = peak_bytes()
        self._wall, self._cpu = perf_counter(), process_time()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._wall, self._cpu = perf_counter() - self._wall, process_time() - self._cpu
        self._peak = peak_bytes()

    def facts(self) -> Facts:
        """Return seconds on the clock and of all threads, and the peak memory, also before."""
        return {
            "wall": self._wall,
            "cpu": self._cpu,
            "memory": self._peak,
            "memory_before": self._peak_before,
        }


Contender = Callable[[Path, Options, Meter], Facts]


def peak_bytes(process: int | str = "self") -> int:
    """Return the most memory that a process has held so far.

    Not ``ru_maxrss``, which a process inherits from its parent.
    """
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) << 10 if found else 0


@dataclass
class StageClock:
    """Adds up seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(
        self, stage: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a function and add its time to a stage."""
        start = perf_counter()
        result = function(*args, **kwargs)
        self.seconds[stage] = self.seconds.get(stage, 0.0) + perf_counter() - start
        return result

    def timed(self, stage: str, function: Callable[P, R]) -> Callable[P, R]:
        """Return the same function, which adds its time to a stage."""

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return self(stage, function, *args, **kwargs)

        return call
