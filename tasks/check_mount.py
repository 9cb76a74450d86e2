"""Stage: is the source there, and which archives does it hold?"""

from __future__ import annotations

from collections.abc import Sequence

from quantgod.storage.sources.source import Archive, Source
from tasks.stage import stage


@stage("check_mount {source}")
def check_mount(source: Source, include: str) -> Sequence[Archive]:
    """The source's archives; an error says what was found instead."""
    return source.list(include)
