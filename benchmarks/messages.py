"""Text in memory → messages, in any dialect: the cost of a dialect without inflating."""

from __future__ import annotations

from pathlib import Path

from benchmarks.inflate import first_lines
from benchmarks.meter import Facts, Meter, Options
from benchmarks.parsers import Lines
from quantgod.orderbook.calendar import DAY_MS, Window, day_start_ms
from quantgod.orderbook.messages import Cursor
from quantgod.storage.archives.streams import open_stream

TIMES = 3


def measure(archive: Path, options: Options, meter: Meter) -> Facts:  # noqa: ARG001 - as all take
    """Read all messages of an archive's stream in one window, three times over.

    One more reading comes first and does not count: a process pays about as much for its first use
    of memory as for the reading itself, and that cost belongs to the window, not to the dialect.
    """
    stream = open_stream(archive)
    lines = first_lines(archive, stream.member.likely_size)
    day_ms = day_start_ms(stream.day)
    window = Window(day_ms, day_ms, day_ms + DAY_MS)

    def read() -> Facts:
        parsed = stream.dialect.parse_window(Lines(lines), Cursor(), window)
        return {"messages": parsed.counts.messages, "levels": len(parsed.messages.price)}

    facts = read()
    with meter:
        for _ in range(TIMES):
            read()
    return facts
