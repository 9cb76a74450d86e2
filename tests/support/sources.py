"""A source in memory, and keepers: each fills one kind of source and changes its archives."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path
from typing import Any, Protocol

from quantgod.errors import SourceError
from quantgod.storage.sources.folder import FolderSource
from quantgod.storage.sources.source import Archive, FileStat, Source
from quantgod.synthetic.demo import SyntheticSource


@dataclass(frozen=True)
class MemorySource:
    """Archives as bytes and modification time, by path; see `Source`."""

    location: str
    files: MutableMapping[str, tuple[bytes, int]] = field(default_factory=dict, compare=False)

    def list(self, include: str) -> Sequence[Archive]:
        """See `Source`."""
        paths = [path for path in self.files if _matches(path.split("/"), include.split("/"))]
        if not paths:
            raise SourceError(f"no archive in {self.location} matches source.include {include!r}")
        return [Archive.of(self, path) for path in sorted(paths, key=lambda p: p.split("/"))]

    def stat(self, path: str) -> FileStat:
        """See `Source`."""
        content, mtime_ns = self._file(path)
        return FileStat(len(content), mtime_ns)

    def open(self, path: str) -> io.RawIOBase:
        """See `Source`."""
        return _RawBytes(self._file(path)[0])

    def _file(self, path: str) -> tuple[bytes, int]:
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path]


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether a path's parts match those of a glob as `pathlib` reads it."""
    if not pattern or not parts:
        return not pattern and not parts
    first, *rest = pattern
    if first == "**":
        return any(_matches(parts[skipped:], rest) for skipped in range(len(parts)))
    return bool(re.match(translate(first), parts[0])) and _matches(parts[1:], rest)


class _RawBytes(io.RawIOBase):
    """Bytes as a raw file, which shares only `readinto` and `seek` with a buffered one."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._file.readinto(buffer)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)


class Keeper(Protocol):
    """Puts archives into a source of one kind."""

    @property
    def source(self) -> Source:
        """Return the source with the archives put into it."""

    def put(self, path: str, content: bytes, mtime_ns: int) -> None:
        """Write or overwrite an archive."""

    def remove(self, path: str) -> None:
        """Remove an archive."""


class FolderKeeper:
    """Keeps a folder of archives."""

    kind: type[FolderSource] = FolderSource

    def __init__(self, root: Path) -> None:
        self._root = root
        self.source: Source = self.kind(root)

    def put(self, path: str, content: bytes, mtime_ns: int) -> None:
        """See `Keeper`."""
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, ns=(mtime_ns, mtime_ns))

    def remove(self, path: str) -> None:
        """See `Keeper`."""
        (self._root / path).unlink()


class SyntheticKeeper(FolderKeeper):
    """Keeps the demo's folder, with the user's own archives in it."""

    kind = SyntheticSource


class MemoryKeeper:
    """Keeps a source in memory."""

    def __init__(self, root: Path) -> None:
        self._memory = MemorySource(f"memory:{root}")
        self.source: Source = self._memory

    def put(self, path: str, content: bytes, mtime_ns: int) -> None:
        """See `Keeper`."""
        self._memory.files[path] = (content, mtime_ns)

    def remove(self, path: str) -> None:
        """See `Keeper`."""
        del self._memory.files[path]


# Every kind of source needs a line here: the contract's tests run on each of them.
KEEPERS: dict[str, Callable[[Path], Keeper]] = {
    "folder": FolderKeeper,
    "memory": MemoryKeeper,
    "synthetic": SyntheticKeeper,
}
