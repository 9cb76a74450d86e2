"""Parquet files that appear whole or not at all (contract §5)."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Compression:
    """What Parquet pages are compressed with."""

    codec: str
    level: int | None = None


def temporary_path(final: Path) -> Path:
    """The name under which a file is made, in the folder of its final name."""
    return final.with_name(f".{final.name}.tmp")


def write_table(
    table: pa.Table, final: Path, metadata: Mapping[str, str], compression: Compression
) -> Path:
    """Write a table under its temporary name, fsynced; ``publish`` gives it its final one."""
    temporary = temporary_path(final)
    temporary.parent.mkdir(parents=True, exist_ok=True)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
    try:
        with temporary.open("wb") as file:
            pq.write_table(
                table, file, compression=compression.codec, compression_level=compression.level
            )
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def publish(temporary: Path, final: Path) -> None:
    """Give a whole, checked file its final name; lasting once the folder is synced."""
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_file(content: bytes, final: Path) -> None:
    """Write a small file atomically."""
    temporary = temporary_path(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    publish(temporary, final)


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
