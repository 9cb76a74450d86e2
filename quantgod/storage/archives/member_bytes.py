"""The text of a ZIP member as bytes, read straight into the caller's buffer, its CRC-32 checked.

Deflated members go through igzip, which is several times faster than zlib. igzip reads gzip files,
and a deflated member differs from one only in its header and trailer. With these around it, igzip
writes into the given buffer without a copy, and compares checksum and size itself.
"""

import io
import struct
import zipfile
import zlib
from typing import Any, Protocol, cast

from quantgod.storage.archives.isal_internals import igzip_reader

_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
_LOCAL_HEADER = struct.Struct("<26xHH")  # lengths of the name and of the extra field


class ByteSource(Protocol):
    """A stream of text as bytes."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer or a part of it; returns the number of bytes, 0 at the text's end."""


def open_bytes(file: Any, name: str) -> ByteSource:
    """Open the text of a member of the ZIP in a binary file.

    Raises:
        BadZipFile, LookupError, …: ``zipfile``'s errors on a bad archive, now or while it is read.
    """
    archive = zipfile.ZipFile(file)
    opened = archive.open(name)  # compares the two headers, refuses what is encrypted
    entry = archive.getinfo(name)
    if entry.compress_type not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        return cast(ByteSource, opened)
    opened.close()
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    file.seek(sum(_LOCAL_HEADER.unpack(header)), io.SEEK_CUR)
    if entry.compress_type == zipfile.ZIP_STORED:
        return _Stored(file, entry)
    return cast(ByteSource, igzip_reader(_GzipFrame(file, entry)))


class _GzipFrame(io.RawIOBase):
    """A deflated member as a gzip file."""

    def __init__(self, file: Any, entry: zipfile.ZipInfo) -> None:
        self._file = file
        self._left = entry.compress_size
        self._header = _GZIP_HEADER
        self._trailer = struct.pack("<II", entry.CRC, entry.file_size & 0xFFFFFFFF)

    def readinto(self, buffer: Any, /) -> int:
        """Read some bytes of the gzip file; 0 at its end."""
        if self._left and not self._header:
            count = _read_member(self._file, buffer, self._left)
            self._left -= count
            return count
        # The header and, after the deflated bytes, the trailer fit into any buffer.
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
        count = _read_member(self._file, buffer, self._left)
        self._left -= count
        self._crc = zlib.crc32(buffer[:count], self._crc)
        if self._left == 0 and self._crc != self._expected:
            raise zipfile.BadZipFile(f"CRC-32 is {self._crc:08x}, expected {self._expected:08x}")
        return count


def _read_member(file: Any, buffer: Any, left: int) -> int:
    """Read into the buffer some of the ``left`` bytes that a member still has."""
    count: int = file.readinto(buffer[:left])
    if left and not count:
        raise EOFError(f"the file ends {left} bytes before its member does")
    return count
