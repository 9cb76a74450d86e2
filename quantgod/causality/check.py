"""Check on an archive of your own that no row depends on a later message.

python -m quantgod.causality ARCHIVE                          five trials, default settings
python -m quantgod.causality ARCHIVE --trials 20 --seed 7     more trials, and different ones
python -m quantgod.causality --help                           all options
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import perf_counter
from typing import NamedTuple

from quantgod.causality.trials import Subject, Trial, draw_instant, find_covered, run_trial
from quantgod.errors import ArchiveError, L2Error
from quantgod.orderbook.calendar import iso
from quantgod.orderbook.scaling import Moments
from quantgod.settings.command_line import Parser
from quantgod.settings.descriptions import describe_settings
from quantgod.settings.keys import Settings
from quantgod.settings.settings import parse_command_line
from quantgod.storage.archives.streams import read_streams
from quantgod.storage.outputs.scaler_files import load_scaler
from quantgod.storage.sources.folder import archive_at

IDENTICAL, DIFFERENT, NOT_CHECKED = 0, 1, 2

HELP = """\
usage: python -m quantgod.causality ARCHIVE [--trials N] [--seed S] [--KEY VALUE ...]

Checks that no row depends on a message from after the moment the row could be known. Each trial
draws an instant T and perturbs the stream from the first message with ts >= T on: that message gets
the time T, and lines are dropped, doubled, torn and reordered. Bars and features are made of both
texts, and the rows with available_at <= T are compared bit by bit. Nothing is written.

ARCHIVE
    a ZIP or gzip file of order-book messages
--trials N (default: 5)
    instants to try in each stream of the archive, at least 1
--seed S (default: 0)
    another seed draws other instants and other perturbations
--config FILE (default: configs/cloud_config.yaml)
    settings file in YAML
--help
    show this and stop

Exit code: 0 all rows are identical; 1 some differ; 2 nothing could be checked.

Of the settings, these change the result. With features.apply_zscore, the scaler at
paths.scaler_path, if there is one, is applied:
"""
_SHAPING = ("etl.", "features.apply_zscore", "paths.scaler_path")


class Options(NamedTuple):
    """The options of a command line."""

    archive: Path
    trials: int
    seed: int
    settings: Settings


def main(argv: Sequence[str]) -> int:
    """Check one archive, print the trials and the verdict, and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if "--help" in argv or "-h" in argv:
        shaping = (each.help for each in describe_settings() if each.key.startswith(_SHAPING))
        print("\n".join([HELP, *shaping]))
        return IDENTICAL
    try:
        options = _read_options(argv)
        return _conclude(_check(options), options)
    except L2Error as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    return NOT_CHECKED


def _read_options(argv: Sequence[str]) -> Options:
    parser = Parser()
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    # The archive comes first: after an option it would look like the option's value.
    own, others = parser.parse_known_args(argv[1:])
    if not argv or argv[0].startswith("-"):
        parser.error(f"{argv[0]!r} in place of the archive" if argv else "no archive")
    if own.trials < 1:
        parser.error(f"--trials {own.trials}")
    command = parse_command_line(others)
    if command.plan:
        parser.error("--plan")
    return Options(Path(argv[0]), own.trials, own.seed, command.settings)


def _check(options: Options) -> list[Trial]:
    """Run all trials of every stream of the archive."""
    etl = options.settings.etl
    moments = _fixed_moments(options.settings)
    archive = archive_at(options.archive)
    try:
        trials = []
        for stream in read_streams(archive):
            trials += _check_stream(Subject(stream, etl.recipe, etl.window_ms, moments), options)
        archive.check_unchanged()
    except ArchiveError as error:
        if error.archive:
            raise
        # The parser knows the line; the archive is known only here.
        raise type(error)(error.reason, str(options.archive), error.member, error.line) from None
    return trials


def _fixed_moments(settings: Settings) -> Moments | None:
    """Load the moments of the persisted scaler, if the settings want one and there is one."""
    if not settings.features.apply_zscore:
        return None
    scaler = load_scaler(settings.paths.scaler_path, settings.etl.recipe, restore=False)
    where = f"scaler: {settings.paths.scaler_path}"
    print(where if scaler else f"{where} is not there yet: rows are compared unscaled")
    return scaler.moments if scaler else None


def _check_stream(subject: Subject, options: Options) -> list[Trial]:
    """Run all trials of one stream, and print each as it ends."""
    start = perf_counter()
    windows, ends = find_covered(subject)
    width, seconds = options.settings.etl.resampling_interval, perf_counter() - start
    print(f"{subject.stream}: {len(ends):,} bars of {width}, made in {seconds:.1f} s")
    if not ends:
        return []
    _print_row("trial", "T (UTC)", "perturbed lines", "rows compared", "differences")
    random = Random(f"{options.seed} {subject.stream}")  # noqa: S311 - no secret
    trials = []
    for number in range(1, options.trials + 1):
        instant_ms = draw_instant(ends, subject.recipe.bar_interval_ms, random)
        trial = run_trial(subject, windows, instant_ms, random.getrandbits(32))
        figures = (f"{n:,}" for n in (trial.changed, trial.bars.rows, trial.differing))
        _print_row(str(number), iso(instant_ms), *figures)
        for table, found in (("bars", trial.bars), ("output", trial.rows)):
            for difference in found.first[:3]:
                print(f"       {table}: {difference}")
        trials.append(trial)
    return trials


def _print_row(number: str, instant: str, changed: str, rows: str, differences: str) -> None:
    print(f"{number:>5}  {instant:23}  {changed:>16}  {rows:>13}  {differences:>11}", flush=True)


def _conclude(trials: Sequence[Trial], options: Options) -> int:
    """Print the verdict; return the exit code."""
    rows = sum(trial.bars.rows for trial in trials if trial.changed)
    failed = sum(trial.differing > 0 for trial in trials)
    if failed:
        print(
            f"NOT CAUSAL: {failed} of {len(trials)} trials changed rows that were already known. "
            f"To reproduce: --trials {options.trials} --seed {options.seed}"
        )
        return DIFFERENT
    if not rows:
        print(
            "nothing was checked: no bar has perturbed lines after it. "
            "Try a shorter etl.resampling_interval"
        )
        return NOT_CHECKED
    changed = sum(trial.changed for trial in trials)
    print(
        f"causal: {rows:,} rows in {len(trials)} trials are bit-identical, "
        f"with {changed:,} later lines perturbed"
    )
    return IDENTICAL
