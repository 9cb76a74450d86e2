"""A perturbed stream: the same up to ``T``, and in disorder from there on.

A row that can be known at ``T`` must not depend on a message with ``ts >= T`` (contract §3, §4), so
no perturbation may change it by a bit. A perturbation knows no dialect. It drops, doubles, tears
and reorders lines of the stream, and asks the dialect's parser only about the line it begins with.

That line gets the time ``T``: nothing is closer to the rows that must not see it. By contract §2 no
later line can have an earlier time, whatever its own stamp, so nothing reaches back behind ``T``.
One fact about the future is preserved: whether the day goes on. Samples end with the day's last
message, so rows show it. A stream whose next message is past midnight goes on past midnight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from quantgod.causality.stamps import begins_message, restamp, time_of
from quantgod.orderbook.formats.dialect import Dialect

KINDS = ("dropped", "doubled", "torn", "reordered")

_RUN_LENGTHS = (1, 1, 3, 30)  # lines that change together: a level, a message, a stretch of time
_SKIPS = (1, 30, 300, 3000)  # lines before the one that the perturbed part begins with
_SHARES = (0.5, 0.9)  # of the lines that change
PAST_BYTES = 1 << 14  # of text before T that is remembered

Lines = list[bytes]  # without their line feeds


@dataclass(frozen=True)
class Instant:
    """Where a perturbation begins, in milliseconds."""

    time_ms: int  # T
    day_end_ms: int  # d1


def draw_perturbation(dialect: Dialect, instant: Instant, random: Random) -> Perturbation:
    """Draw how a stream is perturbed: in which ways, how much, and where."""
    kinds = random.sample(KINDS, random.randint(1, len(KINDS)))
    return Perturbation(dialect, instant, random.getrandbits(32), kinds, random.choice(_SHARES))


class Perturbation:
    """Rewrites the lines of one stream from ``T`` on; equal seeds give equal results.

    Attributes:
        dialect: the dialect of the stream.
        changed: lines that changed so far.
        kinds: how many of them changed in which way.
    """

    def __init__(
        self, dialect: Dialect, instant: Instant, seed: int,
        kinds: Sequence[str] = KINDS, share: float = 0.5,
    ) -> None:  # fmt: skip
        self.changed = 0
        self.kinds: Counter[str] = Counter()
        self.dialect, self._instant = dialect, instant
        self._random = Random(seed)  # noqa: S311 - no secret
        self._kinds, self._share = tuple(kinds), share
        self._past, self._has_begun = b"", False

    def pass_by(self, text: bytes) -> None:
        """Remember the last lines before ``T``: in CSV a row may join the message before it."""
        past = self._past + text
        self._past = past if len(past) < PAST_BYTES else past[-PAST_BYTES:].partition(b"\n")[2]

    def rewrite(self, text: bytes) -> bytes:
        """Perturb the next whole lines; the first line of all is the first with ``ts >= T``."""
        lines = text.split(b"\n")[:-1]
        rewritten = self._perturb(lines) if self._has_begun else self._begin(lines)
        return b"".join(line + b"\n" for line in rewritten)

    # --- the first line --------------------------------------------------------------------------

    def _begin(self, lines: Lines) -> Lines:
        """Begin with a message at ``T``; drop the lines before it, or move them after it."""
        self._has_begun = True
        at, first = self._choose_first(lines)
        skipped = [] if "dropped" in self._kinds else lines[:at]
        self.changed += at + (first != lines[at])
        return [first, *self._perturb([*skipped, *lines[at + 1 :]])]

    def _choose_first(self, lines: Lines) -> tuple[int, bytes]:
        """Choose a line near the first, and give it the time ``T``.

        The stream's own first line, as it is, serves where no other can: where the digits of time
        are nowhere to be found, or a row would join the last message of the past.
        """
        time_ms = self._first_time(lines[0])
        may_skip = "dropped" in self._kinds or "reordered" in self._kinds
        furthest = min(self._random.choice(_SKIPS) if may_skip else 0, len(lines) - 1)
        for at in (furthest, furthest // 2, furthest // 4, 1, 0):
            first = restamp(self.dialect, lines[at], time_ms) if at <= furthest else None
            if first is not None and begins_message(self.dialect, self._past, first):
                return at, first
        return 0, lines[0]

    def _first_time(self, line: bytes) -> int:
        """``T``, or midnight if the stream's next message comes past it and ``T`` does not."""
        instant, next_ms = self._instant, time_of(self.dialect, line)
        goes_on = next_ms is None or next_ms < instant.day_end_ms
        return instant.time_ms if goes_on else max(instant.time_ms, instant.day_end_ms)

    # --- all others ------------------------------------------------------------------------------

    def _perturb(self, lines: Lines) -> Lines:
        runs: list[Lines] = []
        moved: list[int] = []
        for run in self._cut(lines):
            if self._random.random() >= self._share:
                runs.append(run)
                continue
            kind = self._random.choice(self._kinds)
            self.kinds[kind] += len(run)
            self.changed += len(run)
            if kind == "reordered":
                moved.append(len(runs))
            runs.append(self._changed(run, kind))
        self._reorder(runs, moved)
        return [line for run in runs for line in run]

    def _cut(self, lines: Lines) -> Iterator[Lines]:
        """Cut lines into runs."""
        start = 0
        while start < len(lines):
            end = start + self._random.choice(_RUN_LENGTHS)
            yield lines[start:end]
            start = end

    def _changed(self, run: Lines, kind: str) -> Lines:
        if kind == "dropped":
            return []
        if kind == "doubled":
            return [*run, *run]
        if kind == "torn":
            return [line[: int(self._random.random() * len(line))] for line in run]
        return run

    def _reorder(self, runs: list[Lines], places: Sequence[int]) -> None:
        """Let the runs at some places change places."""
        order = self._random.sample(places, len(places))
        moved = [runs[place] for place in order]
        for place, run in zip(places, moved, strict=True):
            runs[place] = run
