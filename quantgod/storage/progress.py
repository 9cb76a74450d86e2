"""Progress of each archive: a small file of counters, written by workers and read by the parent."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class ProgressSlot:
    """The counter of one archive: a value, so that it travels to worker processes."""

    board: Path
    index: int

    def set(self, value: int) -> None:
        """Store the bytes of text read so far. Progress is best effort: ignore a missing board."""
        with suppress(FileNotFoundError), self.board.open("r+b") as file:
            file.seek(8 * self.index)
            file.write(value.to_bytes(8, "little"))


@dataclass(frozen=True)
class ProgressBoard:
    """The counters of one run."""

    path: Path

    def slot(self, index: int) -> ProgressSlot:
        """The counter of one archive."""
        return ProgressSlot(self.path, index)

    def read(self) -> list[int]:
        """Read all counters: bytes of text."""
        values: list[int] = np.frombuffer(self.path.read_bytes(), "<i8").tolist()
        return values


@contextmanager
def progress_board(slots: int) -> Iterator[ProgressBoard]:
    """Create a board, and delete it at the end."""
    with tempfile.NamedTemporaryFile(prefix="l2-progress-") as file:
        file.write(bytes(8 * slots))
        file.flush()
        yield ProgressBoard(Path(file.name))
