"""The public functions: archives to bars in a process without Prefect."""

from __future__ import annotations

import doctest
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import quantgod
from quantgod.errors import SettingsError, SourceError
from quantgod.settings.values import PROJECT_ROOT
from quantgod.synthetic import StreamSpec, generate_text
from quantgod.synthetic.demo import name_of, write_archive

SPEC = StreamSpec("BTCUSDT", "linear", 50, start_ms=0, end_ms=10_000, seed=1)
IMPORT_SECONDS = 1.0


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archives") / f"{name_of(SPEC)}.zip"
    write_archive(path, name_of(SPEC), generate_text(SPEC))
    return path


def test_the_doctest_holds(archive: Path) -> None:
    found = doctest.testmod(quantgod, extraglobs={"archive": archive})
    assert found.attempted >= 4
    assert found.failed == 0


def test_defaults_are_those_of_the_settings(archive: Path) -> None:
    """200 levels, bars of a minute."""
    bars = quantgod.bars_of(archive).table
    assert bars.num_rows == 1
    assert "ask_199_p" in bars.column_names
    assert "ask_200_p" not in bars.column_names


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ({"orderbook_level": 5}, "the nearest is etl.orderbook_levels"),
        ({"resampling_interval": "7min"}, "argument resampling_interval"),
    ],
)
def test_a_wrong_recipe_is_refused(archive: Path, recipe: dict[str, object], expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        quantgod.bars_of(archive, **recipe)


def test_no_archive_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="found no file"):
        quantgod.bars_of(tmp_path / "x.zip")


def test_one_of_several_members_is_chosen(archive: Path, tmp_path: Path) -> None:
    """Which one must be said."""
    with zipfile.ZipFile(archive) as source:
        text = source.read(name_of(SPEC))
    both = tmp_path / "both.zip"
    with zipfile.ZipFile(both, "w") as target:
        for name in ("1970-01-01_A.data", "1970-01-02_B.data"):
            target.writestr(name, text)
    with pytest.raises(SourceError, match=r"found: 1970-01-01_A\.data, 1970-01-02_B\.data"):
        quantgod.bars_of(both)
    bars = quantgod.bars_of(both, member="1970-01-01_A.data", orderbook_levels=5)
    assert bars.table.num_rows == 1


def test_no_prefect_and_no_waiting(archive: Path) -> None:
    """Importing the library imports next to nothing; making bars imports no Prefect."""
    program = (
        "import sys, time; start = time.perf_counter(); import quantgod\n"
        f"assert time.perf_counter() - start < {IMPORT_SECONDS}\n"
        "sys.modules['prefect'] = None\n"
        f"assert quantgod.bars_of({str(archive)!r}, orderbook_levels=5).table.num_rows == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT_ROOT, check=True)
