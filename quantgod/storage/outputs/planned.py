"""The final files of a run: the inputs of each, and which are up to date already."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from quantgod.orderbook.features import LastBar
from quantgod.storage.archives.streams import FolderDay, Stream
from quantgod.storage.outputs.manifest import BarsRecord, is_valid_output, output_metadata
from quantgod.storage.outputs.scaler_files import Scaler
from quantgod.storage.outputs.store import OutputStore


@dataclass(frozen=True)
class PlannedOutput:
    """One stream's final file: its bars, and the last bar of the day before."""

    stream: Stream
    record: BarsRecord
    before: LastBar | None

    def metadata(self, store: OutputStore, scaler: Scaler | None) -> dict[str, str]:
        """The metadata of the file; decides whether an existing one is still valid."""
        sha256 = scaler.sha256 if scaler else None
        return output_metadata(
            self.stream, self.record, store.recipe, store.compression, self.before, sha256
        )

    def is_up_to_date(self, store: OutputStore, scaler: Scaler | None) -> bool:
        """Whether the final file exists and would come out the same."""
        return is_valid_output(store.output_file(self.stream), self.metadata(store, scaler))


def plan_outputs(
    streams: Sequence[Stream],
    records: Mapping[Stream, BarsRecord],
    store: OutputStore,
    failed_days: Collection[FolderDay],
) -> list[PlannedOutput]:
    """Plan the outputs of all streams with bars, in time order per series.

    A previous day that failed in this run gives no close. One that is not part of this run gives
    the close that an earlier run left, unless its archive has changed since.
    """
    of_day = {(stream.series, stream.day): stream for stream in streams}
    planned = []
    for stream in sorted(records, key=lambda s: (s.series, s.day)):
        yesterday = stream.day - timedelta(days=1)
        earlier = of_day.get((stream.series, yesterday))
        if earlier is None and (stream.folder, yesterday) in failed_days:
            before = None
        elif earlier is None:
            before = store.earlier_last_bar(stream)
        else:
            record = records.get(earlier)
            before = record.last_bar if record and not record.errors else None
        planned.append(PlannedOutput(stream, records[stream], before))
    return planned
