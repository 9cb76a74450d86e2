"""How far each archive is: a small file of counters that worker processes write and one reads."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class ProgressSlot:
    """One archive's counter; a value, so that it travels to worker processes."""

    board: Path
    index: int

    def set(self, value: int) -> None:
        """Store how many bytes of text are read. A board that is gone is nobody's loss."""
        try:
            with self.board.open("r+b") as file:
                file.seek(8 * self.index)
                file.write(value.to_bytes(8, "little"))
        except FileNotFoundError:
            return


class ProgressBoard:
    """Counters of one run; removed when the run ends."""

    def __init__(self, slots: int) -> None:
        with tempfile.NamedTemporaryFile(prefix="l2-progress-", delete=False) as file:
            file.write(bytes(8 * slots))
        self._path = Path(file.name)

    def slot(self, index: int) -> ProgressSlot:
        """The counter of one archive."""
        return ProgressSlot(self._path, index)

    def read(self) -> list[int]:
        """All counters: bytes of text read."""
        values: list[int] = np.frombuffer(self._path.read_bytes(), "<i8").tolist()
        return values

    def close(self) -> None:
        """Remove the board."""
        self._path.unlink(missing_ok=True)
