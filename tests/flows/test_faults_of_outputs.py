"""Outputs that cannot be written, or are not fit for use, as in docs/faults.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from quantgod.errors import OutputError
from quantgod.storage.outputs.lock import exclusive
from quantgod.storage.outputs.tables import temporary_path, write_file
from tests.support.disks import small_disk
from tests.support.faults import documented
from tests.support.flow_runs import outputs, run_pipeline
from tests.support.market_files import MIDNIGHT, write_zip
from tests.support.program import leftovers, start
from tests.support.rights import refused

pytestmark = pytest.mark.usefixtures("prefect_server")

SCALED = "--features.apply_zscore=true"
HUGE = "9" * 308  # a float64, but too large to calculate with


@pytest.fixture(scope="module")
def undisturbed(
    source: Path,
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: None,  # noqa: ARG001
) -> Path:
    """Run without faults."""
    root = tmp_path_factory.mktemp("undisturbed")
    assert start(root, source, SCALED).exit_code == 0
    return root


# The disk's folder, its size, and the option that leads there: bars and outputs take some 200 kB
# each, the scaler's files a page each.
DISKS = {
    "disk full while bars are written": ("bars", "100k"),
    "disk full while an output is written": ("out", "100k"),
    "disk full while a scaler is written": ("scaler", "4k"),
}


@pytest.mark.parametrize("fault", DISKS)
def test_a_full_disk(fault: str, source: Path, undisturbed: Path, tmp_path: Path) -> None:
    """No partial file stays; with room, the next run gives the outputs of an undisturbed one."""
    name, size = DISKS[fault]
    scaler = f"--paths.scaler_path={tmp_path / 'scaler' / 'scaler.pkl'}"
    with small_disk(tmp_path / name, size) as disk:
        run = start(tmp_path, source, SCALED, scaler)
        documented(fault).check(run.said, run.exit_code)
        assert not outputs(tmp_path)
        assert not leftovers(tmp_path)
        disk.grow()
        assert start(tmp_path, source, SCALED, scaler).exit_code == 0
        assert outputs(tmp_path) == outputs(undisturbed)
        for file in ("scaler.json", "scaler.pkl"):
            made = (tmp_path / "scaler" / file).read_bytes()
            assert made == (undisturbed / file).read_bytes()


RIGHTS = {
    "no permission to write bars": "bars",
    "no permission to write an output": "out/linear/BTCUSDT",
    "no permission to write a scaler": "scaler",
}


@pytest.mark.parametrize("fault", RIGHTS)
def test_a_missing_permission(fault: str, source: Path, tmp_path: Path) -> None:
    """The error names the path; no step is retried."""
    folder = tmp_path / RIGHTS[fault]
    folder.mkdir(parents=True)
    scaler = f"--paths.scaler_path={tmp_path / 'scaler' / 'scaler.pkl'}"
    with refused(folder, 0o500):
        run = start(tmp_path, source, SCALED, scaler)
    documented(fault).check(run.said, run.exit_code)
    assert not outputs(tmp_path)
    assert not leftovers(tmp_path)
    assert start(tmp_path, source, SCALED, scaler).exit_code == 0


def test_a_file_in_the_way(source: Path, tmp_path: Path) -> None:
    """It is not overwritten."""
    (tmp_path / "bars").write_bytes(b"mine")
    run = start(tmp_path, source)
    documented("a file where a folder should be").check(run.said, run.exit_code)
    assert (tmp_path / "bars").read_bytes() == b"mine"


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    """The same for a folder in place of a file; the temporary file is deleted."""
    file = tmp_path / "x"
    file.mkdir()
    with pytest.raises(OutputError, match="A folder is in place of a file"):
        write_file(b"x", file)
    assert temporary_path(file).exists() is False


def test_two_runs_at_once(source: Path, tmp_path: Path) -> None:
    """The second run changes no file."""
    with exclusive(tmp_path / "bars"):
        run = start(tmp_path, source)
    documented("another run at work").check(run.said, run.exit_code)
    assert not list(tmp_path.rglob("*.parquet"))


def huge_prices(day_ms: int) -> bytes:
    """Return two snapshots whose micro-price overflows, so that their bars are not fit for use."""
    return b"".join(
        (
            f'{{"topic":"orderbook.1.XUSDT","type":"snapshot","ts":{day_ms + offset_ms},'
            f'"data":{{"s":"XUSDT","b":[["1","7"]],"a":[["{HUGE}","9"]],"u":{n},"seq":{n}}}}}\n'
        ).encode()
        for n, offset_ms in enumerate((500, 61_000), start=1)
    )


def test_an_output_with_errors(source: Path, tmp_path: Path) -> None:
    """It goes to quarantine, with the older final file; a repaired archive brings the file back."""
    archives = tmp_path / "source"
    shutil.copytree(source, archives)
    name = "linear/XUSDT/2025-08-21_XUSDT_ob1"
    bad = archives / f"{name}.data.zip"
    write_zip(bad, "2025-08-21_XUSDT_ob1.data", huge_prices(MIDNIGHT))
    old = tmp_path / "out" / f"{name}.parquet"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"an older file")
    run = start(tmp_path, archives)
    documented("output with errors").check(run.said, run.exit_code)
    assert "NaN or Inf in" in run.said
    assert not old.exists()
    quarantine = tmp_path / "quarantine" / "linear" / "XUSDT"
    assert sorted(path.name for path in quarantine.iterdir()) == [
        "2025-08-21_XUSDT_ob1.parquet",
        "2025-08-21_XUSDT_ob1.previous.parquet",
        "2025-08-21_XUSDT_ob1.report.txt",
    ]
    report = (quarantine / "2025-08-21_XUSDT_ob1.report.txt").read_text()
    assert "error   finite values: NaN or Inf" in report
    assert len(outputs(tmp_path)) == 2
    mended = huge_prices(MIDNIGHT).replace(HUGE.encode(), b"2")
    write_zip(bad, "2025-08-21_XUSDT_ob1.data", mended)
    assert not run_pipeline(tmp_path, archives).failures
    assert old.exists()
    assert not list(quarantine.iterdir())
