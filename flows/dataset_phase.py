"""Phase 2: bars → the dataset: previous closes across archives, features, z-score, final files.

Light work: in time order where order matters (closes, the fit), in parallel where it does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.bars_phase import BarsPhase
from flows.fit import fit_scaler
from flows.reports.artifacts import publish_checks
from flows.reports.run_report import ArchiveResult, Status
from flows.runtime.context import RunContext
from flows.runtime.failures import reason_of
from flows.survey import Survey
from quantgod.errors import InvalidOutputError, OutputError, ScalerError
from quantgod.orderbook.arrays.buffer_pool import release_unused
from quantgod.orderbook.checks import Finding, Limits
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.planned import PlannedOutput, plan_outputs
from quantgod.storage.outputs.scaler_files import Scaler
from quantgod.storage.outputs.store import OutputStore
from quantgod.storage.outputs.tables import publish, read_row_count
from tasks.add_features import add_features
from tasks.scale import scale
from tasks.validate import coverage, describe_bars, validate
from tasks.write import write


@dataclass(frozen=True)
class Published:
    """The result of phase 2 for one stream."""

    rows: int
    findings: tuple[Finding, ...]
    seconds: float


@dataclass(frozen=True)
class Dataset:
    """The result of phase 2."""

    results: Mapping[Stream, ArchiveResult]
    scaler: str  # which one was applied
    notes: Sequence[str]


def make_dataset(
    survey: Survey, bars: BarsPhase, scaler: Scaler | None, context: RunContext
) -> Dataset:
    """Make the final file of every stream with bars.

    Args:
        survey: the streams of the run.
        bars: the result of phase 1.
        scaler: the persisted one; None: fit one, if the settings want one.
        context: of the run.
    """
    planned = plan_outputs(survey.streams, bars.records, context.store, survey.failed_days)
    if not context.settings.features.apply_zscore:
        return Dataset(_make_outputs(planned, None, bars, context), "none", ())
    series = sorted({each.stream.series for each in planned})
    notes = []
    if not scaler and len(series) > 1:
        notes.append(f"one scaler is fitted on {len(series)} series: {', '.join(series)}")
    try:
        scaler = scaler or fit_scaler(planned, survey, bars, context)
    except (ScalerError, OutputError) as error:
        waiting = {each.stream: _result(each, "waiting", error, bars, context) for each in planned}
        return Dataset(waiting, "none", (*notes, str(error)))
    name = f"{context.settings.paths.scaler_path} ({scaler.moments.row_count} rows)"
    return Dataset(_make_outputs(planned, scaler, bars, context), name, notes)


def _make_outputs(
    planned: Sequence[PlannedOutput], scaler: Scaler | None, bars: BarsPhase, context: RunContext
) -> dict[Stream, ArchiveResult]:
    """Make the final files that are missing or would come out different."""
    results, todo = {}, []
    for each in planned:
        if each.is_up_to_date(context.store, scaler):
            found = _describe_unchanged(each, context)
            results[each.stream] = _result(each, "unchanged", found, bars, context)
        else:
            todo.append(each)
    if not todo:
        return results
    given = {"store": context.store, "scaler": scaler, "limits": context.limits}
    calls = [{"planned": each, **given} for each in todo]
    with context.display.phase("dataset", len(todo)) as phase:
        for index, outcome in context.workers.run(make_output, calls):
            status, each = _status_of(outcome), todo[index]
            context.tally.files_made += status == "made"
            phase.archive_done(str(each.stream), status)
            results[each.stream] = _result(each, status, outcome, bars, context)
    return results


def _describe_unchanged(planned: PlannedOutput, context: RunContext) -> Published:
    store, stream = context.store, planned.stream
    rows = read_row_count(store.output_file(stream))
    bars_file = store.bars_file(stream)
    findings = describe_bars(stream, bars_file, planned.record, store.recipe, context.limits, rows)
    return Published(rows, tuple(findings), 0.0)


def _status_of(outcome: Published | Exception) -> Status:
    if isinstance(outcome, InvalidOutputError):
        return "quarantined"
    return "failed" if isinstance(outcome, Exception) else "made"


def _result(
    planned: PlannedOutput,
    status: Status,
    outcome: Published | Exception,
    bars: BarsPhase,
    context: RunContext,
) -> ArchiveResult:
    stream, record = planned.stream, planned.record
    published = Published(0, (), 0.0) if isinstance(outcome, Exception) else outcome
    return ArchiveResult(
        name=str(stream),
        status=status,
        reason=reason_of(outcome) if isinstance(outcome, Exception) else "",
        bars=record.bars,
        rows=published.rows,
        coverage=coverage(record, context.store.recipe.day_grid(stream.day)),
        findings=published.findings,
        seconds=bars.seconds(stream) + published.seconds,
        is_synthetic=stream.is_synthetic,
    )


@task(
    name="make_output", task_run_name="dataset {planned.stream}", cache_policy=NO_CACHE,
    persist_result=False,
)  # fmt: skip
def make_output(
    planned: PlannedOutput, store: OutputStore, scaler: Scaler | None, limits: Limits
) -> Published:
    """Make one stream's final file: features → scale → write → validate → rename.

    Raises:
        InvalidOutputError: validation found errors; the file is in quarantine with its report.
    """
    start = perf_counter()
    release_unused()  # buffers of phase 1's windows: tables do not use them
    stream, recipe = planned.stream, store.recipe
    bars, final = store.bars_file(stream), store.output_file(stream)
    table = add_features(stream, bars, recipe, planned.before).table
    if scaler:
        table = scale(stream, table, scaler.moments)
    metadata = planned.metadata(store, scaler)
    temporary = write(stream, table, final, metadata, store.compression)
    findings = validate(stream, temporary, bars, planned.record, recipe, limits)
    publish_checks(stream, findings)
    quarantine = store.quarantine_of(stream)
    if errors := [f"{f.check}: {f.figures}" for f in findings if f.severity == "error"]:
        lines = [f"{f.severity:8}{f.check}: {f.figures}" for f in findings]
        title = f"{stream} ({stream.archive}, member {stream.member.name})"
        quarantine.take(temporary, final, "\n".join([title, *lines, ""]))
        reason = f"{'; '.join(errors)}. In quarantine: {quarantine.table}"
        raise InvalidOutputError(reason, stream.archive.path, stream.member.name)
    publish(temporary, final)
    quarantine.release()
    return Published(table.num_rows, tuple(findings), perf_counter() - start)
