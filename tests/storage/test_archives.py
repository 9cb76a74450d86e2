"""ZIP archives: which files are archives, their members, and the errors of damaged ones."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from quantgod.errors import (
    DamagedArchiveError,
    MissingArchiveError,
    RefusedMemberError,
    SourceError,
)
from quantgod.storage.archives.line_reader import LineReader
from quantgod.storage.archives.members import (
    BOMB_SIZE,
    Member,
    damage_reported,
    read_directory,
)
from quantgod.storage.sources.folder import FolderSource, archive_at
from tests.support.zips import (
    DAMAGES,
    DIRECTORY_ENTRY,
    NAME,
    TEXT,
    file_of,
    put_bytes,
    write_damaged,
    write_zip,
)


def names_in(root: Path, members: dict[str, bytes]) -> list[str]:
    return [member.name for member in read_directory(write_zip(root, "a.zip", members))[0]]


# ---------------------------------------------------------------- finding


def test_only_files_are_archives(tmp_path: Path) -> None:
    """§1: a folder of such a name is not one."""
    write_zip(tmp_path, "linear/a.zip")
    (tmp_path / "folder.zip").mkdir()
    assert [archive.path for archive in FolderSource(tmp_path).list("**/*.zip")] == ["linear/a.zip"]


def test_an_archive_is_found_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As its folder lists it, also for a relative path."""
    write_zip(tmp_path, "linear/[a] *.zip")
    (listed,) = FolderSource(tmp_path / "linear").list("*.zip")
    assert archive_at(tmp_path / "linear" / "[a] *.zip") == listed
    monkeypatch.chdir(tmp_path)
    assert archive_at(Path("linear/[a] *.zip")) == listed
    for none in ("linear", "none.zip", "linear/*.zip"):
        with pytest.raises(SourceError, match=r"^expected an archive at .*, found no file$"):
            archive_at(Path(none))


# ---------------------------------------------------------------- members


def test_a_member_is_as_the_directory_says(tmp_path: Path) -> None:
    archive = write_zip(tmp_path)
    with zipfile.ZipFile(file_of(archive)) as opened:
        (entry,) = opened.infolist()
    members, is_synthetic = read_directory(archive)
    assert members == [Member(f"{NAME}.data", len(TEXT), entry.compress_size, entry.CRC)]
    assert not is_synthetic


def test_members_keep_the_order_of_the_archive(tmp_path: Path) -> None:
    names = ["z.data", "a/b.data", "a.data", "empty.data"]
    assert names_in(tmp_path, dict.fromkeys(names, b"")) == names


@pytest.mark.parametrize(
    "litter",
    [
        "__MACOSX/", "__MACOSX/._a.data", "__MACOSX/x/._a.data", ".DS_Store", "x/.DS_Store",
        "._a.data", ".git/a.data", "folder/", "a/folder/",
    ],
)  # fmt: skip
def test_litter_is_no_member(tmp_path: Path, litter: str) -> None:
    """Litter that computers add to archives: folders, hidden files, the Finder's files."""
    assert names_in(tmp_path, {litter: b"", "a.data": b"x"}) == ["a.data"]
    with pytest.raises(DamagedArchiveError, match=r"expected a member, found none; .* \(a.zip\)"):
        names_in(tmp_path, {litter: b""})


def test_an_archive_without_members(tmp_path: Path) -> None:
    with pytest.raises(DamagedArchiveError, match="expected a member, found none"):
        names_in(tmp_path, {})


@pytest.mark.parametrize(("comment", "marked"), [(b"synthetic, seed 7", True), (b"x", False)])
def test_the_projects_own_archives_are_marked(tmp_path: Path, comment: bytes, marked: bool) -> None:
    """§5: the ZIP's comment records whether it is synthetic."""
    assert read_directory(write_zip(tmp_path, comment=comment))[1] is marked


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("offset", "new", "found"),
    [
        (8, b"\x01\x00", "found an encrypted one"),
        (8, b"\x41\x00", "found an encrypted one"),
        (10, b"\x09\x00", "found compression method 9"),
        (24, b"\xff\xff\xff\x7f", "found 2,147,483,647 in"),
    ],
)
def test_a_member_that_is_not_read(tmp_path: Path, offset: int, new: bytes, found: str) -> None:
    """The directory is enough to refuse it: nothing is inflated."""
    archive = write_zip(tmp_path)
    file = file_of(archive)
    file.write_bytes(put_bytes(file.read_bytes(), DIRECTORY_ENTRY, offset, new))
    with pytest.raises(RefusedMemberError, match=found) as caught:
        read_directory(archive)
    assert (caught.value.archive, caught.value.member) == (archive.path, f"{NAME}.data")


@pytest.mark.parametrize("extra", [0, 1])
def test_size_and_ratio_of_a_bomb(tmp_path: Path, extra: int) -> None:
    """A bomb inflates a hundredfold and is large: small texts may be as repetitive as they like."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.data", bytes(BOMB_SIZE + extra))
    is_refused = False
    try:
        read_directory(archive_at(tmp_path / "a.zip"))
    except RefusedMemberError:
        is_refused = True
    assert is_refused is bool(extra)


@pytest.mark.parametrize(
    "name", ["../a.data", "x/../../a.data", "/a.data", "..\\a.data", "C:\\a.data", "C:a.data"]
)
def test_names_that_lead_outside(tmp_path: Path, name: str) -> None:
    """Nothing is unpacked, but an archive with such names cannot be trusted with numbers."""
    with pytest.raises(RefusedMemberError, match="leads outside"):
        names_in(tmp_path, {name: b""})


@pytest.mark.parametrize("name", ["a..b.data", "x/..a/b.data", "x/a.data", "a b.data"])
def test_names_that_stay_inside(tmp_path: Path, name: str) -> None:
    """Dots are allowed; the content of a hidden folder is litter."""
    names = names_in(tmp_path, {name: b"", "z.data": b""})
    assert names == (["z.data"] if "/..a" in name else [name, "z.data"])


# ---------------------------------------------------------------- damage


def read_all(root: Path, damage: str, until: str) -> DamagedArchiveError | None:
    """Read an archive up to a stage; return the error, if any."""
    try:
        archive = write_damaged(root, damage)
        members, _ = read_directory(archive)
        if until == "list":
            return None
        text = LineReader(archive, members[0], None)
        try:
            while until == "read" and len(lines := text.lines()):
                text.advance(len(lines))
        finally:
            text.close()
    except DamagedArchiveError as error:
        return error
    return None


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_seen_and_named(tmp_path: Path, damage: str) -> None:
    """A damaged archive fails at once: the error has expected, found, place and remedy."""
    latest = DAMAGES[damage][1]
    error = read_all(tmp_path, damage, latest)
    assert error is not None
    assert error.reason.startswith("expected a whole ZIP archive, found: ")
    assert "fetch it again (" in error.reason
    assert error.archive == f"linear/BTCUSDT/{NAME}.data.zip"
    assert error.member in (None, f"{NAME}.data")
    assert (error.member is None) or latest != "list"


@pytest.mark.parametrize("damage", ["bytes that do not inflate", "wrong checksum"])
def test_damage_inside_a_member_is_seen_when_it_is_read(tmp_path: Path, damage: str) -> None:
    """Listing archives reads no member, because it must be quick on a slow drive."""
    assert read_all(tmp_path, damage, "open") is None


def test_a_fault_of_the_drive_is_no_damage(tmp_path: Path) -> None:
    """Errors of a network or a mount pass through unchanged, to be retried."""
    with (
        pytest.raises(OSError, match="Input/output"),
        damage_reported(write_zip(tmp_path), f"{NAME}.data"),
    ):
        raise OSError(5, "Input/output error")


def test_a_missing_archive_is_named_with_its_member(tmp_path: Path) -> None:
    """Missing or unreadable; the error also names a member that was to be opened."""
    archive = write_zip(tmp_path)
    for error in (FileNotFoundError(2, "gone"), PermissionError(13, "denied")):
        with (
            pytest.raises(MissingArchiveError, match=f"found: {error.strerror}") as caught,
            damage_reported(archive, "a.data"),
        ):
            raise error
        assert (caught.value.archive, caught.value.member) == (archive.path, "a.data")


def test_a_member_that_is_gone_is_damage(tmp_path: Path) -> None:
    """An archive replaced since it was listed."""
    (member,), _ = read_directory(write_zip(tmp_path, "a.zip", {"a.data": b"x"}))
    archive = write_zip(tmp_path, "a.zip", {"b.data": b"x"})
    with pytest.raises(DamagedArchiveError, match=r"no item named 'a.data'"):
        LineReader(archive, member, None)


def test_errors_come_whole_out_of_another_process(tmp_path: Path) -> None:
    """An error that fails to unpickle would hide the original one."""
    write_zip(tmp_path, "a.zip", {"a.data": b"x"})
    program = """
import pickle, sys
from pathlib import Path
from quantgod.storage.archives.line_reader import LineReader
from quantgod.storage.archives.members import Member
from quantgod.storage.sources.folder import FolderSource
try:
    LineReader(FolderSource(Path(sys.argv[1])).list("*.zip")[0], Member("b.data", 1, 1, 1), None)
except Exception as error:
    sys.stdout.buffer.write(pickle.dumps(error))
"""
    command = [sys.executable, "-c", program, os.fspath(tmp_path)]
    ran = subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, check=True)
    error = pickle.loads(ran.stdout)  # noqa: S301 - made just now by this very test
    assert type(error) is DamagedArchiveError
    assert (error.archive, error.member, error.line) == ("a.zip", "b.data", None)
    assert str(error) == f"{error.reason} (a.zip, member b.data)"


def test_the_damage_of_a_listing_is_of_no_member(tmp_path: Path) -> None:
    """The error has only the known facts."""
    (tmp_path / "x.zip").write_bytes(b"PK")
    with pytest.raises(DamagedArchiveError) as caught:
        read_directory(archive_at(tmp_path / "x.zip"))
    assert (caught.value.member, caught.value.line) == (None, None)
    assert str(caught.value).endswith("(2 bytes here) (x.zip)")
