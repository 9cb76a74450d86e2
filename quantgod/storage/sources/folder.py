"""A folder of archives: a disk, or a drive that is mounted already."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

from quantgod.errors import SourceError
from quantgod.storage.sources.source import Archive, FileStat

_SYSTEMS = "lost+found"  # at the top of a disk, for root alone


@dataclass(frozen=True)
class FolderSource:
    """The archives below a folder, at any depth; see ``Source``."""

    root: Path

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self.root)

    def list(self, include: str) -> Sequence[Archive]:
        """See ``Source``."""
        try:
            return self._list(include)
        except PermissionError as error:
            raise SourceError(
                f"expected a folder of archives at {self.root}, found one that this user cannot "
                f"read: {error.strerror}"
            ) from error

    def stat(self, path: str) -> FileStat:
        """See ``Source``."""
        stat = (self.root / path).stat()
        return FileStat(stat.st_size, stat.st_mtime_ns)

    def open(self, path: str) -> RawIOBase:
        """See ``Source``."""
        return (self.root / path).open("rb", buffering=0)

    def __str__(self) -> str:
        return self.location

    def _list(self, include: str) -> Sequence[Archive]:
        root = self.root
        if not root.is_dir():
            raise SourceError(f"expected a folder of archives at {root}, found {_found_at(root)}")
        count = sum(1 for _ in root.iterdir())
        _require_readable_folders(root, include)
        files = sorted(path for path in root.glob(include) if path.is_file())
        if not files:
            raise SourceError(
                f"no archive in {root} matches source.include {include!r}; the folder has "
                f"{count} entries at its top level"
            )
        return [Archive.of(self, file.relative_to(root).as_posix()) for file in files]


def archive_at(path: Path) -> Archive:
    """Describe the archive at a path, as its folder would list it.

    Raises:
        SourceError: there is no file.
    """
    file = path.absolute()
    if not file.is_file():
        raise SourceError(f"expected an archive at {path}, found no file")
    return Archive.of(FolderSource(file.parent), file.name)


def _require_readable_folders(root: Path, include: str) -> None:
    """Refuse a folder that may not be read: a glob would skip it silently."""
    fixed, recursive, _ = include.partition("**")
    if recursive:
        for folder, below, _ in os.walk(root / fixed.rpartition("/")[0], onerror=_refuse):
            if Path(folder) == root and _SYSTEMS in below:
                below.remove(_SYSTEMS)


def _refuse(error: OSError) -> None:
    if isinstance(error, PermissionError):
        raise SourceError(
            "expected readable folders below the source, found one that this user cannot read: "
            f"{error.filename}. Fix its permissions, or exclude it with source.include"
        ) from error
    if not isinstance(error, FileNotFoundError):
        raise error


def _found_at(path: Path) -> str:
    if path.exists():
        return "something that is not a folder"
    parent = next(folder for folder in path.parents if folder.is_dir())
    return f"nothing; the nearest folder that exists is {parent}"
