"""Where the archives come from. Today a folder; a mount or a served remote may stand behind it."""

from __future__ import annotations

import os
from pathlib import Path

from quantgod.errors import SourceError
from quantgod.storage.archives.archive import Archive, find_archives

BUILT_MODES = ("auto", "folder")

_SYSTEMS = "lost+found"  # at the top of a disk, for root alone


def open_folder(root: Path, include: str, mode: str) -> list[Archive]:
    """The archives of a source folder.

    Raises:
        SourceError: says what was found in the folder's place.
        OSError: the folder cannot be read.
    """
    if mode not in BUILT_MODES:
        raise SourceError(
            f"source.mode {mode!r} is not built yet; known: {', '.join(BUILT_MODES)}. A drive that "
            "is mounted already is read with source.mode folder"
        )
    try:
        return _find_archives(root, include)
    except PermissionError as error:
        raise SourceError(
            f"expected a folder of archives at {root}, found one that this user may not read: "
            f"{error.strerror}"
        ) from error


def _find_archives(root: Path, include: str) -> list[Archive]:
    if not root.is_dir():
        raise SourceError(f"expected a folder of archives at {root}, found {_found_at(root)}")
    held = sum(1 for _ in root.iterdir())
    _require_folders(root, include)
    archives = find_archives(root, include)
    if not archives:
        raise SourceError(
            f"no archive in {root} matches source.include {include!r}; the folder holds "
            f"{held} entries at its top"
        )
    return archives


def _require_folders(root: Path, include: str) -> None:
    """A pattern would pass over a folder that may not be read, and say nothing."""
    fixed, recursive, _ = include.partition("**")
    if recursive:
        for folder, below, _ in os.walk(root / fixed.rpartition("/")[0], onerror=_refuse):
            if Path(folder) == root and _SYSTEMS in below:
                below.remove(_SYSTEMS)


def _refuse(error: OSError) -> None:
    if isinstance(error, PermissionError):
        raise SourceError(
            "expected folders that this user may read below the source, found one that it may not: "
            f"{error.filename}. Give it the right, or a source.include that leaves the folder out"
        ) from error
    if not isinstance(error, FileNotFoundError):
        raise error


def _found_at(path: Path) -> str:
    if path.exists():
        return "something that is no folder"
    parent = next(folder for folder in path.parents if folder.is_dir())
    return f"nothing; the nearest folder that exists is {parent}"
