"""Stage: an archive → its streams, with the symbol, day and topic of each member."""

from quantgod.storage.archives.streams import Stream, read_streams
from quantgod.storage.sources.source import Archive
from tasks.stage import stage


@stage("list_members {archive}")
def list_members(archive: Archive) -> list[Stream]:
    """Find an archive's streams, by the first message of each member and by the names."""
    return read_streams(archive)
