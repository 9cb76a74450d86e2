"""results.json → the tables of README.md, between two marks, and the plots.

python -m benchmarks.report [RESULTS]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Results
from benchmarks.tables import describe_setup, make_tables

FOLDER = Path(__file__).parent
RESULTS, README, PLOTS = FOLDER / "results.json", FOLDER / "README.md", FOLDER / "plots"
BEGIN, END = "<!-- results: written by benchmarks/report.py -->", "<!-- end of results -->"


def render(page: str, results: Results) -> str:
    """Return the page with the results' tables between its marks, otherwise unchanged.

    Raises:
        ValueError: the page lacks a mark.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page should hold {BEGIN!r} and {END!r}")
    parts = [*describe_setup(results), *(table.to_markdown() for table in make_tables(results))]
    return "\n\n".join([before + BEGIN, *parts, END + after])


def write_report(results: Results, readme: Path, plots: Path) -> None:
    """Update a page and its plots."""
    from benchmarks.plots import draw_plots  # slow to import, and tables do not need it

    readme.write_text(render(readme.read_text(), results))
    draw_plots(results, plots)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report")
    parser.add_argument("results", type=Path, nargs="?", default=RESULTS)
    given = parser.parse_args(argv)
    write_report(json.loads(given.results.read_text()), README, PLOTS)


if __name__ == "__main__":
    main()
