"""Text in memory → messages, in whatever dialect: what a dialect costs without the inflating."""

from __future__ import annotations

from pathlib import Path

from benchmarks.core import open_stream
from benchmarks.inflate import first_lines
from benchmarks.meter import Facts, Meter, Options
from benchmarks.parsers import Lines
from orderbook.calendar import DAY_MS, Window, day_start_ms
from orderbook.messages import Cursor


def measure(archive: Path, options: Options, meter: Meter) -> Facts:  # noqa: ARG001 - as all take
    """Read all messages of an archive's stream in one window."""
    stream = open_stream(archive)
    text = Lines(first_lines(archive, stream.member.likely_size))
    day_ms = day_start_ms(stream.day)
    window = Window(day_ms, day_ms, day_ms + DAY_MS)
    with meter:
        parsed = stream.dialect.parse_window(text, Cursor(), window)
    return {"messages": parsed.counts.messages, "levels": len(parsed.messages.price)}
