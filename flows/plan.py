"""``--plan``: what a run would do, found without doing it and without Prefect."""

from __future__ import annotations

from flows import demo
from flows.outcome import reason_of
from flows.settings import Settings
from flows.survey import layout_of, survey_source
from storage.sources import open_folder
from storage.streams import read_streams
from storage.tables import read_metadata


def describe_plan(settings: Settings) -> str:
    """Archives, missing days, what is done and still valid, bytes to read."""
    if demo.is_wanted(settings.paths.rclone_mount):
        return f"{demo.FOLDER} is empty: the run would fill it with synthetic archives first"
    survey = survey_source(settings, open_folder, read_streams)
    layout = layout_of(settings)
    lines = []
    to_read = zipped = 0
    for stream in survey.streams:
        done = layout.valid_bars(stream) is not None
        state = "bars are valid" if done else "to read"
        if done and read_metadata(layout.output_file(stream)) is not None:
            state = "done"
        to_read += 0 if done else stream.member.size
        zipped += 0 if done else stream.archive.size
        size = f"{stream.member.size / 1e6:10,.1f} MB"
        lines.append(f"{stream.day}  {size}  {state:14}  {stream}")
    lines += [f"refused: {name}: {reason_of(error)}" for name, error in survey.failures.items()]
    lines += [f"missing day: {day}" for day in survey.missing_days]
    lines.append(
        f"{len(survey.streams)} streams, {to_read / 1e6:,.1f} MB of text to read "
        f"({zipped / 1e6:,.1f} MB zipped), {len(survey.missing_days)} missing days"
    )
    return "\n".join(lines)
