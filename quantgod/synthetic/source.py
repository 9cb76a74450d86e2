"""The demo's source: a folder that is filled with generated archives when it holds none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quantgod.storage.sources.folder import FolderSource
from quantgod.storage.sources.source import Archive
from quantgod.synthetic.demo import fill

REMOTE = "synthetic:"  # of ``source.remote``


@dataclass(frozen=True)
class SyntheticSource(FolderSource):
    """Archives of the user's own in the folder are taken in place of generated ones."""

    @property
    def is_empty(self) -> bool:
        """Whether listing will fill the folder first."""
        return not (self.root.is_dir() and any(self.root.rglob("*.zip")))

    def list(self, include: str) -> Sequence[Archive]:
        """See ``Source``; generates the archives that the folder lacks."""
        if self.is_empty:
            fill(self.root)
        return super().list(include)
