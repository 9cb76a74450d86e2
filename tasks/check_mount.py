"""Stage: is the source there, and which archives does it hold?"""

from __future__ import annotations

from pathlib import Path

from quantgod.storage.archives.archive import Archive
from quantgod.storage.sources.folder import open_folder
from tasks.stage import stage


@stage("check_mount {root}")
def check_mount(root: Path, include: str, mode: str) -> list[Archive]:
    """The archives below the source folder; an error says what was found instead."""
    return open_folder(root, include, mode)
