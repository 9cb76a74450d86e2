"""The contract of a source: one set of tests that every kind of source passes."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from quantgod.errors import ArchiveError, MissingArchiveError, SourceError
from quantgod.storage.archives.line_reader import LineReader
from quantgod.storage.archives.members import read_directory
from quantgod.storage.archives.streams import read_streams
from quantgod.storage.sources.source import Archive
from tests.support.member_lines import read_lines, whole_lines
from tests.support.sources import KEEPERS, Keeper
from tests.support.zips import TEXT

MTIME_NS = 1_723_075_200_123_456_000  # whole microseconds, which every file system keeps
PATH = "linear/BTCUSDT/2024-08-08_BTCUSDT_ob200.data.zip"
ODD_PATHS = [
    "My Drive/a b.zip", "a#1.zip", "50%.zip", "%20.zip", "[ab].zip", "a[1/b].zip", "x?*.zip",
    "ação/Δ 数据.zip", "one/two/three/four/five/six/seven/eight/a.zip", "a\\b.zip", "-a.zip",
]  # fmt: skip


@pytest.fixture(params=KEEPERS)
def kind(request: pytest.FixtureRequest) -> str:
    """Return every kind of source in turn."""
    return str(request.param)


@pytest.fixture
def keeper(kind: str, tmp_path: Path) -> Keeper:
    """Return a source that holds one archive."""
    keeper = KEEPERS[kind](tmp_path / "source")
    keeper.put(PATH, zip_of(TEXT), MTIME_NS)
    return keeper


def zip_of(text: bytes) -> bytes:
    """Return a ZIP of one member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.data", text)
    return file.getvalue()


def paths(archives: Sequence[Archive]) -> list[str]:
    return [archive.path for archive in archives]


# ---------------------------------------------------------------- list


def test_archives_are_listed_at_any_depth_in_order(keeper: Keeper) -> None:
    """Contract §1: sorted by path, part by part, so that a folder's archives are adjacent."""
    for path in ("linear.zip", "b.zip", "linear-2/a.zip", "linear/a.zip", "linear/notes.txt"):
        keeper.put(path, b"x", MTIME_NS)
    archives = keeper.source.list("**/*.zip")
    assert paths(archives) == ["b.zip", "linear/BTCUSDT/" + PATH.rpartition("/")[2],
                               "linear/a.zip", "linear-2/a.zip", "linear.zip"]  # fmt: skip
    assert [str(archive) for archive in archives] == paths(archives)
    assert {archive.source for archive in archives} == {keeper.source}


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("*.zip", ["x.zip"]),
        ("**/*.csv.gz", ["a/b/y.csv.gz", "a/z.csv.gz"]),
        ("**/*.[zg]*[pz]", ["a/b/y.csv.gz", "a/x.zip", "a/z.csv.gz", PATH, "x.zip"]),
        ("a/**/*.zip", ["a/x.zip"]),
        ("*/*.zip", ["a/x.zip"]),
        ("a/**/?.csv.gz", ["a/b/y.csv.gz", "a/z.csv.gz"]),
        ("**/B*/*", [PATH]),
        (PATH, [PATH]),
    ],
)
def test_include_is_a_glob(keeper: Keeper, include: str, expected: list[str]) -> None:
    """As `configs/README.md` describes `source.include`: `*` stays within a name."""
    others = ("a/b/y.csv", "a/b/.y.parquet", "z.csv", "z.parquet", "z.tar", "z.data")
    for path in ("x.zip", "a/x.zip", "a/z.csv.gz", "a/b/y.csv.gz", *others):
        keeper.put(path, b"x", MTIME_NS)
    assert paths(keeper.source.list(include)) == expected


def test_a_source_without_a_match_is_refused(keeper: Keeper) -> None:
    """An empty list is no success: the message names the source and the pattern."""
    with pytest.raises(SourceError, match=r"no archive in .* matches source\.include") as caught:
        keeper.source.list("*.none")
    assert keeper.source.location in str(caught.value)
    assert "'*.none'" in str(caught.value)


@pytest.mark.parametrize("path", ODD_PATHS)
def test_names_are_taken_as_they_are(keeper: Keeper, path: str) -> None:
    """No character of a name is a pattern, an escape or part of an address."""
    keeper.put(path, zip_of(b"odd\n"), MTIME_NS)
    (archive,) = (each for each in keeper.source.list("**/*.zip") if each.path == path)
    (member,), _ = read_directory(archive)
    reader = LineReader(archive, member)
    assert list(read_lines(reader)) == [b"odd\n"]
    reader.close()
    archive.check_unchanged()


# ---------------------------------------------------------------- stat


def test_a_listed_archive_has_size_and_time(keeper: Keeper) -> None:
    """Contract §5: they identify it, with the checksum of the member."""
    (archive,) = keeper.source.list("**/*.zip")
    assert (archive.size, archive.mtime_ns) == (len(zip_of(TEXT)), MTIME_NS)
    assert keeper.source.stat(PATH) == (archive.size, archive.mtime_ns)
    assert Archive.of(keeper.source, PATH) == archive
    archive.check_unchanged()


@pytest.mark.parametrize(("extra", "later_ns"), [(b"x", 0), (b"", 1000), (b"x", 1000)])
def test_a_changed_archive_is_noticed(keeper: Keeper, extra: bytes, later_ns: int) -> None:
    """By size and by time, each alone; overwritten with the same of both, it is the same."""
    (archive,) = keeper.source.list("**/*.zip")
    keeper.put(PATH, zip_of(TEXT) + extra, MTIME_NS + later_ns)
    with pytest.raises(ArchiveError, match="changed while it was read; run again") as caught:
        archive.check_unchanged()
    assert caught.value.archive == PATH
    keeper.put(PATH, zip_of(TEXT), MTIME_NS)
    archive.check_unchanged()


# ---------------------------------------------------------------- open


def test_an_archive_is_a_raw_seekable_file(keeper: Keeper) -> None:
    """`zipfile` and igzip need no more; only the last read is short."""
    content = zip_of(TEXT)
    with Archive.of(keeper.source, PATH).open() as file:
        assert file.seekable()
        assert file.readable()
        assert (file.seek(0, io.SEEK_END), file.tell()) == (len(content), len(content))
        assert file.seek(-4, io.SEEK_END) == len(content) - 4
        assert (file.read(9), file.read(9)) == (content[-4:], b"")
        assert (file.seek(2), file.seek(3, io.SEEK_CUR)) == (2, 5)
        buffer = bytearray(len(content) - 10)
        assert file.readinto(buffer) == len(buffer)
        assert (buffer, file.tell()) == (content[5:-5], len(content) - 5)
        assert file.readall() == content[-5:]
        assert file.readinto(buffer) == 0
    assert file.closed


def test_two_readers_do_not_disturb_each_other(keeper: Keeper) -> None:
    """Each `open` returns a file with its own position."""
    archive = Archive.of(keeper.source, PATH)
    with archive.open() as first, archive.open() as second:
        assert first.read(2) == b"PK"
        assert second.read(4) == b"PK\x03\x04"
        assert first.read(2) == b"\x03\x04"


def test_a_stream_is_read_to_its_end(keeper: Keeper) -> None:
    """The whole way: members, dialect, lines."""
    (archive,) = keeper.source.list("**/*.zip")
    (stream,) = read_streams(archive)
    assert (stream.symbol, stream.folder) == ("BTCUSDT", "linear/BTCUSDT")
    reader = LineReader(stream.archive, stream.member)
    assert list(read_lines(reader)) == whole_lines(TEXT)
    reader.close()
    assert reader.closed


# ---------------------------------------------------------------- gone


@pytest.mark.parametrize("path", ["none.zip", "no/such/folder.zip", f"{PATH}/inside.zip"])
def test_an_absent_archive_is_no_file(keeper: Keeper, path: str) -> None:
    """`earlier_last_bar` distinguishes a missing file from a failing source."""
    for ask in (keeper.source.stat, keeper.source.open):
        with pytest.raises((FileNotFoundError, NotADirectoryError)):
            ask(path)


def test_an_archive_that_is_gone_is_missing(keeper: Keeper) -> None:
    """Between listing and reading: an error of that archive, with its name."""
    (archive,) = keeper.source.list("**/*.zip")
    (member,), _ = read_directory(archive)
    keeper.remove(PATH)
    for read in (
        lambda: read_directory(archive), lambda: LineReader(archive, member),
        archive.check_unchanged,
    ):  # fmt: skip
        with pytest.raises(MissingArchiveError, match="found: No such file") as caught:
            read()
        assert caught.value.archive == PATH


# ---------------------------------------------------------------- a value


def test_a_source_travels_between_processes(keeper: Keeper) -> None:
    """An archive unpickles as an equal one, and can be read in the other process."""
    (archive,) = keeper.source.list("**/*.zip")
    there = pickle.loads(pickle.dumps(archive))  # noqa: S301 - made just now
    assert (there, hash(there)) == (archive, hash(archive))
    assert there.source == keeper.source
    there.check_unchanged()
    (member,), is_synthetic = read_directory(there)
    assert (member.name, member.size, is_synthetic) == ("a.data", len(TEXT), False)


def test_sources_of_other_places_differ(kind: str, keeper: Keeper, tmp_path: Path) -> None:
    """Bars of one source do not apply to another one's days."""
    other = KEEPERS[kind](tmp_path / "other").source
    (archive,) = keeper.source.list("**/*.zip")
    assert other.location != keeper.source.location
    assert str(tmp_path / "source") in keeper.source.location
    assert replace(archive, source=other) != archive
