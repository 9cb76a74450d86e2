"""Gzip files as archives of one member: ``NAME.gz`` holds the text ``NAME``.

A gzip file has no directory. It ends with the checksum and the size (modulo 4 GiB) of its last
part. Concatenated parts are read as one text.
"""

from __future__ import annotations

import gzip
import io
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from quantgod.storage.archives.isal_internals import igzip_reader
from quantgod.storage.archives.member_bytes import PIECE, ByteSource, Closing

_SUFFIX = ".gz"
_MAGIC = b"\x1f\x8b"
_TRAILER_BYTES = 8  # checksum and size
_SHORTEST = 10 + 2 + _TRAILER_BYTES  # header, nothing deflated, trailer


def is_gzip(path: str) -> bool:
    """Whether an archive's name is that of a gzip file."""
    return path.lower().endswith(_SUFFIX)


def name_of_member(path: str) -> str:
    """The name of the text that a gzip file holds."""
    return PurePosixPath(path).name[: -len(_SUFFIX)]


def read_crc32(file: BinaryIO) -> int:
    """The CRC-32 at the end of a gzip file: of its text, or of the last part of it.

    Raises:
        EOFError, BadGzipFile: it is no gzip file.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(len(_MAGIC)) != _MAGIC:
        raise gzip.BadGzipFile("other bytes at its start" if size else "an empty file")
    if size < _SHORTEST:
        raise EOFError(f"{size} bytes, fewer than any gzip file has")
    file.seek(-_TRAILER_BYTES, io.SEEK_END)
    return int.from_bytes(file.read(4), "little")


def open_gzip(file: Any) -> ByteSource:
    """Open the text of a gzip file; closing it closes the file.

    Every part's checksum is compared. Reading raises igzip's errors on a file that is cut short or
    damaged.
    """
    return Closing(igzip_reader(file, PIECE), file)
