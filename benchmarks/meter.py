"""What contenders share: the meter that they work under, and what they may be told."""

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

Facts = dict[str, Any]  # as JSON takes them


@dataclass(frozen=True)
class Options:
    """What shapes the bars, and how the text is read."""

    interval_ms: int = 1_000  # Δ
    levels: int = 200  # N
    read_ahead: bool = False  # inflate in a thread of its own


class Meter:
    """Time and memory of what runs inside ``with meter``."""

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
        """Seconds on the clock and of all threads; the process's most memory, and before."""
        return {
            "wall": self._wall,
            "cpu": self._cpu,
            "memory": self._peak,
            "memory_before": self._peak_before,
        }


Contender = Callable[[Path, Options, Meter], Facts]


def peak_bytes(process: int | str = "self") -> int:
    """The most memory that a process has held so far.

    Not ``ru_maxrss``: that one a process inherits from the one that started it.
    """
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) << 10 if found else 0


@dataclass
class StageClock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(
        self, stage: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a function and add the time that it takes to its stage."""
        start = perf_counter()
        result = function(*args, **kwargs)
        self.seconds[stage] = self.seconds.get(stage, 0.0) + perf_counter() - start
        return result

    def timed(self, stage: str, function: Callable[P, R]) -> Callable[P, R]:
        """The same function, which adds its time to a stage."""

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return self(stage, function, *args, **kwargs)

        return call
