"""``OutputStore``: paths of everything that a run writes, and which of it is still valid."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from quantgod.orderbook.features import LastBar
from quantgod.orderbook.recipe import Recipe
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.manifest import BarsRecord, bars_path, origin_of, read_bars_record
from quantgod.storage.outputs.quarantine import Quarantine
from quantgod.storage.outputs.tables import Compression
from quantgod.storage.sources.source import GONE


@dataclass(frozen=True)
class OutputStore:
    """The output side of a run: a value, so that it travels to worker processes."""

    recipe: Recipe
    bars: Path
    output: Path
    quarantine: Path
    compression: Compression

    def bars_file(self, stream: Stream) -> Path:
        """Path of a stream's phase-1 bars."""
        return bars_path(self.bars, self.recipe, stream.folder, stream.symbol, stream.day)

    def output_file(self, stream: Stream) -> Path:
        """Path of a stream's final Parquet file."""
        return self.output / stream.output

    def quarantine_of(self, stream: Stream) -> Quarantine:
        """Quarantine for a rejected output of a stream."""
        return Quarantine(self.quarantine / stream.output)

    def valid_bars(self, stream: Stream) -> BarsRecord | None:
        """Read the record of a stream's bars; None if rebuilding them would change them."""
        record = read_bars_record(self.bars_file(stream))
        return record if record and record.origin == origin_of(stream) else None

    def earlier_last_bar(self, stream: Stream) -> LastBar | None:
        """The last bar of the day before, from an earlier run on the stream's source.

        None if its archive changed since; one that is gone still gives its close.
        """
        source = stream.archive.source
        yesterday = stream.day - timedelta(days=1)
        path = bars_path(self.bars, self.recipe, stream.folder, stream.symbol, yesterday)
        record = read_bars_record(path)
        if record is None or record.errors or record.source != source.location:
            return None
        try:
            now = source.stat(str(record.origin["archive"]))
        except GONE:
            return record.last_bar
        then = (record.origin["archive_size"], record.origin["archive_mtime_ns"])
        return record.last_bar if now == then else None
