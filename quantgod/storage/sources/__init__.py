"""Where archives come from: the sources, by ``source.mode``."""

from collections.abc import Callable, Mapping
from pathlib import Path

from quantgod.errors import SourceError
from quantgod.storage.sources.folder import FolderSource
from quantgod.storage.sources.source import Source


def _open_folder(folder: Path, _remote: str | None) -> Source:
    return FolderSource(folder)


SOURCES: Mapping[str, Callable[[Path, str | None], Source]] = {
    "auto": _open_folder,
    "folder": _open_folder,
}


def open_source(mode: str, folder: Path, remote: str | None = None) -> Source:
    """The source that a mode names; nothing of it is read yet.

    Args:
        mode: ``source.mode``.
        folder: ``paths.rclone_mount``.
        remote: ``source.remote``, for the modes that need one.

    Raises:
        SourceError: the mode is not built.
    """
    if mode not in SOURCES:
        raise SourceError(
            f"source.mode {mode!r} is not implemented yet; known: {', '.join(SOURCES)}. To read a "
            "mounted drive, use source.mode folder"
        )
    return SOURCES[mode](folder, remote)
