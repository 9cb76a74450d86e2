"""Where archives come from: the sources, by ``source.mode``."""

from collections.abc import Callable, Mapping
from pathlib import Path

from quantgod.errors import SourceError
from quantgod.storage.sources.folder import FolderSource
from quantgod.storage.sources.source import Source

# From ``paths.rclone_mount`` and ``source.remote``.
SOURCES: Mapping[str, Callable[[Path, str | None], Source]] = {
    "auto": lambda folder, _: FolderSource(folder),
    "folder": lambda folder, _: FolderSource(folder),
}


def open_source(mode: str, folder: Path, remote: str | None = None) -> Source:
    """Open the source that ``source.mode`` names; nothing of it is read yet.

    Raises:
        SourceError: the mode is not built.
    """
    if mode not in SOURCES:
        raise SourceError(
            f"source.mode {mode!r} is not implemented yet; known: {', '.join(SOURCES)}. To read a "
            "mounted drive, use source.mode folder"
        )
    return SOURCES[mode](folder, remote)
