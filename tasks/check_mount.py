"""Stage: list the archives of the source, or fail with what was found instead."""

from collections.abc import Sequence

from quantgod.storage.sources.source import Archive, Source
from tasks.stage import stage


@stage("check_mount {source}")
def check_mount(source: Source, include: str) -> Sequence[Archive]:
    """List the source's archives that match a pattern."""
    return source.list(include)
