"""Parquet files that appear complete or not at all (contract §5)."""

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

_NO_ROOM = "Free some space there, or choose another folder"
_NO_RIGHT = "Give this user permission to write there, or choose another folder"
_NO_FOLDER = "A file is in place of a folder: remove it, or choose another folder"
_NO_FILE = "A folder is in place of a file: remove it, or choose another name"

# Remedies for errors of writing that no retry would cure.
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _NO_ROOM),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _NO_RIGHT),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), _NO_FOLDER),
    errno.EISDIR: _NO_FILE,
}


@dataclass(frozen=True)
class Compression:
    """Codec and level of Parquet pages."""

    codec: str
    level: int | None = None


def temporary_path(final: Path) -> Path:
    """Path under which a file is written, in the folder of its final name."""
    return final.with_name(f".{final.name}.tmp")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn errors of writing that no retry would cure into ``OutputError``."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise  # a network or a mount: worth a retry
        raise OutputError(
            f"cannot write {path}: {error.strerror}. {_REMEDIES[error.errno]}, and run again"
        ) from error


@contextmanager
def temporary_file(final: Path) -> Iterator[BinaryIO]:
    """Open a file under its temporary name; sync it at the end, delete it after an error.

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
        with suppress(OSError):  # the original error says more
            temporary.unlink(missing_ok=True)
        raise


def write_table(
    table: pa.Table, final: Path, metadata: Mapping[str, str], compression: Compression
) -> Path:
    """Write a table under its temporary name; ``publish`` renames it.

    Raises:
        OutputError: it cannot be written.
    """
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
    codec, level = compression.codec, compression.level
    with temporary_file(final) as file:
        pq.write_table(table, file, compression=codec, compression_level=level)
    return temporary_path(final)


def publish(temporary: Path, final: Path) -> None:
    """Give a complete, checked file its final name, and sync the folder.

    Raises:
        OutputError: renaming failed; the temporary file is deleted.
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
    # Read one handle to its end: with a memory map, a replaced file could change the data.
    with path.open("rb") as file:
        return pq.read_table(file, columns=columns, partitioning=None)


def read_row_count(path: Path) -> int:
    """Read the number of rows from a Parquet footer."""
    return int(pq.read_metadata(path).num_rows)


def read_metadata(path: Path) -> dict[str, str] | None:
    """Read the key-value metadata of a Parquet file; None if there is no readable file."""
    try:
        found = pq.read_metadata(path).metadata
    except pa.ArrowInvalid:
        return None
    except OSError as error:
        # pyarrow raises errors without errno for a truncated file.
        if error.errno in (None, errno.ENOENT, errno.ENOTDIR):
            return None
        raise
    return {k.decode(): v.decode() for k, v in (found or {}).items() if k != b"ARROW:schema"}
