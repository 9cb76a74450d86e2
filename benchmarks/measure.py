"""Run all contenders in turn, round after round, and gather the results as one JSON value.

Rounds are interleaved (a b c … a b c …) and compared within a round, so that a slow spell of the
machine affects every contender of a comparison.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.archives import make, path_of
from benchmarks.jobs import Job
from benchmarks.machine import describe_machine, find_versions
from benchmarks.meter import Facts
from benchmarks.ratios import Key, Round, compute_ratios
from quantgod.settings.values import PROJECT_ROOT

Run = dict[str, Any]  # a job's names, its round, and the facts that it printed
Results = dict[str, Any]  # the content of results.json

SPREAD = (
    "wall",
    "cpu",
    "memory",
    "run_seconds",
    "archive_seconds",
)  # reported with least and greatest


def run_rounds(
    jobs: Sequence[Job], rounds_of: Mapping[str, int], *, quick: bool, say: Callable[[str], None]
) -> list[Run]:
    """Run each job once per round, for as many rounds as its part has."""
    runs = []
    for number in range(max(rounds_of[job.part] for job in jobs)):
        for job in jobs:
            if number < rounds_of[job.part]:
                facts = run_job(job, quick=quick)
                say(f"{number + 1}  {job.label:28} {job.archive:32} {facts['wall']:9.3f} s")
                names = {"part": job.part, "contender": job.label, "archive": job.archive}
                runs.append({"round": number, **names, **facts})
    return runs


def make_archives(jobs: Sequence[Job], *, quick: bool, say: Callable[[str], None]) -> None:
    """Create missing archives before any timing starts."""
    for name in dict.fromkeys(name for job in jobs for name in (job.warm_up, *job.archives)):
        if not path_of(name, quick=quick).exists():
            say(f"making {make(name, quick=quick)}")


def run_job(job: Job, *, quick: bool) -> Facts:
    """Run a job's process and return the facts that it prints last."""
    command = job.command(quick=quick)
    done = subprocess.run(  # noqa: S603 - our own programs
        command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    facts: Facts = json.loads(done.stdout.splitlines()[-1])
    return facts


def make_results(runs: Sequence[Run], *, quick: bool) -> Results:
    """Return the complete input of a report."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": describe_machine(),
        "versions": find_versions(),
        "figures": compute_figures(runs),
        "ratios": compute_ratios(by_round(runs)),
        "runs": list(runs),
    }


def key_of(run: Run) -> Key:
    """Return a run's contender and archive."""
    return run["contender"], run["archive"]


def by_round(runs: Sequence[Run]) -> list[Round]:
    """Group the runs by round, then by contender and archive."""
    rounds = sorted({run["round"] for run in runs})
    return [{key_of(run): run for run in runs if run["round"] == number} for number in rounds]


def compute_figures(runs: Sequence[Run]) -> list[Facts]:
    """Return the median and spread of every measurement, by contender and archive."""
    keys = dict.fromkeys(key_of(run) for run in runs)
    return [_figure([run for run in runs if key_of(run) == key]) for key in keys]


def _figure(runs: Sequence[Run]) -> Facts:
    first = runs[0]
    found: Facts = {name: first[name] for name in ("part", "contender", "archive")}
    found["rounds"] = len(runs)
    for name, value in first.items():
        values = [run[name] for run in runs]
        if name in SPREAD:
            found[name] = {"median": median(values), "min": min(values), "max": max(values)}
        elif isinstance(value, dict):
            found[name] = {key: median(each.get(key, 0) for each in values) for key in value}
        elif name not in found and name != "round":
            found[name] = value  # the same in all rounds: bytes, bars, checksums
    return found
