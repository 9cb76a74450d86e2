"""The members of a ZIP or gzip archive, and the errors for one that is damaged."""

from __future__ import annotations

import errno
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from isal import isal_zlib

from quantgod.errors import DamagedArchiveError, RefusedMemberError
from quantgod.storage.archives.gzip_files import is_gzip, name_of_member, read_crc32
from quantgod.storage.archives.member_rules import is_litter, why_refused
from quantgod.storage.sources.source import Archive, absence_reported

# The ZIP comment of an archive that the project generated begins with it.
SYNTHETIC_COMMENT = b"synthetic"

_LIKELY_RATIO = 10  # text to gzip file: rows of an order book compress well

# Raised by ``zipfile`` and igzip on damaged files; LookupError: no such member.
_DAMAGE: Any = (
    zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, isal_zlib.error, EOFError,
    NotImplementedError, RuntimeError, UnicodeDecodeError, LookupError,
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One entry of an archive's directory."""

    name: str
    size: int | None  # bytes of text; None: a gzip file does not say
    compressed_size: int
    crc32: int

    @property
    def likely_size(self) -> int:
        """Bytes of text, or an estimate: good enough for progress, and for nothing else."""
        return _LIKELY_RATIO * self.compressed_size if self.size is None else self.size


@contextmanager
def damage_reported(archive: Archive, member: str | None = None) -> Iterator[None]:
    """Turn the errors for an archive that is damaged or gone into an ``ArchiveError``."""
    try:
        with absence_reported(archive, member):
            yield
    except (*_DAMAGE, OSError) as error:
        # EINVAL: a seek to an offset that no file has. Any other OSError is the drive's fault.
        if not isinstance(error, _DAMAGE) and getattr(error, "errno", None) != errno.EINVAL:
            raise
        kind = "gzip file" if is_gzip(archive.path) else "ZIP archive"
        reason = f"expected a whole {kind}, found: {str(error) or type(error).__name__}"
        raise DamagedArchiveError(
            f"{reason}; fetch it again ({archive.size:,} bytes here)", archive.path, member
        ) from error


def read_directory(archive: Archive) -> tuple[list[Member], bool]:
    """The archive's members, without litter, and whether the project itself made it.

    Raises:
        MissingArchiveError: it is gone, or may not be read.
        DamagedArchiveError: it is not what its name says, or holds nothing to read.
        RefusedMemberError: a member is not to be read.
    """
    with damage_reported(archive), io.BufferedReader(archive.open()) as file:
        if is_gzip(archive.path):
            crc32 = read_crc32(file)
            return [Member(name_of_member(archive.path), None, archive.size, crc32)], False
        with zipfile.ZipFile(file) as opened:
            entries = [e for e in opened.infolist() if not e.is_dir() and not is_litter(e.filename)]
            is_synthetic = opened.comment.startswith(SYNTHETIC_COMMENT)
    if not entries:
        raise DamagedArchiveError("expected a member, found none; fetch it again", archive.path)
    for entry in entries:
        if reason := why_refused(entry):
            raise RefusedMemberError(reason, archive.path, entry.filename)
    members = [Member(e.filename, e.file_size, e.compress_size, e.CRC) for e in entries]
    return members, is_synthetic
