"""Hypothesis strategies for the texts of Bybit members: small, and as odd as the contract allows.

A stream is drawn as a list of `Plan`s, one per message, from the parts in the stream's `Kit`. A
`Writer` turns them into stamps, update ids and text. Every kind of oddity has its own rate, drawn
once per stream and often 0, so that most streams reach deep states and some are a mess. Only
`mixed_texts` mixes symbols.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.support.bybit_lines import INT64_MAX, Line, render
from tests.support.stream_parts import Rates, Roll, blocks, table
from tests.support.stream_plans import D0, D1, HOUR_MS, NOON, Kit, Plan, Writer, draw_kit, rolls
from tests.support.twin import TwinSettings

DAY = dt.date(2024, 8, 8)
NEXT_DAY = dt.date(2024, 8, 9)
INTERVALS = ((1000, 5000), (100, 1000), (500, 1000), (1000, 60_000))  # (Δ, W) in ms
SAMPLES_A_STREAM = 600  # bounds the span within the day, and so the twin's work
TYPICAL = TwinSettings(bar_interval_ms=5000, levels=4, max_staleness_ms=2000)
RATES = (0, 3, 0, 20)  # in a hundred
HEAD_PICKS = 20  # at most, for choices made once per stream
CLEAN_STARTS = {
    D0: (100, 1500, 0, 1, 999, 1000, 1001),
    NOON: (0, 1, -1, 123),
    D1: (-1, -5000, -900),
}
ODD_STARTS = {
    D0: (-1, -1000, -HOUR_MS + 1, -HOUR_MS, -HOUR_MS - 1),
    NOON: (999, 1001, -24 * HOUR_MS),
    D1: (0, 1, 100, HOUR_MS, HOUR_MS + 1),
}


@dataclass(frozen=True)
class Case:
    """A member text of the day `DAY`, and settings to read it with."""

    text: bytes
    settings: TwinSettings


# ---------------------------------------------------------------- the public strategies


@st.composite
def cases(draw: st.DrawFn, *, clean: bool | None = None) -> Case:
    """Draw settings and a text made for them; `clean` as in `member_texts`, None draws it."""
    settings = draw(settings_of_cases())
    is_clean = Roll(draw(blocks(1))).pick((False, False, True)) if clean is None else clean
    return Case(draw(member_texts(settings, clean=is_clean)), settings)


@st.composite
def settings_of_cases(draw: st.DrawFn) -> TwinSettings:
    """Draw the settings of §§2-4."""
    roll = Roll(draw(blocks(4)))
    sampling_interval_ms, bar_interval_ms = roll.pick(INTERVALS)
    return TwinSettings(
        sampling_interval_ms,
        bar_interval_ms,
        levels=roll.pick(range(1, 9)),
        max_staleness_ms=roll.pick((2000, 500, 10_000)),
        on_sequence_gap=roll.pick(("drop", "keep")),
    )


@st.composite
def member_texts(
    draw: st.DrawFn, settings: TwinSettings = TYPICAL, *, clean: bool = False
) -> bytes:
    """Draw the text of a member of the day `DAY`: 0-60 messages near midnight or noon.

    A clean stream opens with a snapshot at or after the start of the day, its stamps rise strictly,
    its u has no gap, its book is never crossed and its lines are all readable, in any style. It may
    fall silent, have one side only, and run on over midnight.
    """
    roll = Roll(draw(blocks(HEAD_PICKS)))
    anchor = roll.pick((D0, D1, NOON))
    odd_rate = 0 if clean else 20
    starts = table(draw, CLEAN_STARTS[anchor], odd_rate, lambda roll: roll.pick(ODD_STARTS[anchor]))
    bars_before = roll.pick((2, 1, 0)) if anchor == D1 else 0
    start = anchor + roll.pick(starts) - bars_before * settings.bar_interval_ms
    kit = draw_kit(draw, roll, pick_rates(roll, clean), settings, anchor)
    limit = max(start, D0) + SAMPLES_A_STREAM * settings.sampling_interval_ms
    writer = pick_writer(roll, start, limit)
    text = b"".join(writer.write_all(draw_plans(draw, roll, kit, 100 if clean else 85)))
    return roll.pick((text, text, text.rstrip(b"\r\n"), text + b"\n \r\n"))


@st.composite
def two_day_texts(draw: st.DrawFn, settings: TwinSettings = TYPICAL) -> tuple[bytes, bytes]:
    """Draw the texts of `DAY` and `NEXT_DAY`: one clean stream, on over midnight.

    The first ends as real ones do: a message in the last 100 ms of the day, up to 7 deltas
    past midnight, then the opening snapshot of the next day, which repeats the last u.
    """
    step, width = settings.sampling_interval_ms, settings.bar_interval_ms
    roll = Roll(draw(blocks(HEAD_PICKS)))
    kit = draw_kit(draw, roll, pick_rates(roll, clean=True), settings, D1)
    opening, last, closing, *evening = draw(rolls(3, 25))
    past = [replace(kit.delta(roll), step=("on", 100, 0)) for roll in draw(rolls(0, 7))]
    start = D1 - roll.pick((2 * width, width, width + 1, 3 * step))
    last_step = ("at", D1 - roll.pick(range(1, 100)), 0)
    closing_step = ("on", roll.pick((100, 1500)), 0)
    writer = pick_writer(roll, start, limit=D1 - step - 60)
    lines = writer.write_all([to_first(kit.snapshot(opening)), *map(kit.plan, evening)])
    writer.limit = D1 + SAMPLES_A_STREAM * step
    lines += writer.write_all([replace(kit.delta(last), step=last_step), *past])
    lines += [writer.write(replace(kit.snapshot(closing), step=closing_step, jump="repeat"))]
    morning = writer.write_all(map(kit.plan, draw(rolls(0, 25))))
    return b"".join(lines), b"".join([lines[-1], *morning])


@st.composite
def mixed_texts(draw: st.DrawFn) -> bytes:
    """Draw a text in which a message of another symbol or topic comes anywhere after the first."""
    first = Line("delta", D0)
    others = (
        replace(first, symbol="ETHUSDT"),
        replace(first, topic="orderbook.50.BTCUSDT", ts=0),
        replace(first, symbol="btcusdt", topic=None),
    )
    lines = draw(member_texts(clean=True)).split(b"\n")
    lines.insert(draw(st.integers(0, len(lines))), render(draw(st.sampled_from(others))))
    return b"\n".join([render(first), *lines])


# ---------------------------------------------------------------- their parts


def pick_rates(roll: Roll, clean: bool) -> Rates:
    """Choose how odd a stream is; a clean one is odd in style at most."""
    if clean:
        return Rates(styled=roll.pick(RATES), number=roll.pick(RATES))
    broken, styled, wandering, number, crossing = (roll.pick(RATES) for _ in range(5))
    return Rates(broken, styled, roll.pick((0, 4, 20, 8)), wandering, number, crossing)


def draw_plans(draw: st.DrawFn, roll: Roll, kit: Kit, opening_rate: int) -> list[Plan]:
    """Draw the plans of a stream, which opens with a snapshot `opening_rate` times in 100."""
    fewest = roll.pick((10, 30, 0, 10, 30, 20, 45, -1))
    if fewest < 0:
        return []
    first, *rest = draw(rolls(fewest + 1, 60))
    opens = roll.pick(range(100)) < opening_rate
    opening = kit.snapshot(first) if opens else kit.plan(first)
    return [to_first(opening), *map(kit.plan, rest)]


def to_first(plan: Plan) -> Plan:
    """Put a plan at the start of its stream."""
    return replace(plan, step=("first", 0, 0))


def pick_writer(roll: Roll, start: int, limit: int) -> Writer:
    """Choose the properties that the messages of a stream share."""
    depth = roll.pick((200, 1, 2, 4, 500))
    topic, symbol = f"orderbook.{depth}.BTCUSDT", "BTCUSDT"
    named = roll.pick(((topic, symbol), (topic, symbol), (topic, None), (None, symbol)))
    update_id = roll.pick((177_400, 0, INT64_MAX - 200))
    return Writer(start, limit, max(start, D0 - 2000), update_id, *named)
