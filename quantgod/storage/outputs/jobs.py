"""The dataset's jobs: which streams there are, what each needs, and which are done already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from quantgod.orderbook.features import LastBar
from quantgod.storage.archives.streams import FolderDay, Stream
from quantgod.storage.outputs.layout import Layout
from quantgod.storage.outputs.manifest import BarsRecord, is_valid_output, output_metadata
from quantgod.storage.outputs.scaler_files import Scaler


@dataclass(frozen=True)
class Job:
    """One stream of the dataset: its bars, and what it needs of the day before."""

    stream: Stream
    record: BarsRecord
    before: LastBar | None


def plan_jobs(
    streams: Sequence[Stream],
    records: Mapping[Stream, BarsRecord],
    layout: Layout,
    failed_days: Collection[FolderDay],
) -> list[Job]:
    """The streams with bars, in time order per series, each with the last bar before its day.

    A day before that failed in this run gives no close; one that is not of this run gives the
    close that an earlier run left, unless its archive has changed since.
    """
    of_day = {(stream.series, stream.day): stream for stream in streams}
    jobs = []
    for stream in sorted(records, key=lambda s: (s.series, s.day)):
        yesterday = stream.day - timedelta(days=1)
        earlier = of_day.get((stream.series, yesterday))
        if earlier is None and (stream.folder, yesterday) in failed_days:
            before = None
        elif earlier is None:
            before = layout.earlier_last_bar(stream)
        else:
            record = records.get(earlier)
            before = record.last_bar if record and not record.errors else None
        jobs.append(Job(stream, records[stream], before))
    return jobs


def wanted_metadata(job: Job, layout: Layout, scaler: Scaler | None) -> dict[str, str]:
    """The metadata of the file that this job makes; says too whether an old one is still valid."""
    sha256 = scaler.sha256 if scaler else None
    return output_metadata(
        job.stream, job.record, layout.recipe, layout.compression, job.before, sha256
    )


def is_done(job: Job, layout: Layout, scaler: Scaler | None) -> bool:
    """Whether the final file is there and would come out the same."""
    return is_valid_output(layout.output_file(job.stream), wanted_metadata(job, layout, scaler))
