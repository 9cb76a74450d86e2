"""A source that does not exist, or disappears, as in docs/faults.md."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import bars_phase
from tests.support.faults import documented
from tests.support.flow_runs import outputs, run_pipeline
from tests.support.market_files import two_days, write_source
from tests.support.program import leftovers, start
from tests.support.rights import refused

pytestmark = pytest.mark.usefixtures("prefect_server")


def make_nothing(source: Path) -> None:
    """Create nothing."""


def make_file(source: Path) -> None:
    """Create a file in its place."""
    source.write_bytes(b"")


def make_text(source: Path) -> None:
    """Create a folder without archives."""
    source.mkdir()
    (source / "notes.txt").write_text("x")


FAULTS: dict[str, tuple[Callable[[Path], Any], tuple[str, ...]]] = {
    "no source folder": (make_nothing, ()),
    "source folder is a file": (make_file, ()),
    "source folder not readable": (Path.mkdir, ()),
    "no archive in the source": (make_text, ()),
    "a mode that is not implemented": (make_text, ("--source.mode=mount",)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unusable_source_starts_nothing(fault: str, tmp_path: Path) -> None:
    """The error names the thing found in its place."""
    make, options = FAULTS[fault]
    source = tmp_path / "source"
    make(source)
    if fault == "source folder not readable":
        with refused(source, 0):
            run = start(tmp_path, source)
    else:
        run = start(tmp_path, source, *options)
    documented(fault).check(run.said, run.exit_code)
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_unreadable_folder_is_refused(tmp_path: Path) -> None:
    """Otherwise a year of archives could be missing silently; a pattern may exclude it."""
    source = tmp_path / "source"
    write_source(source, two_days(), only=[0])
    closed = source / "spot"
    closed.mkdir()
    with refused(closed, 0):
        run = start(tmp_path, source)
        documented("an unreadable folder below the source").check(run.said, run.exit_code)
        assert not list(tmp_path.rglob("*.parquet"))
        assert start(tmp_path, source, "--source.include=linear/**/*.zip").exit_code == 0


def test_a_system_folder_may_be_closed(tmp_path: Path) -> None:
    """Every disk has one at its root."""
    write_source(tmp_path / "source", two_days(), only=[0])
    (tmp_path / "source" / "lost+found").mkdir()
    with refused(tmp_path / "source" / "lost+found", 0):
        assert start(tmp_path, tmp_path / "source").exit_code == 0


def test_a_source_removed_in_mid_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished archives are done, the remaining ones fail; the next run makes them."""
    source, kept = tmp_path / "source", tmp_path / "kept"
    write_source(source, two_days())
    shutil.copytree(source, kept)
    publish = bars_phase.publish

    def publish_and_lose_source(*args: Path) -> None:
        publish(*args)
        shutil.rmtree(source)

    with monkeypatch.context() as patch:
        patch.setattr(bars_phase, "publish", publish_and_lose_source)
        run = start(tmp_path, source)
    documented("source removed mid-run").check(run.said, run.exit_code)
    assert len(outputs(tmp_path)) == 1
    assert not leftovers(tmp_path)
    shutil.copytree(kept, source)
    assert start(tmp_path, source).exit_code == 0
    run_pipeline(tmp_path / "undisturbed", kept)
    assert outputs(tmp_path) == outputs(tmp_path / "undisturbed")
