"""The final files of a run: the inputs of each, and which are up to date already."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from importlib.metadata import version

from quantgod.orderbook.features import LastBar
from quantgod.orderbook.schema import SCHEMA_VERSION
from quantgod.storage.archives.streams import FolderDay, Stream
from quantgod.storage.outputs.manifest import BarsRecord
from quantgod.storage.outputs.scaler_files import Scaler
from quantgod.storage.outputs.store import OutputStore
from quantgod.storage.outputs.tables import read_metadata


@dataclass(frozen=True)
class PlannedOutput:
    """One stream's final file: its bars, and the last bar of the day before."""

    stream: Stream
    record: BarsRecord
    before: LastBar | None

    def metadata(self, store: OutputStore, scaler: Scaler | None) -> dict[str, str]:
        """Metadata of the file (contract §5); ``made_from`` decides whether it is still valid."""
        stream, member = self.stream, self.stream.member
        made_from = [
            SCHEMA_VERSION,
            self.record.origin,
            asdict(store.recipe),
            asdict(store.compression),
            [self.before.open_ms, self.before.close.hex()] if self.before else None,
            scaler.sha256 if scaler else None,
        ]
        metadata = {
            "schema_version": SCHEMA_VERSION,
            "project_version": version("quantgod-l2"),
            "symbol": stream.symbol,
            "series": stream.series,
            "topic": self.record.topic or "",
            "archive": stream.archive.path,
            "member": member.name,
            "member_crc32": f"{member.crc32:08x}",
            "member_size": "" if member.size is None else str(member.size),
            "settings": json.dumps(asdict(store.recipe)),
            "synthetic": str(stream.is_synthetic).lower(),
            "made_from": sha256(json.dumps(made_from).encode()).hexdigest(),
        }
        return metadata | ({"scaler_sha256": scaler.sha256} if scaler else {})

    def is_up_to_date(self, store: OutputStore, scaler: Scaler | None) -> bool:
        """Whether the final file exists and would come out the same."""
        found = read_metadata(store.output_file(self.stream)) or {}
        return found.get("made_from") == self.metadata(store, scaler)["made_from"]


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
