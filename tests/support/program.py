"""Run the program in this process from its command line; record its output and exit code."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from flows.runtime import launcher
from tests.support.flow_runs import settings_for


@dataclass(frozen=True)
class Program:
    """A run that has ended."""

    root: Path  # folder of all its outputs
    said: str  # on standard output and standard error
    exit_code: int


def main(argv: list[str]) -> int:
    """Return the exit code of ``python flows/l2_flow.py`` with this command line."""
    return launcher.main(
        argv,
        flow="flows.l2_flow:l2_flow",
        plan="flows.plan:describe_plan",
        source="flows.survey:source_of",
    )


def start(root: Path, source: Path, *options: str) -> Program:
    """Run the program with every output below ``root``."""
    said = io.TextIOWrapper(io.BytesIO(), write_through=True)
    with redirect_stdout(said), redirect_stderr(said):
        code = main(arguments(root, source, *options))
    said.seek(0)
    return Program(root, said.read(), code)


def arguments(root: Path, source: Path, *more: str) -> list[str]:
    """Return a command line with every output below ``root``."""
    paths = settings_for(root, source).paths.model_dump()
    given = [f"--paths.{name}={path}" for name, path in paths.items()]
    ours = ["--source.mode=folder", "--execution.workers=1", "--validation.min_coverage=0"]
    return [*given, *ours, *more]


def leftovers(root: Path) -> list[str]:
    """Return the temporary files that a run left below ``root``."""
    return [str(path) for path in root.rglob("*.tmp")]
