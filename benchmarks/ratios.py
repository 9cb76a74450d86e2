"""The comparisons: each ratio within a round, then the median over the rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from statistics import median
from typing import Any

from benchmarks.archives import BUSY, DAYS, DEEP, DEEP_PART, IN_DIALECTS, PART_DAYS
from benchmarks.contender import PARSERS
from benchmarks.jobs import FINE, READ_AHEAD, WHOLE_DAYS, archive_label, workers
from benchmarks.meter import Facts

Key = tuple[str, str]  # contender, archive
Round = Mapping[Key, Mapping[str, Any]]  # the facts of one round's runs
Ratio = Callable[[Round], float]

_AHEAD = " ".join(("core", *READ_AHEAD))
_FINE = " ".join(("core", *FINE))
_ONE_WORKER, _TWO_WORKERS = (" ".join(("flow", *workers(count))) for count in (1, 2))
_DAYS = archive_label(DAYS)

# For each whole day: numerator, denominator, quantities.
_BY_CONTENDER = (
    ("core", "inflate", ("wall", "cpu")),
    (_AHEAD, "inflate", ("wall", "cpu")),
    (_AHEAD, "core", ("wall",)),
    ("plain", "core", ("wall", "cpu", "memory")),
    ("plain", _AHEAD, ("wall",)),
)


def compute_ratios(rounds: Sequence[Round]) -> list[Facts]:
    """Return the median, least and greatest of each ratio that has runs in some round."""
    found = []
    for name, ratio in wanted_ratios():
        values = []
        for each in rounds:
            with suppress(KeyError):  # this round lacks one of the runs
                values.append(ratio(each))
        if values:
            spread = {"median": median(values), "min": min(values), "max": max(values)}
            found.append({"name": name, **spread, "rounds": len(values)})
    return found


def wanted_ratios() -> Iterator[tuple[str, Ratio]]:
    """Yield every ratio with its name."""
    for above, below, quantities in _BY_CONTENDER:
        for archive in WHOLE_DAYS:
            for quantity in quantities:
                name = f"{quantity}: {above} ÷ {below}, {archive}"
                yield name, _quotient(quantity, (above, archive), (below, archive))
    for parser in [name for name in PARSERS if name != "parse-scanner"]:
        name = f"cpu: {parser} ÷ parse-scanner"
        yield name, _quotient("cpu", (parser, BUSY), ("parse-scanner", BUSY))
    bybit, *others = IN_DIALECTS
    for contender, quantity in (("messages", "cpu"), ("core", "cpu"), ("core", "wall")):
        for other in others:
            name = f"{quantity}: {contender}, {other} ÷ {bybit}"
            yield name, _quotient(quantity, (contender, other), (contender, bybit))
    for contender, day, part in (
        ("core", BUSY, PART_DAYS[0]), (_FINE, DEEP, DEEP_PART), ("plain", BUSY, PART_DAYS[0]),
        (_ONE_WORKER, BUSY, PART_DAYS[0]),
    ):  # fmt: skip
        name = f"memory: {contender}, {day} ÷ {part}"
        yield name, _quotient("memory", (contender, day), (contender, part))
    for quantity in ("wall", "run_seconds"):
        name = f"{quantity}: {_ONE_WORKER} ÷ {_TWO_WORKERS}, {_DAYS}"
        yield name, _quotient(quantity, (_ONE_WORKER, _DAYS), (_TWO_WORKERS, _DAYS))
    yield "seconds an archive adds to the flow, 1 worker", _marginal(_ONE_WORKER)
    yield "seconds an archive adds to the flow, 2 workers", _marginal(_TWO_WORKERS)
    yield "the same, 1 worker ÷ 2 workers", _marginal_speedup
    yield "share of it that is Prefect's, 1 worker", prefect_share


def _quotient(quantity: str, above: Key, below: Key) -> Ratio:
    return lambda runs: float(runs[above][quantity] / runs[below][quantity])


def _marginal(contender: str) -> Ratio:
    """Return the seconds of one more archive; starting the flow costs the same for one or eight."""
    return lambda runs: float(
        (runs[contender, _DAYS]["wall"] - runs[_ONE_WORKER, BUSY]["wall"]) / (len(DAYS) - 1)
    )


def _marginal_speedup(runs: Round) -> float:
    return _marginal(_ONE_WORKER)(runs) / _marginal(_TWO_WORKERS)(runs)


def prefect_share(runs: Round) -> float:
    """Return the part of one more archive's time that the plain functions do not take."""
    alone = runs["core", BUSY]
    seconds = alone["wall"] + sum(alone["stages_after"].values())
    return 1.0 - float(seconds) / _marginal(_ONE_WORKER)(runs)
