"""A source of archives: list them, stat one, open one. Callers never know which kind it is.

A source is a value: archives hold it, are compared and hashed with it, and travel to worker
processes. Every source passes ``tests/storage/test_source_contract.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from typing import NamedTuple, Protocol

from quantgod.errors import ArchiveError, MissingArchiveError

GONE = (FileNotFoundError, NotADirectoryError)  # no file at that path


class FileStat(NamedTuple):
    """Shows whether an archive is still the one that was listed."""

    size: int  # bytes
    mtime_ns: int  # modified, since the Unix epoch


class Source(Protocol):
    """Where archives are read from. Paths are relative to it, with forward slashes."""

    @property
    def location(self) -> str:
        """Its name in messages and in the records of bars."""

    def list(self, include: str) -> Sequence[Archive]:
        """List the archives that match a glob of ``pathlib``, sorted by the parts of their paths.

        Raises:
            SourceError: there are none, or the source cannot be used.
            OSError: it cannot be read.
        """

    def stat(self, path: str) -> FileStat:
        """Read the size and time of one archive.

        Raises:
            FileNotFoundError, NotADirectoryError: there is no such file.
            OSError: the source cannot be read.
        """

    def open(self, path: str) -> RawIOBase:
        """Open an archive as a seekable binary file; raises as ``stat``.

        A read falls short only at the file's end.
        """


@dataclass(frozen=True)
class Archive:
    """A ZIP or gzip file as it was when it was listed."""

    source: Source
    path: str
    size: int  # bytes
    mtime_ns: int

    @classmethod
    def of(cls, source: Source, path: str) -> Archive:
        """Describe the archive at a path of a source as it is now; raises as ``Source.stat``."""
        return cls(source, path, *source.stat(path))

    def open(self) -> RawIOBase:
        """Open the file; raises as ``Source.open``."""
        return self.source.open(self.path)

    def check_unchanged(self) -> None:
        """Raise if the file is no longer the one that was listed."""
        with absence_reported(self):
            now = self.source.stat(self.path)
        if now != (self.size, self.mtime_ns):
            raise ArchiveError("the archive changed while it was read; run again", self.path)

    def __str__(self) -> str:
        return self.path


@contextmanager
def absence_reported(archive: Archive, member: str | None = None) -> Iterator[None]:
    """Turn the error for a file that is gone, or may not be read, into an ``ArchiveError``."""
    try:
        yield
    except (*GONE, PermissionError) as error:
        raise MissingArchiveError(
            f"expected the archive that was listed, found: {error.strerror}. Check that the "
            "drive is connected and readable, then run again",
            archive.path,
            member,
        ) from error
