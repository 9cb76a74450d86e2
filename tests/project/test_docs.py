"""The docs agree with the code: columns, metadata, checks, files, commands, links."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from docs.generate import BLOCKS, MARK, main, render
from docs.generate import pages as generated_pages
from quantgod.orderbook.checks import (
    Coverage,
    check_counts,
    check_coverage,
    check_gaps,
    check_table,
)
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.features import LastBar, times_ms
from quantgod.orderbook.recipe import DayGrid, Recipe
from quantgod.orderbook.scaling import Moments
from quantgod.orderbook.schema import FEATURES, output_schema
from quantgod.settings.values import PROJECT_ROOT
from quantgod.storage.archives.members import Member
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.manifest import BarsRecord, origin_of
from quantgod.storage.outputs.scaler_files import FitRange, json_path, save_scaler
from quantgod.storage.outputs.tables import Compression
from quantgod.storage.sources.folder import FolderSource
from quantgod.storage.sources.source import Archive
from tests.support.records import output_metadata

DATA = (PROJECT_ROOT / "docs" / "data.md").read_text()
README_COMMANDS = [
    "./setup_cloud.sh && .venv/bin/python flows/l2_flow.py --config configs/local.yaml",
    "./setup_cloud.sh --dev && .venv/bin/pytest",
]

RECIPE = Recipe(1000, 60_000, 1, 10_000, "drop")
STREAM = Stream(
    archive=Archive(
        FolderSource(Path("source")), "linear/BTCUSDT/2024-01-01_BTCUSDT_ob1.data.zip", 1, 1
    ),
    member=Member("2024-01-01_BTCUSDT_ob1.data", 1, 1, 1),
    symbol="BTCUSDT",
    topic="orderbook.1.BTCUSDT",
    day=date(2024, 1, 1),
    output="linear/BTCUSDT/2024-01-01_BTCUSDT_ob1.parquet",
    is_synthetic=True,
    first_ms=None,
    dialect_name="Bybit NDJSON",
)
RECORD = BarsRecord(
    origin_of(STREAM), "source", STREAM.topic, 1, 1, LastBar(0, 1.0), Counts(), (), ()
)


# --- docs/data.md ------------------------------------------------------------------------------


def tables_of(heading: str) -> list[list[list[str]]]:
    """Return the tables of one section of docs/data.md: rows of cells, without the headers."""
    level = heading.split()[0]
    body = DATA.split(f"\n{heading}\n")[1].split(f"\n{level} ")[0]
    tables: list[list[list[str]]] = [[]]
    for line in body.splitlines():
        if line.startswith("|"):
            tables[-1].append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif tables[-1]:
            tables.append([])
    return [table[2:] for table in tables if table]


def names_in(table: list[list[str]]) -> list[str]:
    """Return the names in a table's first column."""
    return [row[0].strip("`") for row in table]


def test_generated_blocks_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """`make docs` would change no page."""
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_every_generated_block_is_on_a_page() -> None:
    """No page asks for another block, or leaves a block open."""
    text = "\n".join(page.read_text() for page in generated_pages())
    assert {found[2] for found in MARK.finditer(text)} == set(BLOCKS)
    assert text.count("<!-- generated:") == text.count("<!-- end -->") == len(MARK.findall(text))


def test_a_stale_block_is_found_and_generated() -> None:
    """The text around a block stays; a page without blocks is never stale."""
    new = render("before\n<!-- generated: features -->\nbody\n<!-- end -->\nafter\n")
    assert new is not None
    assert new.startswith(
        "before\n<!-- generated: features -->\n\nThe **feature columns** are `body`, "
    )
    assert new.endswith("`.\n\n<!-- end -->\nafter\n")
    assert render(new) is None
    assert render("no block\n") is None


def test_metadata_of_an_output_is_documented() -> None:
    """Every key, and no other."""
    compression, before = Compression("snappy"), LastBar(0, 1.0)
    made = output_metadata(STREAM, RECORD, RECIPE, compression, before, "sha256")
    schema = {key.decode() for key in output_schema(1).metadata}
    (table,) = tables_of("### Metadata of an output")
    assert sorted(names_in(table)) == sorted({*made, *schema})


def test_records_of_bars_are_documented() -> None:
    """Every field, in the order of the code."""
    record, _ = tables_of("### Bars")
    assert names_in(record) == [field.name for field in fields(BarsRecord)]


def test_the_scalers_keys_are_documented(tmp_path: Path) -> None:
    """scaler.json, key by key, in its order."""
    moments = Moments(*[(1.0,) * len(FEATURES)] * 3, row_count=1)
    path = tmp_path / "scaler.pkl"
    save_scaler(path, moments, FitRange(0, 0, None, ()), RECIPE)
    keys = re.findall(r'^  "(\w+)":', json_path(path).read_text(), re.MULTILINE)
    (table,) = tables_of("## 6. Scaler")
    assert names_in(table) == keys


def test_checks_are_documented() -> None:
    """Every check that the core or the validation stage makes, and no other."""
    schema, grid = output_schema(1), DayGrid(0, 60_000)
    table = schema.empty_table()
    found = [
        *check_table(table, schema, grid, 1),
        check_gaps(times_ms(table), grid, 1),
        check_coverage(Coverage(0, 0, grid.bars), 0.0),
        *check_counts(Counts(), ()),
    ]
    stage = (PROJECT_ROOT / "tasks" / "validate.py").read_text()
    names = {finding.check for finding in found} | {*re.findall(r'Finding\("([^"]+)"', stage)}
    (listed,) = tables_of("## 7. Checks")
    assert sorted(names_in(listed)) == sorted(names)


# --- commands and links ------------------------------------------------------------------------


def commands_in(text: str) -> list[str]:
    """Return the command lines of all bash blocks."""
    blocks = re.findall(r"^ *```bash\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", ["README.md", "README.pt-BR.md"])
def test_the_first_two_commands(name: str) -> None:
    """Set up and run; set up and test. `.ci/run` reads the second."""
    assert commands_in((PROJECT_ROOT / name).read_text())[:2] == README_COMMANDS


def pages() -> list[Path]:
    """Return every Markdown file of the project, except those that a run or a tool made."""
    made = ("data", "logs", "build", "dist")
    folders = [
        path
        for path in PROJECT_ROOT.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name not in made
    ]
    found = [*PROJECT_ROOT.glob("*.md"), *(page for each in folders for page in each.rglob("*.md"))]
    return sorted(found)


def anchors_of(page: Path) -> set[str]:
    """Return the link targets inside a page: its headings, as the forge writes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links: both the file and the heading exist."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert not broken


# --- commands that people type -----------------------------------------------------------------

MAKEFILE = (PROJECT_ROOT / "Makefile").read_text().replace("\\\n", "")
SETUP = (PROJECT_ROOT / "setup_cloud.sh").read_text()


def test_every_make_target_is_documented() -> None:
    """In CONTRIBUTING.md, and by `make help`."""
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    documented = re.findall(
        r"^\| `make ([\w-]+)` \|", (PROJECT_ROOT / "CONTRIBUTING.md").read_text(), re.M
    )
    helped = re.findall(r"^([\w-]+):.*## ", MAKEFILE, re.MULTILINE)
    assert sorted(documented) == sorted(helped) == sorted(phony.split())


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_commands_are_there(page: Path) -> None:
    """Every command on a page: scripts, programs of `.venv`, make's targets, options."""
    text = page.read_text()
    scripts = re.findall(r"(?<![\w/])(?:\./|\.venv/bin/python )([\w/]+\.(?:py|sh))", text)
    assert [script for script in scripts if not (PROJECT_ROOT / script).is_file()] == []
    programs = set(re.findall(r"\.venv/bin/([\w-]+)", text))
    assert [each for each in programs if not (PROJECT_ROOT / ".venv" / "bin" / each).exists()] == []
    targets = set(re.findall(r"`make ([\w-]+)", text))
    assert [each for each in targets if f"\n{each}:" not in MAKEFILE] == []


def test_every_option_is_documented() -> None:
    """A page mentions every option that `--help` of the three scripts lists."""
    text = "\n".join(page.read_text() for page in pages())
    for script in (["flows/l2_flow.py"], ["-m", "quantgod.causality"]):
        done = subprocess.run(
            [sys.executable, *script, "--help"], cwd=PROJECT_ROOT, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        options = set(re.findall(r"--([a-z][\w.]+)", done.stdout))
        assert options
        assert [option for option in options if option not in text] == []
    usage = re.findall(r"^#   \./setup_cloud\.sh (--\w+)", SETUP, re.MULTILINE)
    assert [option for option in usage if option not in text] == []
