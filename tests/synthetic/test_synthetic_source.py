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


def test_a_folder_without_a_zip_is_filled_once(tmp_path: Path) -> None:
    """Notes and gzip files stay in place; the second listing writes nothing."""
    source = SyntheticSource(tmp_path / "data" / "raw")
    assert source.is_empty
    write_gzip(source.root, "a.csv.gz", b"x")
    assert source.is_empty
    archives = source.list("**/*.[zg]*[pz]")
    assert [archive.path for archive in archives] == ["a.csv.gz", *DEMO]
    assert not source.is_empty
    assert source.list("**/*.[zg]*[pz]") == archives
    assert all(stream.is_synthetic for each in archives[1:] for stream in read_streams(each))


@pytest.mark.parametrize("path", ["a.zip", "linear/x/y/b.zip"])
def test_archives_of_ones_own_are_taken(tmp_path: Path, path: str) -> None:
    """The source generates nothing next to them."""
    archive = write_zip(tmp_path, path)
    source = SyntheticSource(tmp_path)
    assert not source.is_empty
    assert [each.path for each in source.list("**/*.zip")] == [archive.path]
