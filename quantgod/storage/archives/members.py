"""The members of a ZIP or gzip archive: which are read, which are refused, which are damaged.

A gzip file has no directory: ``NAME.gz`` is an archive of one member, ``NAME``. It ends with the
checksum and the size (modulo 4 GiB) of its last part. Concatenated parts are read as one text.
"""

import errno
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO

from isal import isal_zlib

from quantgod.errors import DamagedArchiveError, RefusedMemberError
from quantgod.storage.sources.source import Archive, absence_reported

# The ZIP comment of an archive that the project generated begins with it.
SYNTHETIC_COMMENT = b"synthetic"

# A bomb unpacks to a hundred times its size or more, order-book text to about ten times.
BOMB_RATIO, BOMB_SIZE = 100, 64 << 20
_LIKELY_RATIO = 10

_LITTER = ("__MACOSX", ".")
_ENCRYPTED = 1  # a bit of a member's flags
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

_GZIP_SUFFIX = ".gz"
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_TRAILER_BYTES = 8  # checksum and size
_SHORTEST_GZIP = 10 + 2 + _GZIP_TRAILER_BYTES  # header, nothing deflated, trailer

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
    crc32: int  # of a gzip file: of its last part

    @property
    def likely_size(self) -> int:
        """Bytes of text, or an estimate: good enough for progress, and for nothing else."""
        return _LIKELY_RATIO * self.compressed_size if self.size is None else self.size


def is_gzip(path: str) -> bool:
    """Whether an archive's name is that of a gzip file."""
    return path.lower().endswith(_GZIP_SUFFIX)


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
    """Read the archive's members, without litter, and whether the project itself made it.

    Raises:
        MissingArchiveError: it is gone, or may not be read.
        DamagedArchiveError: it is not what its name says, or holds nothing to read.
        RefusedMemberError: a member is unsupported or unsafe to read.
    """
    with damage_reported(archive), io.BufferedReader(archive.open()) as file:
        if is_gzip(archive.path):
            name = PurePosixPath(archive.path).name[: -len(_GZIP_SUFFIX)]
            return [Member(name, None, archive.size, _read_gzip_crc32(file))], False
        with zipfile.ZipFile(file) as opened:
            entries = [e for e in opened.infolist() if not e.is_dir() and not _is_litter(e)]
            is_synthetic = opened.comment.startswith(SYNTHETIC_COMMENT)
    if not entries:
        raise DamagedArchiveError("expected a member, found none; fetch it again", archive.path)
    for entry in entries:
        if reason := _why_refused(entry):
            raise RefusedMemberError(reason, archive.path, entry.filename)
    members = [Member(e.filename, e.file_size, e.compress_size, e.CRC) for e in entries]
    return members, is_synthetic


def _read_gzip_crc32(file: BinaryIO) -> int:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(len(_GZIP_MAGIC)) != _GZIP_MAGIC:
        raise gzip.BadGzipFile("other bytes at its start" if size else "an empty file")
    if size < _SHORTEST_GZIP:
        raise EOFError(f"{size} bytes, fewer than any gzip file has")
    file.seek(-_GZIP_TRAILER_BYTES, io.SEEK_END)
    return int.from_bytes(file.read(4), "little")


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    """Whether a member is a hidden file or one of macOS's, and no data."""
    parts = PurePosixPath(entry.filename).parts
    return not _leads_outside(entry) and any(part.startswith(_LITTER) for part in parts)


def _leads_outside(entry: zipfile.ZipInfo) -> bool:
    """Whether a name leaves its folder: nothing is unpacked, but it is a sign of tampering."""
    path = PureWindowsPath(entry.filename)  # knows both kinds of slash, and drives
    return bool(path.anchor) or ".." in path.parts


def _why_refused(entry: zipfile.ZipInfo) -> str | None:
    """Explain why a member of a whole ZIP is refused; None if it is read."""
    if entry.flag_bits & _ENCRYPTED:
        return (
            "expected a member without a password, found an encrypted one; re-create the ZIP "
            "without a password"
        )
    if (method := entry.compress_type) not in _METHODS:
        return (
            f"expected deflate, found compression method {method}; re-create the ZIP with deflate"
        )
    if entry.file_size > max(BOMB_SIZE, BOMB_RATIO * entry.compress_size):
        return (
            f"expected at most {BOMB_RATIO} bytes of text per compressed byte, found "
            f"{entry.file_size:,} in {entry.compress_size:,}: this is not order-book text"
        )
    if _leads_outside(entry):
        return (
            "expected a member name inside the ZIP, found one that leads outside; do not trust "
            "this archive"
        )
    return None
