"""The scaler of a run: the one that is there, or one fitted on the rows about to be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.dataset_phase import FitRows, fit_rows, is_in_fit_range
from flows.runtime.outcome import reason_of
from flows.runtime.pool import Workers
from quantgod.errors import ScalerError
from quantgod.orderbook.scaling import fit_moments
from quantgod.settings.settings import Settings
from quantgod.storage.archives.streams import Stream, day_in_name
from quantgod.storage.outputs.jobs import Job
from quantgod.storage.outputs.layout import Layout
from quantgod.storage.outputs.scaler_files import FitRange, Scaler, load_scaler, save_scaler


@dataclass(frozen=True)
class Fit:
    """What a fit is made of: set by the settings."""

    scaler_path: Path
    until_ms: int | None
    until: str | None
    allow_partial: bool


def fit_of(settings: Settings) -> Fit:
    """The fit that the settings ask for."""
    features = settings.features
    return Fit(
        settings.paths.scaler_path,
        features.fit_until_ms,
        features.fit_until.isoformat() if features.fit_until else None,
        features.allow_partial_fit,
    )


def fit_scaler(
    jobs: Sequence[Job],
    failed: Sequence[str],
    failed_streams: Sequence[Stream],
    layout: Layout,
    fit: Fit,
    workers: Workers,
) -> Scaler:
    """Fit on the training range of all jobs, in time order per series, whoever made the rows.

    Args:
        jobs: the streams that have bars, in order.
        failed: archives that failed before their streams were known.
        failed_streams: streams that failed.

    Raises:
        ScalerError: an archive inside the range failed, or there are no rows to fit on.
    """
    bar_ms = layout.recipe.bar_interval_ms
    inside = [job for job in jobs if is_in_fit_range(job.stream.day, bar_ms, fit.until_ms)]
    lost = {name: day_in_name(name) for name in failed}
    lost |= {str(stream): stream.day for stream in failed_streams}
    missing = [name for name, day in lost.items() if is_in_fit_range(day, bar_ms, fit.until_ms)]
    calls = [{"job": job, "layout": layout, "fit_until_ms": fit.until_ms} for job in inside]
    parts: dict[int, FitRows] = {}
    for index, outcome in workers.run(fit_rows, calls):
        if isinstance(outcome, Exception):
            missing.append(f"{inside[index].stream} ({reason_of(outcome)})")
        elif outcome.errors:
            missing.append(f"{inside[index].stream} ({'; '.join(outcome.errors)})")
        elif len(outcome.rows):
            parts[index] = outcome
    if missing and not fit.allow_partial:
        raise ScalerError(
            f"the scaler was not fitted: {len(missing)} archives inside the training range failed "
            f"({', '.join(sorted(missing))}). Mend them, end the range before them "
            "(features.fit_until), or set features.allow_partial_fit"
        )
    return _fit(parts, inside, layout, fit)


def _fit(parts: dict[int, FitRows], inside: Sequence[Job], layout: Layout, fit: Fit) -> Scaler:
    if not parts:
        raise ScalerError(
            "the scaler was not fitted: no row lies in the training range "
            f"(features.fit_until: {fit.until or 'none'})"
        )
    moments = fit_moments(parts[index].rows for index in sorted(parts))
    fit_range = FitRange(
        min(part.first_available_ms for part in parts.values()),
        max(part.last_available_ms for part in parts.values()),
        fit.until,
        tuple(inside[index].stream.archive.path for index in sorted(parts)),
    )
    return save_scaler(fit.scaler_path, moments, fit_range, layout.recipe)


def existing_scaler(layout: Layout, fit: Fit) -> Scaler | None:
    """The persisted scaler, checked against the settings; None if there is none.

    Raises:
        ScalerError: it is torn, or was fitted with other settings.
    """
    return load_scaler(fit.scaler_path, layout.recipe)
