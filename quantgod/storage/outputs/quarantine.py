"""Files that failed validation: out of the readers' way, with their report (contract §5)."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from quantgod.storage.outputs.tables import temporary_path, write_file


@dataclass(frozen=True)
class Quarantine:
    """Where one stream's rejected output goes."""

    root: Path
    output: str  # the output's path below the output folder

    @property
    def table(self) -> Path:
        """The rejected table."""
        return self.root / self.output

    @property
    def report(self) -> Path:
        """Why it was rejected."""
        return self.table.with_suffix(".report.txt")

    @property
    def previous(self) -> Path:
        """The older output, which a rejected archive no longer vouches for."""
        return self.table.with_suffix(".previous.parquet")

    def take(self, temporary: Path, final: Path, report: str) -> None:
        """Move a rejected table here with its report; an older final file goes too."""
        write_file(report.encode(), self.report)
        if final.exists():
            _move(final, self.previous)
        _move(temporary, self.table)

    def release(self) -> None:
        """The stream is valid now: what lies here of it is out of date."""
        for path in (self.table, self.report, self.previous):
            path.unlink(missing_ok=True)


def _move(source: Path, target: Path) -> None:
    """Move a file, also onto another file system, without a half copy under its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = temporary_path(target)
    shutil.move(os.fspath(source), os.fspath(staged))
    staged.replace(target)
