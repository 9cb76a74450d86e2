"""Survey the source before any work: its streams and their days."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from flows.runtime.failures import result_or_error
from quantgod.orderbook.checks import Limits
from quantgod.settings.keys import Settings
from quantgod.settings.settings import require_source_folder
from quantgod.storage.archives.streams import (
    FolderDay,
    Stream,
    day_in_name,
    find_duplicates,
    folder_of,
)
from quantgod.storage.outputs.store import OutputStore
from quantgod.storage.outputs.tables import Compression
from quantgod.storage.sources import open_source
from quantgod.storage.sources.source import Archive, Source
from quantgod.synthetic.demo import SyntheticSource


@dataclass(frozen=True)
class Survey:
    """The streams of a run, and the archives and streams that cannot be part of it."""

    streams: tuple[Stream, ...]
    failures: dict[str, Exception]  # by archive or stream
    failed_days: frozenset[FolderDay]  # days whose archives are among the failures

    @property
    def missing_days(self) -> list[str]:
        """Days without a stream between a series' first and last."""
        days_of: dict[str, set[date]] = defaultdict(set)
        for stream in self.streams:
            days_of[stream.series].add(stream.day)
        return [f"{series} {day}" for series, days in days_of.items() for day in _missing(days)]


def _missing(days: set[date]) -> list[date]:
    span = (max(days) - min(days)).days
    every = (min(days) + timedelta(days=n) for n in range(span))
    return [day for day in every if day not in days]


def source_of(settings: Settings) -> Source:
    """The source of the settings; nothing of it is read yet.

    Raises:
        SettingsError: it needs a folder, and that is still the placeholder.
        SourceError: its mode is not implemented.
    """
    folder, remote = partial(require_source_folder, settings), settings.source.remote
    source = open_source(settings.source.mode, folder, remote)
    return SyntheticSource(folder()) if remote == SyntheticSource.REMOTE else source


def is_to_be_filled(source: Source) -> bool:
    """Whether listing a source generates its archives first."""
    return isinstance(source, SyntheticSource) and source.is_empty


def survey_archives(
    settings: Settings,
    archives: Iterable[Archive],
    read_streams: Callable[[Archive], Sequence[Stream]],
) -> Survey:
    """Find the streams of archives; one that cannot be read, or is claimed twice, is a failure."""
    source = settings.source
    is_selected = partial(_is_selected, start=source.start, end=source.end)
    streams: list[Stream] = []
    failures: dict[str, Exception] = {}
    for archive in archives:
        found = result_or_error(read_streams, archive)
        if not isinstance(found, Exception):
            streams += [stream for stream in found if is_selected(stream.day)]
        elif is_selected(day_in_name(archive.path)):
            failures[archive.path] = found
    refused = find_duplicates(streams)
    failed_days = {(s.folder, s.day) for s in refused}
    failed_days |= {(folder_of(path), day) for path in failures if (day := day_in_name(path))}
    failures |= {f"{s.archive.path} (member {s.member.name})": e for s, e in refused.items()}
    kept = sorted((s for s in streams if s not in refused), key=lambda s: (s.day, s.output))
    return Survey(tuple(kept), failures, frozenset(failed_days))


def _is_selected(day: date | None, start: date | None, end: date | None) -> bool:
    """Whether a day is selected; an unknown one always is."""
    return day is None or ((start is None or day >= start) and (end is None or day <= end))


def store_of(settings: Settings) -> OutputStore:
    """The output side of the settings."""
    paths, compression = settings.paths, Compression(*settings.etl.codec_and_level)
    return OutputStore(
        settings.etl.recipe, paths.bars, paths.processed_output, paths.quarantine, compression
    )


def limits_of(settings: Settings) -> Limits:
    """The limits that a run warns about."""
    return Limits(settings.validation.max_gap_ms, settings.validation.min_coverage)
