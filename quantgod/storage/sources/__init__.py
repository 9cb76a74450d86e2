"""Where archives come from: the sources, by ``source.mode``."""

from collections.abc import Callable, Mapping
from pathlib import Path

from quantgod.errors import SourceError
from quantgod.storage.sources.folder import FolderSource
from quantgod.storage.sources.source import Source

FolderOf = Callable[[], Path]  # ``paths.rclone_mount``; raises SettingsError for the placeholder

# Each opens a source from the folder, which it need not ask for, and from ``source.remote``.
SOURCES: Mapping[str, Callable[[FolderOf, str | None], Source]] = {
    "auto": lambda folder, _: FolderSource(folder()),
    "folder": lambda folder, _: FolderSource(folder()),
}


def open_source(mode: str, folder: FolderOf, remote: str | None = None) -> Source:
    """Open the source that ``source.mode`` names; nothing of it is read yet.

    Raises:
        SettingsError: the source needs a folder, and it is still the placeholder.
        SourceError: the mode is not implemented.
    """
    if mode not in SOURCES:
        folder()  # a placeholder is the first mistake to report
        raise SourceError(
            f"source.mode {mode!r} is not implemented yet; known: {', '.join(SOURCES)}. To read a "
            "mounted drive, use source.mode folder"
        )
    return SOURCES[mode](folder, remote)
