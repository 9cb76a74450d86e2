"""One run: survey → bars → dataset → report.

An archive that fails does not stop the others: the report names it with its reason.
"""

from contextlib import ExitStack
from time import perf_counter

from prefect.exceptions import TerminationSignal

from flows.bars_phase import BarsPhase, make_all_bars
from flows.dataset_phase import Dataset, make_dataset
from flows.reports.console import Display
from flows.reports.run_report import ArchiveResult, RunReport
from flows.runtime.context import RunContext, Tally
from flows.runtime.failures import reason_of
from flows.runtime.pool import Workers
from flows.survey import Survey, is_to_be_filled, limits_of, source_of, store_of, survey_archives
from quantgod.settings.keys import Settings
from quantgod.storage.outputs.lock import exclusive
from quantgod.storage.outputs.scaler_files import load_scaler
from quantgod.storage.sources.source import Source
from tasks.check_mount import check_mount
from tasks.list_members import list_members


def run(settings: Settings, display: Display) -> RunReport:
    """Process every archive of the source that the settings select.

    Raises:
        SettingsError, SourceError, ScalerError, OutputBusyError, OutputError: the run cannot begin.
    """
    with ExitStack() as locks:
        for folder in {settings.paths.bars, settings.paths.processed_output}:
            locks.enter_context(exclusive(folder))
        return _run(settings, display)


def _run(settings: Settings, display: Display) -> RunReport:
    start = perf_counter()
    store = store_of(settings)
    # Refuse a scaler of other settings now, not after hours of work.
    wants_scaler = settings.features.apply_zscore
    scaler = load_scaler(settings.paths.scaler_path, store.recipe) if wants_scaler else None
    source = source_of(settings)
    survey = _survey(settings, source, display)
    tally = Tally(len(survey.streams))
    with Workers(settings.execution.workers) as workers:
        context = RunContext(settings, store, limits_of(settings), display, workers, tally)
        try:
            bars = make_all_bars(survey.streams, context)
            dataset = make_dataset(survey, bars, scaler, context)
        except (KeyboardInterrupt, TerminationSignal):
            display.say(str(tally))
            raise
    results = _all_results(survey, bars, dataset)
    return RunReport(
        results=results,
        source=source.location,
        output=str(settings.paths.processed_output),
        scaler=dataset.scaler,
        missing_days=survey.missing_days,
        seconds=perf_counter() - start,
        text_bytes=sum(made.text_bytes for made in bars.made.values()),
        notes=dataset.notes,
    )


def _survey(settings: Settings, source: Source, display: Display) -> Survey:
    if is_to_be_filled(source):
        display.say(f"{source.location} is empty: making synthetic archives there, once")
    archives = check_mount(source, settings.source.include)
    return survey_archives(settings, archives, list_members)


def _all_results(survey: Survey, bars: BarsPhase, dataset: Dataset) -> list[ArchiveResult]:
    """List the result of every archive: failed ones first, then the streams in order."""
    failed = {name: reason_of(error) for name, error in survey.failures.items()}
    failed |= {str(stream): reason_of(error) for stream, error in bars.failures.items()}
    results = [ArchiveResult(name, "failed", reason) for name, reason in failed.items()]
    made = dataset.results
    return results + [made[stream] for stream in survey.streams if stream in made]
