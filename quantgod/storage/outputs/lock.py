"""A lock per output folder, so that only one run writes to it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quantgod.errors import OutputBusyError
from quantgod.storage.outputs.tables import writing


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Lock a folder for this process. The system releases it when the process ends, even if killed.

    Raises:
        OutputBusyError: another run holds the lock.
        OutputError: the folder cannot be created, or written to.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputBusyError(
                f"another run is writing to {folder}: wait for it, or give this one other "
                "folders (paths.bars, paths.processed_output)"
            ) from None
        yield
