"""Every property test again and again with new examples, until the time is up or one fails.

python -m tests.support.fuzz --minutes 10

A round is one run of pytest with a seed of its own, which a failure tells: run again with that seed
it fails again.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from quantgod.settings.values import PROJECT_ROOT

_PASSING = re.compile(r"(\d+) passing, ")
_SEEDS = 1 << 32


@dataclass(frozen=True)
class Round:
    """One run of all property tests."""

    seed: int
    exit_code: int
    told: str

    @property
    def examples(self) -> int:
        """How many examples passed."""
        return sum(map(int, _PASSING.findall(self.told)))


def run_round(seed: int, selected: Sequence[str]) -> Round:
    """Run the property tests once; old failures are tried first, as Hypothesis does."""
    # Hypothesis marks its tests itself.
    options = ["-m", "hypothesis", "-x", "-q", "--hypothesis-show-statistics"]
    command = [sys.executable, "-m", "pytest", *options, f"--hypothesis-seed={seed}", *selected]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    return Round(seed, done.returncode, done.stdout + done.stderr)


def fuzz(minutes: float, selected: Sequence[str]) -> int:
    """Rounds until the time is up; the exit code of the last one, which is 0 if none failed."""
    start, examples, rounds = monotonic(), 0, 0
    while True:
        done = run_round(random.SystemRandom().randrange(_SEEDS), selected)
        rounds, examples = rounds + 1, examples + done.examples
        spent = (monotonic() - start) / 60
        print(f"{spent:5.1f} min  {rounds} rounds  {examples} examples passed", flush=True)
        if done.exit_code:
            print(f"{done.told}\nfailed with --hypothesis-seed={done.seed}")
            return done.exit_code
        if not done.examples:
            print("no property test was run: name files that hold some")
            return 1
        if spent >= minutes:
            return 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fuzz")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("tests", nargs="*", help="files or tests; all if none is named")
    given = parser.parse_args(argv)
    return fuzz(given.minutes, given.tests)


if __name__ == "__main__":
    sys.exit(main())
