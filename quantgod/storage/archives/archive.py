"""ZIP and gzip archives below the source folder, and their members."""

from __future__ import annotations

import errno
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isal import isal_zlib

from quantgod.errors import (
    ArchiveError,
    DamagedArchiveError,
    MissingArchiveError,
    RefusedMemberError,
)
from quantgod.storage.archives.gzip_files import is_gzip, name_of_member, read_crc32
from quantgod.storage.archives.member_rules import is_litter, why_refused

# An archive whose ZIP comment starts so was made by the project, not by a venue.
SYNTHETIC_COMMENT = b"synthetic"

_LIKELY_RATIO = 10  # of text to gzip file: rows of an order book are much alike

# What ``zipfile`` and igzip raise on bytes that are no whole ZIP; LookupError: names not there.
_DAMAGE: Any = (
    zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, isal_zlib.error, EOFError,
    NotImplementedError, RuntimeError, UnicodeDecodeError, LookupError,
)  # fmt: skip

_GONE = (FileNotFoundError, NotADirectoryError, PermissionError)


@dataclass(frozen=True)
class Archive:
    """A ZIP or gzip file as it was when it was listed."""

    root: Path  # the source folder
    path: str  # below it, with forward slashes
    size: int
    mtime_ns: int

    @property
    def file(self) -> Path:
        """Where it can be opened."""
        return self.root / self.path

    def check_unchanged(self) -> None:
        """Raise if the file is no longer the one that was listed."""
        with damage_reported(self):
            now = self.file.stat()
        if (now.st_size, now.st_mtime_ns) != (self.size, self.mtime_ns):
            raise ArchiveError("the archive changed while it was read; run again", self.path)

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class Member:
    """One entry of an archive's directory."""

    name: str
    size: int | None  # bytes of text; None: a gzip file does not tell
    compressed_size: int
    crc32: int

    @property
    def likely_size(self) -> int:
        """Bytes of text, or about as many: to show how far things are, and for nothing else."""
        return _LIKELY_RATIO * self.compressed_size if self.size is None else self.size


def find_archives(root: Path, include: str) -> list[Archive]:
    """The archives below ``root`` that match a glob, sorted by path."""
    files = sorted(path for path in root.glob(include) if path.is_file())
    return [_archive(root, path) for path in files]


def _archive(root: Path, path: Path) -> Archive:
    stat = path.stat()
    return Archive(root, path.relative_to(root).as_posix(), stat.st_size, stat.st_mtime_ns)


@contextmanager
def damage_reported(archive: Archive, member: str | None = None) -> Iterator[None]:
    """Turn what is raised on a bad archive, or on one that is gone, into an ``ArchiveError``."""
    try:
        yield
    except _GONE as error:
        raise MissingArchiveError(
            f"expected the archive that was listed, found: {error.strerror}. Is the drive still "
            "there, and may this user read it? Then run again",
            archive.path,
            member,
        ) from error
    except (*_DAMAGE, OSError) as error:
        # EINVAL: a seek to where no file reaches. Any other OSError is the drive's, not the ZIP's.
        if not isinstance(error, _DAMAGE) and getattr(error, "errno", None) != errno.EINVAL:
            raise
        kind = "gzip file" if is_gzip(archive.path) else "ZIP archive"
        reason = f"expected a whole {kind}, found: {str(error) or type(error).__name__}"
        raise DamagedArchiveError(
            f"{reason}; fetch it again ({archive.size:,} bytes here)", archive.path, member
        ) from error


def list_members(archive: Archive) -> tuple[list[Member], bool]:
    """The archive's members, without litter, and whether the project itself made it.

    Raises:
        MissingArchiveError: it is gone, or may not be read.
        DamagedArchiveError: not what its name says, or it holds nothing to read.
        RefusedMemberError: a member is not to be read.
    """
    if is_gzip(archive.path):
        return [_gzip_member(archive)], False
    with damage_reported(archive), zipfile.ZipFile(archive.file) as opened:
        entries = [e for e in opened.infolist() if not e.is_dir() and not is_litter(e.filename)]
        is_synthetic = opened.comment.startswith(SYNTHETIC_COMMENT)
    if not entries:
        raise DamagedArchiveError("expected a member, found none; fetch it again", archive.path)
    for entry in entries:
        if reason := why_refused(entry):
            raise RefusedMemberError(reason, archive.path, entry.filename)
    members = [Member(e.filename, e.file_size, e.compress_size, e.CRC) for e in entries]
    return members, is_synthetic


def _gzip_member(archive: Archive) -> Member:
    with damage_reported(archive):
        return Member(
            name_of_member(archive.path), None, archive.size, read_crc32(archive.file)
        )  # fmt: skip
