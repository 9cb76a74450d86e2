"""Another future for a stream: every message with ``ts >= T`` written anew, at random.

A row that can be known at ``T`` may not depend on such a message (contract §3, §4), so whatever
happens here has to leave it as it is, to the bit. Lines that are no message, and messages with
``ts < T`` wherever they stand, are passed on byte by byte. Two things of the future stay:

- its symbol and topic: another one ends the whole archive with an error;
- that its first message exists, and on which side of midnight. Samples end with the last message
  inside the day, so by the contract a row knows whether the day goes on — and nothing else; and
  without that message, older ones behind it would no longer take its time as theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from quantgod.orderbook.calendar import DAY_MS, HOUR_MS
from quantgod.orderbook.formats.dialect import Levels, Message, Words
from quantgod.orderbook.messages import INT64_MAX

_LARGEST = 1e300  # so that no change makes a number that float64 cannot hold


@dataclass(frozen=True)
class Future:
    """Where a stream's future begins."""

    start_ms: int  # T
    day_end_ms: int  # d1


# --- one message into another ------------------------------------------------------------------


def _other_values(message: Message, _: Future, random: Random) -> Message:
    """Other prices and sizes, some of which delete."""
    scale = random.choice((0.5, 0.999, 1.0, 1.001, 2.0))

    def other(levels: Levels) -> Levels:
        return [
            (max(round(price * scale, 2), 0.01), round(random.choice((0.0, 0.5, 3.0)) * size, 3))
            for price, size in levels
        ]

    return replace(message, bids=other(message.bids), asks=other(message.asks))


def _fewer_levels(message: Message, _: Future, random: Random) -> Message:
    def fewer(levels: Levels) -> Levels:
        return [level for level in levels if random.random() < 0.5]

    return replace(message, bids=fewer(message.bids), asks=fewer(message.asks))


def _no_levels(message: Message, _: Future, __: Random) -> Message:
    return replace(message, bids=[], asks=[])


def _other_type(message: Message, _: Future, __: Random) -> Message:
    return replace(message, is_snapshot=not message.is_snapshot)


def _one_side(message: Message, _: Future, random: Random) -> Message:
    """A snapshot of a book without bids, or without asks."""
    has_bids = random.random() < 0.5
    bids, asks = (message.bids, []) if has_bids else ([], message.asks)
    return replace(message, is_snapshot=True, bids=bids, asks=asks)


def _crossed(message: Message, _: Future, __: Random) -> Message:
    """A bid far above everything that the message names."""
    price = 2.0 * max((price for price, _ in message.bids + message.asks), default=1e6)
    return replace(message, bids=[*message.bids, (price, 1.0)])


def _other_update_id(message: Message, _: Future, random: Random) -> Message:
    near = min(message.update_id or 0, INT64_MAX - 2)
    return replace(message, update_id=random.choice((None, 1, near, near + 2, -7, INT64_MAX)))


def _at_once(message: Message, future: Future, _: Random) -> Message:
    """As early as the future can be."""
    return replace(message, ts=future.start_ms)


def _earlier(message: Message, future: Future, random: Random) -> Message:
    # Another edit may have put it before a future that starts past midnight.
    earliest = min(future.start_ms, message.ts)
    return replace(message, ts=random.randint(earliest, message.ts))


def _later(message: Message, _: Future, random: Random) -> Message:
    return replace(message, ts=message.ts + random.choice((1, 99, 1000, 10_001, 60_000, HOUR_MS)))


def _past_midnight(message: Message, future: Future, random: Random) -> Message:
    """Outside the day, but applied."""
    late_ms = random.choice((0, 1, 1000, HOUR_MS - 1, HOUR_MS))
    return replace(message, ts=future.day_end_ms + late_ms)


def _far_past_midnight(message: Message, future: Future, random: Random) -> Message:
    """So late that it is ignored, as then is all that follows."""
    late_ms = random.choice((HOUR_MS + 1, DAY_MS, 100 * DAY_MS))
    return replace(message, ts=future.day_end_ms + late_ms)


_EDITS: dict[str, Callable[[Message, Future, Random], Message]] = {
    "other values": _other_values,
    "fewer levels": _fewer_levels,
    "no levels": _no_levels,
    "other type": _other_type,
    "one side": _one_side,
    "crossed": _crossed,
    "other update id": _other_update_id,
    "at once": _at_once,
    "earlier": _earlier,
    "later": _later,
    "past midnight": _past_midnight,
    "far past midnight": _far_past_midnight,
}
_LINE_EDITS = ("doubled", "swapped", "dropped", "torn")
_FIRST_MAY = frozenset({*_EDITS, "doubled"})  # the future's first message stays where it is
KINDS: tuple[str, ...] = (*_EDITS, *_LINE_EDITS)


# --- a stream of lines -------------------------------------------------------------------------


class FutureRewriter:
    """Rewrites the lines of one stream, in order; equal seeds give equal futures.

    The first ``dense`` messages of the future all change, of the later ones a share: a book that
    went another way does not come back, and to read each line of a day takes Python minutes.
    """

    def __init__(
        self, words: Words, future: Future, seed: int, kinds: Sequence[str] = KINDS,
        dense: int = 1000, share: float = 0.05,
    ) -> None:  # fmt: skip
        self.kinds: Counter[str] = Counter()  # how many messages changed in which way
        self.changed = 0  # messages
        self._found = 0  # messages of the future that were read
        self._words, self._future, self._kinds = words, future, tuple(kinds)
        self._dense, self._share = dense, share
        self._random = Random(seed)  # noqa: S311 - no secret

    def rewrite(self, lines: bytes) -> bytes:
        """The next whole lines, as they are to be read instead."""
        rewritten: list[bytes] = []
        swapped: list[int] = []
        for line in lines.split(b"\n")[:-1]:
            message = self._future_message(line)
            if message is None:
                rewritten.append(line)
                continue
            kinds = self._draw_kinds()
            lines_instead = self._written(line, message, kinds)
            if lines_instead and "swapped" in kinds:
                swapped.append(len(rewritten))
            rewritten += lines_instead
        self._swap(rewritten, swapped)
        return b"".join(line + b"\n" for line in rewritten)

    def _future_message(self, line: bytes) -> Message | None:
        """What the line says, if it is of the future and its turn to change."""
        if self._found >= self._dense and self._random.random() >= self._share:
            return None
        message = self._words.read(line)
        if message is None or message.ts < self._future.start_ms:
            return None
        self._found += 1
        return message

    def _draw_kinds(self) -> list[str]:
        """One or two ways to change a message.

        The first one, which may not change in every way, comes at T itself where it may: nothing
        is nearer to the rows that must not know of it.
        """
        is_first = self._found == 1
        may = _FIRST_MAY - self._words.fixed
        allowed = [kind for kind in self._kinds if not is_first or kind in may]
        kinds = self._random.sample(allowed, min(len(allowed), self._random.choice((1, 1, 2))))
        if is_first and "at once" in allowed:
            kinds = [*(kind for kind in kinds if kind != "at once"), "at once"]
        self.kinds.update(kinds)
        self.changed += bool(kinds)
        return kinds

    def _written(self, line: bytes, message: Message, kinds: Sequence[str]) -> list[bytes]:
        """The lines that stand in place of one."""
        edited = message
        for kind in kinds:
            if kind in _EDITS:
                edited = _EDITS[kind](edited, self._future, self._random)
        if edited is not message:
            stamp = self._allowed_stamp(message.ts, edited.ts)
            line = self._words.write(line, _within_float(replace(edited, ts=stamp)))
        if "dropped" in kinds:
            return []
        if "torn" in kinds:
            line = line[: len(line) // 2]
        return [line, line] if "doubled" in kinds else [line]

    def _allowed_stamp(self, before: int, ts: int) -> int:
        """In the future, within 64 bits; the first message's on the same side of midnight."""
        future = self._future
        ts = min(max(ts, future.start_ms), INT64_MAX)
        if self._found > 1:
            return ts
        is_inside = before < future.day_end_ms
        return min(ts, future.day_end_ms - 1) if is_inside else max(ts, future.day_end_ms)

    def _swap(self, lines: list[bytes], places: Sequence[int]) -> None:
        """Let the lines at some places change places."""
        order = self._random.sample(places, len(places))
        moved = [lines[place] for place in order]
        for place, line in zip(places, moved, strict=True):
            lines[place] = line


def _within_float(message: Message) -> Message:
    """The same without a number that float64 cannot hold."""
    bids, asks = (
        [(min(price, _LARGEST), min(size, _LARGEST)) for price, size in side]
        for side in (message.bids, message.asks)
    )
    return replace(message, bids=bids, asks=asks)
