"""Trials of causality: a stream against itself, perturbed from an instant ``T`` on.

Both texts go through the stages side by side, window by window, and their rows are compared. A row
is final when its window is over, so a trial ends one window after that of ``T``; it holds the
arrays of one window and the rows of two, whatever the length of the archive.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from random import Random

import pyarrow as pa

from quantgod.causality.comparison import Comparison, compare_known
from quantgod.causality.perturbation import PerturbedText, draw_perturbation, find_instant
from quantgod.orderbook.bars import to_table
from quantgod.orderbook.calendar import DAY_MS, Window, day_start_ms
from quantgod.orderbook.features import LastBar, add_features, times_ms
from quantgod.orderbook.formats.dialect import Text
from quantgod.orderbook.recipe import Recipe
from quantgod.orderbook.scaling import Moments, apply_scaler
from quantgod.orderbook.step import Stages, State, parser_of, plain_stages, step, walk
from quantgod.orderbook.windows import plan_windows
from quantgod.storage.archives.line_reader import LineReader
from quantgod.storage.archives.streams import Stream


@dataclass(frozen=True)
class Subject:
    """The stream under test, and the settings that make rows of it."""

    stream: Stream
    recipe: Recipe
    window_ms: int | None  # None: by the memory budget
    moments: Moments | None  # of the fixed scaler; None: unscaled

    def stages(self, text: Text) -> Stages:
        """The stages of a window, which read from a text of the stream."""
        rule = self.stream.sample_rule(self.recipe)
        return plain_stages(parser_of(self.stream.dialect, text), self.recipe, rule)

    def open_text(self) -> LineReader:
        """The stream's text from its start; to be closed."""
        return LineReader(self.stream.archive, self.stream.member, None)


@dataclass(frozen=True)
class Trial:
    """How a perturbation from ``T`` on changed the rows known at ``T``."""

    instant_ms: int  # T
    changed: int  # lines from T on that were perturbed
    bars: Comparison
    rows: Comparison  # of the output: bars with a previous close, with features, scaled

    @property
    def differing(self) -> int:
        """Count the values that differ."""
        return self.bars.differing + self.rows.differing


def replay(
    subject: Subject, text: Text, windows: Iterable[Window]
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Run a text of the stream through both phases, window by window.

    Yields:
        The bars of a window, and the output rows made of them.
    """
    recipe, stages, state = subject.recipe, subject.stages(text), State()
    before: LastBar | None = None
    for window in windows:
        part, state = step(stages, window, state)
        bars = to_table([part.bars])
        levels = recipe.orderbook_levels
        rows = add_features(bars, recipe.bar_interval_ms, levels, before).table
        if bars.num_rows:
            before = LastBar(int(times_ms(bars)[-1]), bars["close"][-1].as_py())
        yield bars, apply_scaler(rows, subject.moments) if subject.moments else rows


def find_covered(subject: Subject) -> tuple[list[Window], list[int]]:
    """Read the stream once, to its end.

    Returns:
        Its windows, as the flow cuts them, and ``available_at`` of every bar, in ms.
    """
    recipe, stream = subject.recipe, subject.stream
    plan = plan_windows(stream.extent, recipe, stream.sample_rule(recipe), subject.window_ms)
    windows, ends = list[Window](), list[int]()
    with closing(subject.open_text()) as text:
        for window, part in walk(subject.stages(text), plan):
            windows.append(window)
            ends += part.bars.columns["available_at"].tolist()
    return windows, ends


def draw_instant(bar_ends: Sequence[int], bar_interval_ms: int, random: Random) -> int:
    """Draw a T inside the covered time: mostly the very end of a bar, where a leak shows first."""
    end = random.choice(bar_ends[:-1] or bar_ends)
    return end + random.choice((0, 0, 0, 0, 1, random.randrange(bar_interval_ms)))


def run_trial(subject: Subject, windows: Sequence[Window], instant_ms: int, seed: int) -> Trial:
    """Perturb the stream from T on, and compare the rows known at T."""
    dialect, day_end_ms = subject.stream.dialect, day_start_ms(subject.stream.day) + DAY_MS
    random = Random(seed)  # noqa: S311 - no secret
    perturbation = draw_perturbation(dialect, instant_ms, day_end_ms, random)
    with closing(subject.open_text()) as text:
        perturbed_from = find_instant(dialect, text, instant_ms)
    bars = rows = Comparison()
    replayed = windows_until(instant_ms, windows)
    with closing(subject.open_text()) as text, closing(subject.open_text()) as other_text:
        perturbed = PerturbedText(other_text, perturbed_from, perturbation)
        mine, theirs = replay(subject, text, replayed), replay(subject, perturbed, replayed)
        for (my_bars, my_rows), (their_bars, their_rows) in zip(mine, theirs, strict=True):
            bars += compare_known(my_bars, their_bars, instant_ms)
            rows += compare_known(my_rows, their_rows, instant_ms)
    return Trial(instant_ms, perturbation.changes.total(), bars, rows)


def windows_until(instant_ms: int, windows: Sequence[Window]) -> list[Window]:
    """List the windows up to that of T, which is joined with the one after it.

    Otherwise messages after T might not be read, and no row could leak them.
    """
    index = next((i for i, w in enumerate(windows) if w.end_ms >= instant_ms), len(windows) - 1)
    joined = windows[index : index + 2]
    return [*windows[:index], replace(joined[0], end_ms=joined[-1].end_ms)]
