"""The demo's source fills an empty folder once, and takes the archives of any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantgod.storage.archives.streams import read_streams
from quantgod.synthetic.demo import SyntheticSource
from tests.support.zips import write_gzip, write_zip

DEMO = [
    "linear/BTCUSDT/2025-08-20_BTCUSDT_ob500_synthetic.data.zip",
    "linear/BTCUSDT/2025-08-21_BTCUSDT_ob200_synthetic.data.zip",
    "spot/BTCUSDT/2025-08-21_BTCUSDT_ob200_synthetic.data.zip",
]


def test_a_folder_without_an_archive_is_filled_once(tmp_path: Path) -> None:
    """Other files stay in place; the second listing writes nothing."""
    source = SyntheticSource(tmp_path / "data" / "raw")
    assert source.is_empty
    source.root.mkdir(parents=True)
    (source.root / "notes.txt").write_text("mine")
    assert source.is_empty
    archives = source.list("**/*.zip")
    assert [archive.path for archive in archives] == DEMO
    assert not source.is_empty
    assert source.list("**/*.zip") == archives
    assert all(stream.is_synthetic for each in archives for stream in read_streams(each))
    files = sorted(path.name for path in source.root.rglob("*") if path.is_file())
    assert files == sorted([*(Path(path).name for path in DEMO), "notes.txt"])


@pytest.mark.parametrize("path", ["a.zip", "linear/x/y/b.zip"])
def test_a_users_archives_are_taken(tmp_path: Path, path: str) -> None:
    """The source generates nothing next to them."""
    archive = write_zip(tmp_path, path)
    source = SyntheticSource(tmp_path)
    assert not source.is_empty
    assert [each.path for each in source.list("**/*.zip")] == [archive.path]


def test_a_folder_of_gzip_files_is_not_filled(tmp_path: Path) -> None:
    write_gzip(tmp_path, "a.csv.gz", b"x")
    assert [each.path for each in SyntheticSource(tmp_path).list("**/*.gz")] == ["a.csv.gz"]
    assert [*tmp_path.rglob("*.zip")] == []
