"""From drawn bytes to planned messages, and from plans to the lines of one stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from hypothesis import strategies as st

from tests.support.bybit_lines import (
    BREAKS,
    CANONICAL,
    INT64_MAX,
    INT64_MIN,
    Level,
    Line,
    Style,
    render,
)
from tests.support.stream_parts import (
    FULL_SIZES,
    SIZES,
    STYLE_PICKS,
    Rates,
    Roll,
    levels,
    pick_style,
    table,
)
from tests.support.twin import TwinSettings

HOUR_MS = 3_600_000
D0 = 1_723_075_200_000  # 2024-08-08
NOON = D0 + 12 * HOUR_MS
D1 = D0 + 24 * HOUR_MS
FAR_STAMPS = (D1 + HOUR_MS, D1 + HOUR_MS + 1, D0 - HOUR_MS - 1, 0, -5, INT64_MAX, INT64_MIN)
EDGE_STAMPS = {
    D0: (D0 - 1, D0, D0 + 1, D0 - HOUR_MS, *FAR_STAMPS),
    NOON: FAR_STAMPS,
    D1: (D1 - 1, D1, D1 + 1, *FAR_STAMPS),
}
JUMPS = ("skip", "repeat", "fall", "missing", "one", "max", "far")
SORTED_BREAKS = sorted(BREAKS)
SNAPSHOT_JUMPS = ("next", "repeat", "one", "skip", "missing")
BLANKS = (b"", b"", b"\n", b" \t\r\n", b"\r\n\n")  # lines before a message
ENDS = (b"\n", b"\r\n", b" \n", b"\t\r\n")
ROLL_BYTES = 48  # a pick is 2 bytes: up to 16 levels and 7 other picks

Step = tuple[str, int, int]  # name, ms, offset: see `Writer.move`
Manner = tuple[Style, bytes, bytes]  # style, blank lines before, end


@dataclass(frozen=True)
class Plan:
    """One message, before it has a stamp and an update id."""

    kind: str
    step: Step
    jump: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    manner: Manner
    broken: str | None


@dataclass
class Writer:
    """Writes plans, each after the one before."""

    start: int
    limit: int  # the latest stamp a step may lead to
    now: int
    update_id: int
    topic: str | None
    symbol: str | None

    def write_all(self, plans: Iterable[Plan]) -> list[bytes]:
        """Write the plans, one text each."""
        return [self.write(plan) for plan in plans]

    def write(self, plan: Plan) -> bytes:
        """Write one line, with the blank lines before it and its end."""
        stamp, update_id = self.move(plan.step), self.jump(plan.jump)
        line = Line(plan.kind, stamp, plan.bids, plan.asks, update_id, self.topic, self.symbol)
        style, blank, end = plan.manner
        if plan.broken is not None:
            return blank + BREAKS[plan.broken](line) + end
        self.update_id = self.update_id if update_id is None else update_id
        return blank + render(line, style) + end

    def move(self, step: Step) -> int:
        """Return the next stamp: "on" by ms, to the "grid" of ms, "back" by ms, "at" a stamp."""
        name, ms, offset = step
        targets = {
            "on": self.now + ms,
            "grid": (self.now // ms + 1) * ms if name == "grid" else 0,
            "back": self.now - ms,
            "at": ms,
            "first": self.start,
        }
        stamp = targets[name] + offset
        if name in ("on", "grid") and not self.now < stamp <= self.limit:
            stamp = self.now + 1
        if stamp <= self.limit:
            self.now = max(self.now, stamp)
        return stamp

    def jump(self, name: str) -> int | None:
        """Return the next update id; after the greatest of 64 bits comes the least, a gap."""
        following = self.update_id + 1 if self.update_id < INT64_MAX else INT64_MIN
        return {
            "next": following,
            "skip": min(following + 1, INT64_MAX),
            "repeat": self.update_id,
            "fall": max(self.update_id - 2, INT64_MIN),
            "missing": None,
            "one": 1,
            "max": INT64_MAX,
            "far": -7,
        }[name]


# ---------------------------------------------------------------- plans


@cache
def rolls(fewest: int, most: int) -> st.SearchStrategy[list[Roll]]:
    """Draw the bytes of some messages."""
    block = st.binary(min_size=ROLL_BYTES, max_size=ROLL_BYTES)
    return st.lists(block.map(Roll), min_size=fewest, max_size=most)


@dataclass(frozen=True)
class Kit:
    """The parts from which the messages of one stream are made."""

    steps: Sequence[Step]
    manners: Sequence[Manner]
    breaks: Sequence[str | None]
    jumps: Sequence[str]
    bids: Sequence[Level]
    asks: Sequence[Level]
    full_bids: Sequence[Level]  # of snapshots
    full_asks: Sequence[Level]
    full: tuple[int, int]  # fewest and most levels of a snapshot

    def plan(self, roll: Roll) -> Plan:
        """Plan a delta or, one time in ten, a snapshot."""
        return self.snapshot(roll) if roll.pick(range(10)) == 9 else self.delta(roll)

    def delta(self, roll: Roll) -> Plan:
        """Plan a delta: a few levels, a third of them deletes."""
        bids, asks = roll.pick_some(self.bids, 0, 4), roll.pick_some(self.asks, 0, 4)
        step, jump = roll.pick(self.steps), roll.pick(self.jumps)
        return Plan(
            "delta", step, jump, bids, asks, roll.pick(self.manners), roll.pick(self.breaks)
        )

    def snapshot(self, roll: Roll) -> Plan:
        """Plan a snapshot: its u is never a gap."""
        bids = roll.pick_some(self.full_bids, *self.full)
        asks = roll.pick_some(self.full_asks, *self.full)
        step, jump = roll.pick(self.steps), roll.pick(SNAPSHOT_JUMPS)
        return Plan(
            "snapshot", step, jump, bids, asks, roll.pick(self.manners), roll.pick(self.breaks)
        )


def draw_kit(draw: st.DrawFn, roll: Roll, rates: Rates, settings: TwinSettings, anchor: int) -> Kit:
    """Draw the parts from which a stream's messages are made."""
    jumps = table(draw, ["next"], rates.jumping, lambda roll: roll.pick(JUMPS))
    return Kit(
        table(
            draw, list_steps(settings), rates.wandering, partial(pick_odd_step, settings, anchor), 2
        ),
        table(draw, [(CANONICAL, b"", b"\n")], rates.styled, pick_manner, STYLE_PICKS + 2),
        table(draw, [None], rates.broken, lambda roll: roll.pick(SORTED_BREAKS)),
        roll.pick((jumps, jumps, jumps, jumps, ("missing",))),
        levels(draw, rates, "bid", SIZES),
        levels(draw, rates, "ask", SIZES),
        levels(draw, rates, "bid", FULL_SIZES),
        levels(draw, rates, "ask", FULL_SIZES),
        roll.pick(((1, 8), (0, 2), (4, 8), (1, 1))),
    )


def list_steps(settings: TwinSettings) -> list[Step]:
    """List the usual distances to the next stamp: some ms, around a grid instant, a silence."""
    step, width = settings.sampling_interval_ms, settings.bar_interval_ms
    stale = settings.max_staleness_ms
    beats = (1, 37, 99, 100, 101, 200, step // 2, step - 1, step, step + 1, 3 * step // 2)
    longer = (stale // 3, stale // 2, width // 5, width // 3)
    silences = (stale, stale + 1, stale + step, width, 2 * width + 1)
    grids = [ms for ms in (step, width, 100, 1000, 5000, 60_000) if ms <= 100 * step]
    return [
        *[("on", ms, 0) for ms in (*beats * 3, *longer * 4, *silences)],
        *[("grid", ms, offset) for ms in grids for offset in (0, 0, -1, 1)],
    ]


def pick_manner(roll: Roll) -> Manner:
    """Choose the style of a line, the blank lines before it and its end."""
    return pick_style(roll), roll.pick(BLANKS), roll.pick(ENDS)


def pick_odd_step(settings: TwinSettings, anchor: int, roll: Roll) -> Step:
    """Choose a step that goes back, keeps the time or, one time in four, goes to an edge."""
    if roll.pick(range(4)) == 3:
        return "at", roll.pick(EDGE_STAMPS[anchor]), 0
    back = (1, 0, 100, settings.sampling_interval_ms, 2 * settings.bar_interval_ms)
    return "back", roll.pick(back), 0
