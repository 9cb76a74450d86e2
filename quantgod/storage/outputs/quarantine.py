"""Quarantine for files that failed validation, each with its report (contract §5)."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from quantgod.storage.outputs.tables import temporary_path, write_file


@dataclass(frozen=True)
class Quarantine:
    """The quarantine of one stream's output."""

    table: Path  # the rejected one

    @property
    def report(self) -> Path:
        """The report with the reasons."""
        return self.table.with_suffix(".report.txt")

    @property
    def previous(self) -> Path:
        """The older output, withdrawn because its archive has been rejected since."""
        return self.table.with_suffix(".previous.parquet")

    def take(self, temporary: Path, final: Path, report: str) -> None:
        """Move a rejected table here with its report, and an older final file as well."""
        write_file(report.encode(), self.report)
        if final.exists():
            _move(final, self.previous)
        _move(temporary, self.table)

    def release(self) -> None:
        """Delete what is here, now that the stream is valid."""
        for path in (self.table, self.report, self.previous):
            path.unlink(missing_ok=True)


def _move(source: Path, target: Path) -> None:
    """Move a file atomically, even to another file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = temporary_path(target)
    shutil.move(os.fspath(source), os.fspath(staged))
    staged.replace(target)
