"""Other futures for texts in memory, and instants at which they begin."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from quantgod.causality.comparison import ChangedText, find_future
from quantgod.causality.future import KINDS, Future, FutureRewriter
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.formats.dialect import Dialect, Message
from tests.support.core import MemoryText
from tests.support.stream_plans import HOUR_MS
from tests.support.streams import D0, D1, NOON, Case

SEEDS = st.integers(0, 2**32)
SOME_KINDS = st.lists(st.sampled_from(KINDS), min_size=1, unique=True).map(tuple)


@dataclass(frozen=True)
class Changed:
    """A text with another future."""

    text: bytes
    rewriter: FutureRewriter


def change(
    text: bytes,
    instant_ms: int,
    seed: int = 0,
    kinds: tuple[str, ...] = KINDS,
    dialect: Dialect = bybit.DIALECT,
) -> Changed:
    """Give a text of one day another future from T on, read in small pieces."""
    rewriter = FutureRewriter(dialect.words, Future(instant_ms, D1), seed, kinds)
    changed_from = start_of(text, instant_ms, dialect)
    changed, parts = ChangedText(MemoryText(text, 500), changed_from, rewriter.rewrite), []
    while len(lines := changed.lines()):
        parts.append(lines[: len(lines) // 2 + 1].tobytes())
        changed.advance(len(parts[-1]))
    assert changed.offset == sum(map(len, parts))
    return Changed(b"".join(parts), rewriter)


def start_of(text: bytes, instant_ms: int, dialect: Dialect = bybit.DIALECT) -> int:
    """Find where the future begins in a text."""
    return find_future(dialect, MemoryText(text), instant_ms)


def messages_of(
    text: bytes, dialect: Dialect = bybit.DIALECT
) -> list[tuple[bytes, Message | None]]:
    """List the lines of a text, each with its message."""
    return [(line, dialect.words.read(line)) for line in text.split(b"\n")]


@st.composite
def instants(draw: st.DrawFn, case: Case, dialect: Dialect = bybit.DIALECT) -> int:
    """Draw T on, just before or just after a message's stamp, a grid instant or a bar's edge."""
    stamps = [message.ts for _, message in messages_of(case.text, dialect) if message]
    near = sorted(stamp for stamp in stamps if D0 - HOUR_MS <= stamp <= D1 + HOUR_MS) or [NOON]
    near = near[len(near) // 3 :]  # rather late, so that there is something known
    rules = case.settings
    step = draw(st.sampled_from((rules.bar_interval_ms, rules.sampling_interval_ms, 1)))
    instant_ms = draw(st.sampled_from(near)) // step * step + draw(st.sampled_from((0, step)))
    return instant_ms + draw(st.sampled_from((0, 0, -1, 1)))
