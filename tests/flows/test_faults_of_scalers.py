"""Scalers that cannot be used, or cannot be fitted, as in docs/faults.md."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faults import documented
from tests.support.flow_runs import outputs
from tests.support.program import start

pytestmark = pytest.mark.usefixtures("prefect_server")

SCALED = "--features.apply_zscore=true"


@pytest.fixture(scope="module")
def fitted(
    source: Path,
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: None,  # noqa: ARG001
) -> Path:
    """Run once and fit a scaler."""
    root = tmp_path_factory.mktemp("fitted")
    assert start(root, source, SCALED).exit_code == 0
    return root


def leave(root: Path) -> None:
    """Leave the scaler unchanged; the settings differ."""
    assert (root / "scaler.json").exists()


def tear(root: Path) -> None:
    """Keep half of the JSON."""
    file = root / "scaler.json"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def lose_json(root: Path) -> None:
    """Keep only the pickle."""
    (root / "scaler.json").unlink()


def change_pickle(root: Path) -> None:
    """Put another pickle next to the JSON."""
    (root / "scaler.pkl").write_bytes(b"another")


FAULTS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "fitted with other settings": (leave, ("--etl.sampling_interval_ms=500",)),
    "scaler.json torn": (tear, ()),
    "a pickle alone": (lose_json, ()),
    "another pickle": (change_pickle, ()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unusable_scaler_starts_nothing(
    fault: str, fitted: Path, source: Path, tmp_path: Path
) -> None:
    """The run detects it before hours of work, and neither refits nor unpickles it."""
    for file in ("scaler.json", "scaler.pkl"):
        shutil.copy(fitted / file, tmp_path / file)
    spoil, options = FAULTS[fault]
    spoil(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.glob("scaler.*")}
    run = start(tmp_path, source, SCALED, *options)
    documented(fault).check(run.said, run.exit_code)
    assert not list(tmp_path.rglob("*.parquet"))
    assert {file.name: file.read_bytes() for file in tmp_path.glob("scaler.*")} == before


def test_a_failed_archive_keeps_the_scaler_from_being_fitted(source: Path, tmp_path: Path) -> None:
    """Statistics of half a training range are not the ones requested."""
    archives = tmp_path / "source"
    shutil.copytree(source, archives)
    bad = next(archives.rglob("2025-08-20*.zip"))
    bad.write_bytes(bad.read_bytes()[:1000])
    run = start(tmp_path, archives, SCALED)
    documented("an archive of the training range failed").check(run.said, run.exit_code)
    assert not outputs(tmp_path)
    assert not list(tmp_path.glob("scaler.*"))


def test_no_row_to_fit_on(source: Path, tmp_path: Path) -> None:
    """The training range ends before the data begins."""
    run = start(tmp_path, source, SCALED, "--features.fit_until=2020-01-01")
    documented("no row to fit on").check(run.said, run.exit_code)
    assert not outputs(tmp_path)
    assert not list(tmp_path.glob("scaler.*"))
