"""The jobs of a round: each contender, its archives and its options."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.archives import (
    BUSY,
    DAYS,
    DEEP,
    DEEP_PART,
    IN_DIALECTS,
    PART_DAYS,
    QUIET,
    SPOT,
    WARM_UP,
    WARM_UPS,
    path_of,
)
from benchmarks.contender import PARSERS

READ_AHEAD = ("--read-ahead",)
FINE = ("--interval-ms", "100")
WHOLE_DAYS = (QUIET, BUSY, DEEP, SPOT)
SIZES = (*PART_DAYS, BUSY)  # one stream at growing lengths


@dataclass(frozen=True)
class Job:
    """One contender's run, in a separate process."""

    part: str
    contender: str
    archives: tuple[str, ...]
    options: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The contender and its options, as on its command line."""
        return " ".join((self.contender, *self.options))

    @property
    def archive(self) -> str:
        """The name of its archives."""
        return archive_label(self.archives)

    @property
    def warm_up(self) -> str:
        """The small archive of the same dialect for warming up."""
        return WARM_UPS.get(self.archives[0], WARM_UP)

    def command(self, *, quick: bool) -> list[str]:
        """Return the command line."""
        paths = [str(path_of(name, quick=quick)) for name in self.archives]
        if self.contender == "flow":
            return [sys.executable, "-m", "benchmarks.flow", *paths, *self.options]
        warm_up = str(path_of(self.warm_up, quick=quick))
        words = [self.contender, *paths, "--warm-up", warm_up, *self.options]
        return [sys.executable, "-m", "benchmarks.contender", *words]


def archive_label(names: tuple[str, ...]) -> str:
    """Return the name that tables give to one archive, or to several days of one market."""
    return names[0] if len(names) == 1 else f"{len(names)} days of {names[0]}"


def workers(count: int) -> tuple[str, ...]:
    """Return the flow's option for a number of workers."""
    return ("--workers", str(count))


def _each(part: str, names: tuple[str, ...], options: tuple[str, ...] = ()) -> list[Job]:
    """Return the jobs of the contender that gives a part its name, one per archive."""
    return [Job(part, part, (name,), options) for name in names]


PARTS: dict[str, list[Job]] = {
    "inflate": _each("inflate", (*WHOLE_DAYS, *PART_DAYS)),
    "core": [
        *_each("core", (*WHOLE_DAYS, *PART_DAYS)),
        *_each("core", (*WHOLE_DAYS, *PART_DAYS), READ_AHEAD),
        *_each("core", (DEEP, DEEP_PART), FINE),
    ],
    "plain": _each("plain", (PART_DAYS[0], BUSY)),
    "dialects": [
        *(Job("dialects", "messages", (name,)) for name in IN_DIALECTS),
        *(Job("dialects", "core", (name,)) for name in IN_DIALECTS),
    ],
    "parsers": [Job("parsers", name, (BUSY,)) for name in PARSERS],
    "flow": [
        Job("flow", "flow", (PART_DAYS[0],), workers(1)),
        Job("flow", "flow", (BUSY,), workers(1)),
        Job("flow", "flow", DAYS, workers(1)),
        Job("flow", "flow", DAYS, workers(2)),
        Job("flow", "flow", DAYS, (*workers(1), *READ_AHEAD)),
        Job("flow", "flow", (DEEP,), (*workers(1), *FINE)),
    ],
}


def jobs_of(parts: Collection[str]) -> list[Job]:
    """Return the jobs of some parts, in the order in which a round runs them."""
    found = [job for part, jobs in PARTS.items() if part in parts for job in jobs]
    return [job for job in found if not is_library_missing(job.contender)]


def is_library_missing(contender: str) -> bool:
    """Return whether a contender needs a library that is not installed."""
    return contender in PARSERS and find_spec(PARSERS[contender]) is None
