"""Fit the scaler of a run on the rows about to be written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.bars_phase import BarsPhase
from flows.runtime.context import RunContext
from flows.runtime.failures import reason_of
from flows.survey import Survey
from quantgod.errors import ScalerError
from quantgod.orderbook.calendar import day_start_ms
from quantgod.orderbook.checks import check_table
from quantgod.orderbook.features import times_ms
from quantgod.orderbook.messages import Float64Array, Int64Array
from quantgod.orderbook.scaling import feature_rows, fit_moments
from quantgod.orderbook.schema import output_schema
from quantgod.storage.archives.streams import day_in_name
from quantgod.storage.outputs.planned import PlannedOutput
from quantgod.storage.outputs.scaler_files import FitRange, Scaler, save_scaler
from quantgod.storage.outputs.store import OutputStore
from tasks.add_features import add_features


@dataclass(frozen=True, eq=False)
class FitRows:
    """The rows of one stream in the training range."""

    rows: Float64Array  # (rows, features)
    available_ms: Int64Array  # (rows,)
    errors: tuple[str, ...]


@task(
    name="fit_rows", task_run_name="fit_rows {planned.stream}", cache_policy=NO_CACHE,
    persist_result=False,
)  # fmt: skip
def fit_rows(planned: PlannedOutput, store: OutputStore, fit_until_ms: int | None) -> FitRows:
    """Take one stream's feature rows in the training range, with the errors that checks find."""
    recipe = store.recipe
    featured = add_features(planned.stream, store.bars_file(planned.stream), recipe, planned.before)
    levels, grid = recipe.orderbook_levels, recipe.day_grid(planned.stream.day)
    findings = check_table(featured.table, output_schema(levels), grid, levels)
    errors = (f"{f.check}: {f.figures}" for f in findings if f.severity == "error")
    rows = feature_rows(featured.table, fit_until_ms)
    available_ms = times_ms(featured.table, "available_at")[: len(rows)]
    return FitRows(rows, available_ms, (*planned.record.errors, *errors))


def _is_inside(day: date | None, bar_interval_ms: int, fit_until_ms: int | None) -> bool:
    """Whether any row of a day (None: not known) can be in the training range."""
    if day is None or fit_until_ms is None:
        return True
    return day_start_ms(day) + bar_interval_ms <= fit_until_ms


def fit_scaler(
    planned: Sequence[PlannedOutput], survey: Survey, bars: BarsPhase, context: RunContext
) -> Scaler:
    """Fit on the training range of all outputs, in time order per series.

    Args:
        planned: the streams with bars, in that order.
        survey: holds the archives that failed before their streams were known.
        bars: holds the streams that failed.
        context: of the run.

    Raises:
        ScalerError: an archive inside the range failed, or there are no rows to fit on.
    """
    features = context.settings.features
    is_inside = partial(
        _is_inside,
        bar_interval_ms=context.store.recipe.bar_interval_ms,
        fit_until_ms=features.fit_until_ms,
    )
    lost = {name: day_in_name(name) for name in survey.failures}
    lost |= {str(stream): stream.day for stream in bars.failures}
    missing = [name for name, day in lost.items() if is_inside(day)]
    inside = [each for each in planned if is_inside(each.stream.day)]
    parts, bad = _collect_rows(inside, context)
    missing += bad
    if missing and not features.allow_partial_fit:
        raise ScalerError(
            f"the scaler was not fitted: {len(missing)} archives inside the training range failed "
            f"({', '.join(sorted(missing))}). Fix them, end the range before them "
            "(features.fit_until), or set features.allow_partial_fit"
        )
    return _fit(parts, inside, context)


def _collect_rows(
    inside: Sequence[PlannedOutput], context: RunContext
) -> tuple[dict[int, FitRows], list[str]]:
    """Collect the rows of each output, by its index; and the unusable outputs, with reasons."""
    until_ms = context.settings.features.fit_until_ms
    calls = [{"planned": each, "store": context.store, "fit_until_ms": until_ms} for each in inside]
    parts: dict[int, FitRows] = {}
    bad = []
    for index, outcome in context.workers.run(fit_rows, calls):
        if isinstance(outcome, Exception):
            bad.append(f"{inside[index].stream} ({reason_of(outcome)})")
        elif outcome.errors:
            bad.append(f"{inside[index].stream} ({'; '.join(outcome.errors)})")
        elif len(outcome.rows):
            parts[index] = outcome
    return parts, bad


def _fit(
    parts: Mapping[int, FitRows], inside: Sequence[PlannedOutput], context: RunContext
) -> Scaler:
    settings = context.settings
    until = settings.features.fit_until.isoformat() if settings.features.fit_until else None
    if not parts:
        raise ScalerError(
            "the scaler was not fitted: no row is in the training range "
            f"(features.fit_until: {until or 'none'})"
        )
    moments = fit_moments(parts[index].rows for index in sorted(parts))
    fit_range = FitRange(
        min(int(part.available_ms[0]) for part in parts.values()),
        max(int(part.available_ms[-1]) for part in parts.values()),
        until,
        tuple(inside[index].stream.archive.path for index in sorted(parts)),
    )
    return save_scaler(settings.paths.scaler_path, moments, fit_range, context.store.recipe)
