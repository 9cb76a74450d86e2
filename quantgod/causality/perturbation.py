"""A perturbed stream: the same up to ``T``, and in disorder from there on.

A row that is known at ``T`` must not depend on a message with ``ts >= T`` (contract §3, §4), so no
perturbation may change it by a bit. A perturbation knows no dialect. It drops, doubles, tears and
reorders lines of the stream, and asks the dialect's parser only about the line it begins with.

That line gets the time ``T``: nothing is closer to the rows that must not see it. By contract §2 no
later line can have an earlier time, whatever its own stamp, so nothing reaches back before ``T``.
One fact about the future is preserved: whether the day goes on. Samples end with the day's last
message, so rows show it. A stream whose next message is past midnight goes on past midnight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from quantgod.causality.stamps import begins_message, restamp, time_of
from quantgod.orderbook.calendar import DAY_MS, Window
from quantgod.orderbook.formats.dialect import Dialect, Text
from quantgod.orderbook.messages import Cursor

KINDS = ("dropped", "doubled", "torn", "reordered")

_RUN_LENGTHS = (1, 1, 3, 30)  # lines that change together: a level, a message, a stretch of time
_SKIPS = (1, 30, 300, 3000)  # lines before the one that the perturbed part begins with
_SHARES = (0.5, 0.9)  # of the lines that change
_PAST_BYTES = 1 << 14  # of text before T that is remembered

Lines = list[bytes]  # without their line feeds


class Perturbation:
    """Rewrites the lines of one stream from ``T`` on; equal seeds give equal results.

    Attributes:
        changes: how many lines changed in which way.
    """

    def __init__(
        self, dialect: Dialect, instant_ms: int, day_end_ms: int, seed: int,
        kinds: Sequence[str] = KINDS, share: float = 0.5,
    ) -> None:  # fmt: skip
        self.changes: Counter[str] = Counter()
        self._dialect, self._instant_ms, self._day_end_ms = dialect, instant_ms, day_end_ms
        self._random = Random(seed)  # noqa: S311 - no secret
        self._kinds, self._share = tuple(kinds), share
        self._past, self._has_begun = b"", False

    def pass_by(self, text: bytes) -> None:
        """Remember the last lines before ``T``: in CSV a row may join the message before it."""
        past = self._past + text[-_PAST_BYTES:]
        self._past = past if len(past) < _PAST_BYTES else past[-_PAST_BYTES:].partition(b"\n")[2]

    def rewrite(self, text: bytes) -> bytes:
        """Perturb the next whole lines; the first line of all is the first with ``ts >= T``."""
        lines = text.split(b"\n")[:-1]
        rewritten = self._perturb(lines) if self._has_begun else self._begin(lines)
        return b"".join(line + b"\n" for line in rewritten)

    def _begin(self, lines: Lines) -> Lines:
        """Begin with a message at ``T``; drop the lines before it, or move them after it."""
        self._has_begun = True
        at, first = self._choose_first(lines)
        skipped = [] if "dropped" in self._kinds else lines[:at]
        self.changes["first"] += at + (first != lines[at])
        return [first, *self._perturb([*skipped, *lines[at + 1 :]])]

    def _choose_first(self, lines: Lines) -> tuple[int, bytes]:
        """Choose a line near the first, and give it the time ``T``.

        If no line can take that time, or each would join the last message of the past, the
        stream's own first line stays as it is.
        """
        next_ms = time_of(self._dialect, lines[0])
        goes_on = next_ms is None or next_ms < self._day_end_ms
        time_ms = self._instant_ms if goes_on else max(self._instant_ms, self._day_end_ms)
        may_skip = "dropped" in self._kinds or "reordered" in self._kinds
        furthest = min(self._random.choice(_SKIPS) if may_skip else 0, len(lines) - 1)
        for at in (furthest, furthest // 2, furthest // 4, 1, 0):
            first = restamp(self._dialect, lines[at], time_ms) if at <= furthest else None
            if first is not None and begins_message(self._dialect, self._past, first):
                return at, first
        return 0, lines[0]

    def _perturb(self, lines: Lines) -> Lines:
        """Change runs of lines, each in one way."""
        runs: list[Lines] = []
        moved: list[int] = []
        start = 0
        while start < len(lines):
            end = start + self._random.choice(_RUN_LENGTHS)
            run, start = lines[start:end], end
            if self._random.random() < self._share:
                kind = self._random.choice(self._kinds)
                self.changes[kind] += len(run)
                if kind == "reordered":
                    moved.append(len(runs))
                run = self._changed(run, kind)
            runs.append(run)
        order = self._random.sample(moved, len(moved))
        for place, run in zip(moved, [runs[each] for each in order], strict=True):
            runs[place] = run
        return [line for run in runs for line in run]

    def _changed(self, run: Lines, kind: str) -> Lines:
        if kind == "dropped":
            return []
        if kind == "doubled":
            return [*run, *run]
        if kind == "torn":
            return [line[: int(self._random.random() * len(line))] for line in run]
        return run


def draw_perturbation(
    dialect: Dialect, instant_ms: int, day_end_ms: int, random: Random
) -> Perturbation:
    """Draw how a stream is perturbed: in which ways, how much, and where."""
    kinds = random.sample(KINDS, random.randint(1, len(KINDS)))
    seed, share = random.getrandbits(32), random.choice(_SHARES)
    return Perturbation(dialect, instant_ms, day_end_ms, seed, kinds, share)


def find_instant(dialect: Dialect, text: Text, instant_ms: int) -> int:
    """Read a stream from its start to the first message with ``ts >= T``.

    Returns:
        Offset of that message's line; the text's end if there is none.
    """
    # More than an hour before the window's day: messages are passed over, and none is kept.
    past = Window(day_ms=instant_ms + DAY_MS, start_ms=instant_ms, end_ms=instant_ms)
    return dialect.parse_window(text, Cursor(), past).cursor.offset


class PerturbedText:
    """A text that is perturbed from an offset on, as it is read; a ``Text`` itself."""

    def __init__(self, source: Text, perturbed_from: int, perturbation: Perturbation) -> None:
        self.offset = 0  # in the perturbed text
        self._source, self._from, self._perturbation = source, perturbed_from, perturbation
        self._lines = np.empty(0, np.uint8)

    def lines(self) -> NDArray[np.uint8]:
        """Some whole lines ahead; empty at the end."""
        while not len(self._lines) and len(ahead := self._source.lines()):
            untouched = self._from - self._source.offset
            if untouched > 0:
                return ahead[:untouched]
            # A bytearray, as kernels are compiled for arrays that may be written to.
            rewritten = bytearray(self._perturbation.rewrite(ahead.tobytes()))
            self._lines = np.frombuffer(rewritten, np.uint8)
            self._source.advance(len(ahead))
        return self._lines

    def advance(self, count: int) -> None:
        """Drop the first ``count`` bytes of ``lines()``."""
        self.offset += count
        if len(self._lines):
            self._lines = self._lines[count:]
        else:
            self._perturbation.pass_by(self._source.lines()[:count].tobytes())
            self._source.advance(count)
