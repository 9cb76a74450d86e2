"""``--plan``: find out what a run would do, without doing it and without Prefect."""

from collections.abc import Mapping

from flows.runtime.failures import reason_of
from flows.survey import Survey, is_to_be_filled, source_of, store_of, survey_archives
from quantgod.settings.keys import Settings
from quantgod.storage.archives.streams import Stream, read_streams
from quantgod.storage.outputs.manifest import BarsRecord
from quantgod.storage.outputs.planned import plan_outputs
from quantgod.storage.outputs.scaler_files import load_scaler
from quantgod.storage.outputs.store import OutputStore


def describe_plan(settings: Settings) -> str:
    """List streams with what would be done, refused archives, missing days and bytes to read.

    Raises:
        L2Error: the run could not begin.
    """
    source = source_of(settings)
    if is_to_be_filled(source):
        return f"{source.location} is empty: the run would fill it with synthetic archives first"
    survey = survey_archives(settings, source.list(settings.source.include), read_streams)
    store = store_of(settings)
    valid = {stream: store.valid_bars(stream) for stream in survey.streams}
    records = {stream: record for stream, record in valid.items() if record}
    lines = [
        f"{stream.day}  {_size(stream):>10} MB  {state:8}  {stream}"
        for stream, state in _states(settings, store, survey, records).items()
    ]
    lines += [f"refused: {name}: {reason_of(error)}" for name, error in survey.failures.items()]
    lines += [f"missing day: {day}" for day in survey.missing_days]
    to_read = [stream for stream in survey.streams if stream not in records]
    text, zipped = sum(s.member.likely_size for s in to_read), sum(s.archive.size for s in to_read)
    lines.append(
        f"{len(survey.streams)} streams, {text / 1e6:,.1f} MB of text to read "
        f"({zipped / 1e6:,.1f} MB zipped), {len(survey.missing_days)} missing days"
    )
    return "\n".join(lines)


def _size(stream: Stream) -> str:
    """Megabytes of text; ``~``: an estimate from the size of a gzip file."""
    return f"{'~' * (stream.member.size is None)}{stream.member.likely_size / 1e6:,.1f}"


def _states(
    settings: Settings, store: OutputStore, survey: Survey, records: Mapping[Stream, BarsRecord]
) -> dict[Stream, str]:
    """``to read``: from the archive; ``to make``: from valid bars; ``done``: would not change."""
    path, wants_scaler = settings.paths.scaler_path, settings.features.apply_zscore
    scaler = load_scaler(path, store.recipe, restore=False) if wants_scaler else None
    states = dict.fromkeys(survey.streams, "to read")
    may_be_done = scaler is not None or not wants_scaler
    for planned in plan_outputs(survey.streams, records, store, survey.failed_days):
        is_done = may_be_done and planned.is_up_to_date(store, scaler)
        states[planned.stream] = "done" if is_done else "to make"
    return states
