"""Run one contender in a separate process: warm up, work once, print one line of JSON.

python -m benchmarks.contender core ARCHIVE --warm-up SMALL_ARCHIVE --read-ahead
"""

from __future__ import annotations

import argparse
import json
import zipfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.meter import Contender, Facts, Meter, Options

PARSERS = {  # the library that each parser needs
    "parse-json": "json",
    "parse-orjson": "orjson",
    "parse-msgspec": "msgspec",
    "parse-polars": "polars",
    "parse-duckdb": "duckdb",
    "parse-pyarrow": "pyarrow",
    "parse-scanner": "quantgod",
}
_PIECE_BYTES = 1 << 20
CONTENDERS = ("inflate", "core", "plain", "messages", *PARSERS)


def find_contender(name: str) -> Contender:
    """Return a contender by name; import it only now, so that no other one takes memory."""
    contender: Contender
    if name in PARSERS:
        contender = import_module("benchmarks.parsers").contender(name)
    else:
        contender = import_module(f"benchmarks.{name}").measure
    return contender


def measure(name: str, archive: Path, warm_up: Path | None, options: Options) -> Facts:
    """Return a contender's results for an archive, with its time and memory."""
    contender = find_contender(name)
    if warm_up:  # imports, compiled kernels, first allocations
        contender(warm_up, options, Meter())
    read_through(archive)
    meter = Meter()
    facts = contender(archive, options, meter)
    return sizes(archive) | meter.facts() | facts


def read_through(archive: Path) -> None:
    """Read the archive into the system's file cache, so that the disk does not count."""
    with archive.open("rb", buffering=0) as file:
        while file.read(_PIECE_BYTES):
            pass


def sizes(archive: Path) -> Facts:
    """Return the bytes of an archive and of its text."""
    with zipfile.ZipFile(archive) as opened:
        text_bytes = sum(entry.file_size for entry in opened.infolist())
    return {"text_bytes": text_bytes, "archive_bytes": archive.stat().st_size}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contender")
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--warm-up", type=Path, help="a small archive to work on before")
    parser.add_argument("--interval-ms", type=int, default=Options.interval_ms)
    parser.add_argument("--levels", type=int, default=Options.levels)
    parser.add_argument("--read-ahead", action="store_true")
    given = parser.parse_args(argv)
    options = Options(given.interval_ms, given.levels, given.read_ahead)
    print(json.dumps(measure(given.name, given.archive, given.warm_up, options)))


if __name__ == "__main__":
    main()
