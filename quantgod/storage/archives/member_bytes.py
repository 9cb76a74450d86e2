"""The text of a ZIP member as bytes, read straight into the caller's buffer, its CRC-32 checked.

Deflated members go through igzip, which is several times faster than zlib. igzip reads gzip files,
and a deflated member differs from one only in its header and trailer. With these around it, igzip
writes into the given buffer without a copy, and compares checksum and size itself.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any, Protocol

from quantgod.storage.archives.isal_internals import igzip_reader

_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
PIECE = 128 << 10  # bytes of archive read at once
_LOCAL_HEADER = struct.Struct("<26xHH")  # lengths of the name and of the extra field


class ByteSource(Protocol):
    """A stream of text as bytes."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer or a part of it; returns the number of bytes, 0 at the text's end."""

    def close(self) -> None:
        """Close the file."""


def open_bytes(file: Any, name: str) -> ByteSource:
    """Open the text of a ZIP's member.

    Args:
        file: the ZIP, opened for reading; closing the text closes it.
        name: of the member.

    Raises:
        BadZipFile, LookupError, …: ``zipfile``'s errors on a bad archive, now or while it is read.
    """
    archive = zipfile.ZipFile(file)
    opened = archive.open(name)  # compares the two headers, refuses what is encrypted
    entry = archive.getinfo(name)
    if entry.compress_type not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        return Closing(opened, file)
    opened.close()
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    file.seek(sum(_LOCAL_HEADER.unpack(header)), io.SEEK_CUR)
    if entry.compress_type == zipfile.ZIP_STORED:
        return _Stored(file, entry)
    return Closing(igzip_reader(_GzipFrame(file, entry), PIECE), file)


class Closing:
    """A byte source that closes a file with it."""

    def __init__(self, source: Any, file: Any) -> None:
        self._file = file
        self.readinto = source.readinto

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _GzipFrame(io.RawIOBase):
    """A deflated member as a gzip file."""

    def __init__(self, file: Any, entry: zipfile.ZipInfo) -> None:
        self._file = file
        self._left = entry.compress_size
        self._header = _GZIP_HEADER
        self._trailer = struct.pack("<II", entry.CRC, entry.file_size & 0xFFFFFFFF)

    def readinto(self, buffer: Any, /) -> int:
        """Read some bytes of the gzip file; 0 at its end."""
        if not self._left or self._header:
            return self._frame_into(buffer)
        count: int = self._file.readinto(buffer[: self._left])
        self._left -= count
        if not count:
            raise EOFError(f"the file ends {self._left} bytes before its member does")
        return count

    def _frame_into(self, buffer: memoryview) -> int:
        """The header, or after the deflated bytes the trailer; both fit into any buffer."""
        if self._header:
            given, self._header = self._header, b""
        else:
            given, self._trailer = self._trailer, b""
        buffer[: len(given)] = given
        return len(given)


class _Stored:
    """A member without compression: its bytes are the text."""

    def __init__(self, file: Any, entry: zipfile.ZipInfo) -> None:
        self._file = file
        self._left = entry.file_size
        self._expected, self._crc = entry.CRC, 0

    def readinto(self, buffer: memoryview, /) -> int:
        """See ``ByteSource``."""
        count: int = self._file.readinto(buffer[: self._left])
        self._left -= count
        self._crc = zlib.crc32(buffer[:count], self._crc)
        if count == 0 and self._left:
            raise EOFError(f"the file ends {self._left} bytes before its member does")
        if self._left == 0 and self._crc != self._expected:
            raise zipfile.BadZipFile(f"CRC-32 is {self._crc:08x}, expected {self._expected:08x}")
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()
