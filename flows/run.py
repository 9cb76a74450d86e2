"""One run: survey → bars of each archive → the dataset → a report.

What fails is one archive's own: it is reported by name and reason while the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from prefect.exceptions import TerminationSignal

from flows.bars_phase import BarsMade, make_bars
from flows.dataset_phase import Published, make_output
from flows.fit import existing_scaler, fit_of, fit_scaler
from flows.reports.artifacts import ProgressArtifact
from flows.reports.console import Display
from flows.reports.run_report import ArchiveResult, RunReport, Status
from flows.runtime.outcome import reason_of
from flows.runtime.pool import Workers
from flows.survey import (
    Survey,
    is_to_be_filled,
    layout_of,
    limits_of,
    source_of,
    survey_archives,
)
from quantgod.errors import InvalidOutputError, OutputError, ScalerError
from quantgod.settings.settings import Settings
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.jobs import Job, is_done, plan_jobs
from quantgod.storage.outputs.lock import exclusive
from quantgod.storage.outputs.manifest import BarsRecord
from quantgod.storage.outputs.scaler_files import Scaler
from quantgod.storage.outputs.tables import read_row_count
from quantgod.storage.progress import ProgressSlot, progress_board
from tasks.check_mount import check_mount
from tasks.list_members import list_members
from tasks.validate import coverage, describe_bars


def run(settings: Settings, display: Display) -> RunReport:
    """Process every archive of the source that the settings select.

    Raises:
        SettingsError, SourceError, ScalerError, OutputBusyError, OutputError: the run cannot begin.
    """
    with ExitStack() as held:
        for folder in {settings.paths.bars, settings.paths.processed_output}:
            held.enter_context(exclusive(folder))
        return _run(settings, display)


def _run(settings: Settings, display: Display) -> RunReport:
    start = perf_counter()
    fit, layout = fit_of(settings), layout_of(settings)
    # A scaler that does not fit is refused now, not after hours of work.
    scaler = existing_scaler(layout, fit) if settings.features.apply_zscore else None
    source = source_of(settings)
    if is_to_be_filled(source):
        display.say(f"{source.location} is empty: making synthetic archives there, once")
    archives = check_mount(source, settings.source.include)
    survey = survey_archives(settings, archives, list_members)
    with Workers(settings.execution.workers) as workers:
        work = Work(settings, display, workers, survey)
        try:
            work.make_bars()
            work.make_dataset(scaler)
        except (KeyboardInterrupt, TerminationSignal):
            display.say(work.describe_stop())
            raise
    return work.report(perf_counter() - start)


@dataclass
class Work:
    """What a run knows so far; each step fills in what it finds."""

    settings: Settings
    display: Display
    workers: Workers
    survey: Survey
    records: dict[Stream, BarsRecord] = field(default_factory=dict)
    failures: dict[Stream, Exception] = field(default_factory=dict)
    results: dict[Stream, ArchiveResult] = field(default_factory=dict)
    seconds: dict[Stream, float] = field(default_factory=dict)
    text_bytes: int = 0
    scaler_note: str = "none"
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.layout = layout_of(self.settings)
        self.limits = limits_of(self.settings)

    def make_bars(self) -> None:
        """Phase 1 for every stream whose bars are not there, or would come out different."""
        valid = {stream: self.layout.valid_bars(stream) for stream in self.survey.streams}
        self.records = {stream: record for stream, record in valid.items() if record}
        todo = [stream for stream, record in valid.items() if record is None]
        expected = sum(stream.member.likely_size for stream in todo)
        if not todo:
            return
        with progress_board(len(todo)) as board:
            ahead = self.workers.leave_a_core_each(len(todo))
            calls = [self._bars_call(stream, board.slot(i), ahead) for i, stream in enumerate(todo)]
            artifact = ProgressArtifact("bars", len(todo))
            with self.display.phase("bars", len(todo), expected, board) as phase:
                for index, outcome in self.workers.run(make_bars, calls):
                    phase.archive_done(str(todo[index]), self._take_bars(todo[index], outcome))
                    artifact.advance()

    def _bars_call(self, stream: Stream, slot: ProgressSlot, read_ahead: bool) -> dict[str, Any]:
        return {
            "stream": stream,
            "layout": self.layout,
            "window_ms": self.settings.etl.window_ms,
            "progress": slot,
            "read_ahead": read_ahead,
        }

    def _take_bars(self, stream: Stream, outcome: BarsMade | Exception) -> str:
        """Note what became of one stream in phase 1; says it in a few words."""
        if isinstance(outcome, Exception):
            self.failures[stream] = outcome
            return reason_of(outcome)
        self.records[stream] = outcome.record
        self.text_bytes += outcome.text_bytes
        self.seconds[stream] = outcome.seconds
        return f"{outcome.record.bars} bars"

    def make_dataset(self, scaler: Scaler | None) -> None:
        """Phase 2 for every stream with bars."""
        jobs = plan_jobs(self.survey.streams, self.records, self.layout, self.survey.failed_days)
        if self.settings.features.apply_zscore:
            try:
                scaler = scaler or self._fit(jobs)
            except (ScalerError, OutputError) as error:
                self.notes.append(str(error))
                for job in jobs:
                    self._note(job, "waiting", str(error))
                return
            self.scaler_note = (
                f"{self.settings.paths.scaler_path} ({scaler.moments.row_count} rows)"
            )
        done = [job for job in jobs if is_done(job, self.layout, scaler)]
        for job in done:
            self._note_unchanged(job)
        self._make_outputs([job for job in jobs if job not in done], scaler)

    def _fit(self, jobs: Sequence[Job]) -> Scaler:
        if len(series := {job.stream.series for job in jobs}) > 1:
            self.notes.append(
                f"one scaler is fitted on {len(series)} series: {', '.join(sorted(series))}"
            )
        failed = [*self.failures]
        return fit_scaler(
            jobs, [*self.survey.failures], failed, self.layout, fit_of(self.settings), self.workers
        )

    def _make_outputs(self, jobs: Sequence[Job], scaler: Scaler | None) -> None:
        if not jobs:
            return
        given = {"layout": self.layout, "scaler": scaler, "limits": self.limits}
        calls = [{"job": job, **given} for job in jobs]
        artifact = ProgressArtifact("dataset", len(jobs))
        with self.display.phase("dataset", len(jobs)) as phase:
            for index, outcome in self.workers.run(make_output, calls):
                job = jobs[index]
                self._take_output(job, outcome)
                phase.archive_done(str(job.stream), self.results[job.stream].status)
                artifact.advance()

    def _take_output(self, job: Job, outcome: Published | Exception) -> None:
        """Note what became of one stream in phase 2."""
        if isinstance(outcome, InvalidOutputError):
            self._note(job, "quarantined", reason_of(outcome))
        elif isinstance(outcome, Exception):
            self._note(job, "failed", reason_of(outcome))
        else:
            self._note(job, "made", "", outcome)

    def _note_unchanged(self, job: Job) -> None:
        rows = read_row_count(self.layout.output_file(job.stream))
        findings = describe_bars(
            job.stream, self.layout.bars_file(job.stream), job.record, self.layout.recipe,
            self.limits, rows,
        )  # fmt: skip
        self._note(job, "unchanged", "", Published(rows, tuple(findings), 0.0))

    def _note(
        self, job: Job, status: Status, reason: str, published: Published | None = None
    ) -> None:
        stream = job.stream
        self.results[stream] = ArchiveResult(
            name=str(stream),
            status=status,
            reason=reason,
            bars=job.record.bars,
            rows=published.rows if published else 0,
            coverage=coverage(job.record, self.layout.recipe.day_grid(stream.day)),
            findings=published.findings if published else (),
            seconds=self.seconds.get(stream, 0.0) + (published.seconds if published else 0.0),
            is_synthetic=stream.is_synthetic,
        )

    def describe_stop(self) -> str:
        """What is done when a run is stopped: for the one who has stopped it."""
        total = len(self.survey.streams)
        files = sum(result.status == "made" for result in self.results.values())
        return (
            f"stopped: {len(self.records)} of {total} archives have their bars, {files} final files"
            " were made; the next run makes the rest"
        )

    def report(self, seconds: float) -> RunReport:
        """The run as a whole: failed archives first, then the streams in order."""
        failed = {name: reason_of(error) for name, error in self.survey.failures.items()}
        failed |= {str(stream): reason_of(error) for stream, error in self.failures.items()}
        results = [ArchiveResult(name, "failed", reason) for name, reason in failed.items()]
        results += [
            self.results[stream] for stream in self.survey.streams if stream in self.results
        ]
        paths = self.settings.paths
        return RunReport(
            results=results,
            source=str(paths.rclone_mount),
            output=str(paths.processed_output),
            scaler=self.scaler_note,
            missing_days=self.survey.missing_days,
            seconds=seconds,
            text_bytes=self.text_bytes,
            notes=self.notes,
        )
