"""The command line: run contenders, write results.json, show the tables.

python -m benchmarks                              everything: half an hour
python -m benchmarks inflate core --rounds 9      some parts
python -m benchmarks --quick                      streams of seconds: does it all work?
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, JustifyMethod
from rich.table import Table as RichTable

from benchmarks.archives import FOLDER
from benchmarks.contender import PARSERS
from benchmarks.jobs import PARTS, is_library_missing, jobs_of
from benchmarks.measure import Results, make_archives, make_results, run_rounds
from benchmarks.report import RESULTS
from benchmarks.tables import describe_setup, make_tables

QUICK_RESULTS = FOLDER / "quick" / "results.json"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the named parts, or all."""
    given = parse_arguments(argv)
    console = Console()
    if missing := [name for name in PARSERS if is_library_missing(name)]:
        console.print(f"left out, their libraries are not installed: {', '.join(missing)}")
    rounds_of = dict.fromkeys(given.parts, given.rounds)
    if given.plain_rounds is not None:
        rounds_of["plain"] = given.plain_rounds
    jobs = [job for job in jobs_of(given.parts) if rounds_of[job.part]]
    make_archives(jobs, quick=given.quick, say=console.print)
    runs = run_rounds(jobs, rounds_of, quick=given.quick, say=console.print)
    results = make_results(runs, quick=given.quick)
    where = given.results or (QUICK_RESULTS if given.quick else RESULTS)
    where.write_text(json.dumps(results, indent=1) + "\n")
    show(results, console)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plain-rounds", type=int, help="of the slow pipeline, if not the same")
    parser.add_argument("--quick", action="store_true", help="streams of seconds, not of days")
    parser.add_argument("--results", type=Path, help="where the figures go")
    given = parser.parse_args(argv)
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    given.parts = given.parts or list(PARTS)
    return given


def show(results: Results, console: Console) -> None:
    """Print the tables that README.md holds too."""
    for line in describe_setup(results):
        console.print(line)
    for table in make_tables(results):
        shown = RichTable(title=table.title, title_justify="left")
        for i, column in enumerate(table.columns):
            justify: JustifyMethod = "left" if i < table.names else "right"
            shown.add_column(column, justify=justify, overflow="fold")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)


if __name__ == "__main__":
    main()
