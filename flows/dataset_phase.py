"""Phase 2: bars → the dataset: previous closes across archives, features, z-score, final files.

Light work in time order where order matters (closes, the fit), in parallel where it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from time import perf_counter

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.reports.artifacts import publish_checks
from quantgod.errors import InvalidOutputError
from quantgod.orderbook.arrays.buffer_pool import let_go
from quantgod.orderbook.calendar import day_start_ms
from quantgod.orderbook.checks import Finding, Limits, check_table
from quantgod.orderbook.features import times_ms
from quantgod.orderbook.messages import Float64Array
from quantgod.orderbook.scaling import feature_rows
from quantgod.orderbook.schema import output_schema
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.jobs import Job, wanted_metadata
from quantgod.storage.outputs.layout import Layout
from quantgod.storage.outputs.scaler_files import Scaler
from quantgod.storage.outputs.tables import publish
from tasks.add_features import add_features
from tasks.scale import scale
from tasks.validate import validate
from tasks.write import write


@dataclass(frozen=True, eq=False)
class FitRows:
    """One stream's part of the training range."""

    rows: Float64Array  # (rows, features)
    first_available_ms: int
    last_available_ms: int
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Published:
    """What phase 2 gives for one stream."""

    rows: int
    findings: tuple[Finding, ...]
    seconds: float


@task(
    name="fit_rows", task_run_name="fit_rows {job.stream}", cache_policy=NO_CACHE,
    persist_result=False,
)  # fmt: skip
def fit_rows(job: Job, layout: Layout, fit_until_ms: int | None) -> FitRows:
    """One stream's feature rows in the training range, checked as its final file will be."""
    recipe = layout.recipe
    featured = add_features(job.stream, layout.bars_file(job.stream), recipe, job.before)
    levels = recipe.orderbook_levels
    schema, grid = output_schema(levels), recipe.day_grid(job.stream.day)
    findings = check_table(featured.table, schema, grid, levels)
    errors = (f"{f.check}: {f.figures}" for f in findings if f.severity == "error")
    rows = feature_rows(featured.table, fit_until_ms)
    available = times_ms(featured.table, "available_at")[: len(rows)]
    first, last = (int(available[0]), int(available[-1])) if len(available) else (0, 0)
    return FitRows(rows, first, last, (*job.record.errors, *errors))


def is_in_fit_range(day: date | None, bar_interval_ms: int, fit_until_ms: int | None) -> bool:
    """Whether any row of a day, None where it is not known, can be in the training range."""
    if day is None or fit_until_ms is None:
        return True
    return day_start_ms(day) + bar_interval_ms <= fit_until_ms


@task(
    name="make_output", task_run_name="dataset {job.stream}", cache_policy=NO_CACHE,
    persist_result=False,
)  # fmt: skip
def make_output(job: Job, layout: Layout, scaler: Scaler | None, limits: Limits) -> Published:
    """One stream's final file: features → scale → write → validate → published by rename.

    Raises:
        InvalidOutputError: validation found errors; the file is in quarantine with its report.
    """
    start = perf_counter()
    let_go()  # of phase 1's windows: tables take other memory
    stream, recipe = job.stream, layout.recipe
    bars, final = layout.bars_file(stream), layout.output_file(stream)
    table = add_features(stream, bars, recipe, job.before).table
    if scaler:
        table = scale(stream, table, scaler.moments)
    metadata = wanted_metadata(job, layout, scaler)
    temporary = write(stream, table, final, metadata, layout.compression)
    findings = validate(stream, temporary, bars, job.record, recipe, limits)
    publish_checks(stream, findings)
    quarantine = layout.quarantine_of(stream)
    if errors := [f"{f.check}: {f.figures}" for f in findings if f.severity == "error"]:
        quarantine.take(temporary, final, report_text(stream, findings))
        reason = f"{'; '.join(errors)}. In quarantine: {quarantine.table}"
        raise InvalidOutputError(reason, stream.archive.path, stream.member.name)
    publish(temporary, final)
    quarantine.release()
    return Published(table.num_rows, tuple(findings), perf_counter() - start)


def report_text(stream: Stream, findings: Sequence[Finding]) -> str:
    """The report that lies beside a file in quarantine."""
    lines = [f"{f.severity:8}{f.check}: {f.figures}" for f in findings]
    return "\n".join([f"{stream} ({stream.archive}, member {stream.member.name})", *lines, ""])
