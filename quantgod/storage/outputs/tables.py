"""Parquet files that appear whole or not at all (contract §5)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from quantgod.errors import OutputError

_NO_ROOM = "Free some room there, or take another folder"
_NO_RIGHT = "Let this user write there, or take another folder"

# Why a file cannot be written, where waiting does not help, and what does.
_REMEDIES = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EROFS: _NO_RIGHT,
    errno.ENOTDIR: "A file stands where a folder should: remove it, or take another folder",
    errno.EEXIST: "A file stands where a folder should: remove it, or take another folder",
    errno.EISDIR: "A folder stands where a file should: remove it, or take another name",
}


@dataclass(frozen=True)
class Compression:
    """What Parquet pages are compressed with."""

    codec: str
    level: int | None = None


def temporary_path(final: Path) -> Path:
    """The name under which a file is made, in the folder of its final name."""
    return final.with_name(f".{final.name}.tmp")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise what keeps a file from being written, and will not pass, as ``OutputError``."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise  # of a network or a mount: worth another try
        raise OutputError(
            f"cannot write {path}: {error.strerror}. {_REMEDIES[error.errno]}, and run again"
        ) from error


@contextmanager
def temporary_file(final: Path) -> Iterator[BinaryIO]:
    """A file to fill under its temporary name: fsynced at the end, gone after an error.

    Raises:
        OutputError: it cannot be written.
    """
    temporary = temporary_path(final)
    with writing(final), _gone_on_error(temporary):
        final.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def _gone_on_error(temporary: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):  # the error under way says more
            temporary.unlink(missing_ok=True)
        raise


def write_table(
    table: pa.Table, final: Path, metadata: Mapping[str, str], compression: Compression
) -> Path:
    """Write a table under its temporary name; ``publish`` gives it its final one.

    Raises:
        OutputError: it cannot be written.
    """
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
    with temporary_file(final) as file:
        pq.write_table(
            table, file, compression=compression.codec, compression_level=compression.level
        )
    return temporary_path(final)


def publish(temporary: Path, final: Path) -> None:
    """Give a whole, checked file its final name; lasting once the folder is synced.

    Raises:
        OutputError: it cannot be given; the temporary file is gone.
    """
    with writing(final), _gone_on_error(temporary):
        temporary.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_file(content: bytes, final: Path) -> None:
    """Write a small file atomically.

    Raises:
        OutputError: it cannot be written.
    """
    with temporary_file(final) as file:
        file.write(content)
    publish(temporary_path(final), final)


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a Parquet file, or some of its columns."""
    # One handle read to its end: no memory map, so a replaced file cannot change under us.
    with path.open("rb") as file:
        return pq.read_table(file, columns=columns, partitioning=None)


def read_row_count(path: Path) -> int:
    """Rows of a Parquet file, from its footer."""
    return int(pq.read_metadata(path).num_rows)


def read_metadata(path: Path) -> dict[str, str] | None:
    """The key-value metadata of a Parquet file; None if there is no readable file."""
    try:
        found = pq.read_metadata(path).metadata
    except pa.ArrowInvalid:
        return None
    except OSError as error:
        # pyarrow's own complaints about a torn file carry no errno.
        if error.errno in (None, errno.ENOENT, errno.ENOTDIR):
            return None
        raise
    return {
        key.decode(): value.decode()
        for key, value in (found or {}).items()
        if key != b"ARROW:schema"
    }
