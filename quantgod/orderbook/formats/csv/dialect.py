"""CSV dialects: rows of levels → the messages of a window (contract §1.2).

Rows in the vendor's own form go through the compiled scanner; any other row goes, alone, through
Python's csv module with the same result. Both hand the level to ``take_row``.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.calendar import Window
from quantgod.orderbook.formats.csv import scanner as scanner
from quantgod.orderbook.formats.csv.columns import DELTA, SNAPSHOT, TIME, Layout
from quantgod.orderbook.formats.csv.groups import close_group, open_group, take_row, with_room
from quantgod.orderbook.formats.csv.header import WHITE_SPACE, claim_header
from quantgod.orderbook.formats.csv.row import join_row, read_row, split_row
from quantgod.orderbook.formats.dialect import Dialect, StreamHead, Text, require_same
from quantgod.orderbook.formats.tokens import line_end
from quantgod.orderbook.messages import Cursor, MessageBuilder, Parsed

_HEAD_ROWS = 1000  # rows searched for a stream's first message when only its name is asked


def parse_rows(layout: Layout, text: Text, cursor: Cursor, window: Window) -> Parsed:
    """The messages of one window; see ``Dialect``.

    Raises:
        MixedStreamError: a row of another stream than the first.
    """
    return _Reader(layout, cursor, window).read(text)


class _Reader:
    """One window's rows on their way into messages."""

    def __init__(self, layout: Layout, cursor: Cursor, window: Window) -> None:
        self.layout, self.builder = layout, MessageBuilder(cursor, window)
        self.group = open_group(SNAPSHOT if cursor.in_snapshot else DELTA)

    def read(self, text: Text) -> Parsed:
        builder = self.builder
        if text.offset == 0:
            self._skip_header(text)
        ended = False
        while not ended and len(lines := text.lines()):
            consumed, ended = self._read_lines(lines)
            text.advance(consumed)
        if not ended:
            close_group(builder.batch, self.group, self.layout.rules)
        builder.in_snapshot = bool(self.group.state["last_kind"][0] == SNAPSHOT)
        return builder.finish(text.offset, at_end=not ended)

    def _skip_header(self, text: Text) -> None:
        """The header is the first line that is not blank."""
        is_blank = True
        while is_blank and len(lines := text.lines()):
            end = int(line_end(lines, 0))
            is_blank = not lines[:end].tobytes().strip(WHITE_SPACE)
            self.builder.state["blank"][0] += is_blank
            self.builder.counts["lines"][0] += not is_blank
            text.advance(end)

    def _read_lines(self, lines: NDArray[np.uint8]) -> tuple[int, bool]:
        """Read whole lines; returns the bytes read and whether the window ended there."""
        self._reserve(scanner.most_rows(len(lines), len(self.layout.slots)))
        position = 0
        while position < len(lines):
            position, status = scanner.scan(
                lines, position, self.builder.batch, self.group, self.layout.rules, self._names()
            )
            if status == scanner.SLOW_ROW:
                end = int(line_end(lines, position))
                if not self._read_slowly(lines[position:end].tobytes()):
                    return position, True
                position = end
            elif status == scanner.WINDOW_ENDED:
                return position, True
        return position, False

    def _reserve(self, rows: int) -> None:
        held = int(self.group.state["bids"][0] + self.group.state["asks"][0])
        self.builder.reserve(rows + 1, rows + held)
        self.group = with_room(self.group, rows)

    def _names(self) -> NDArray[np.uint8]:
        """How rows of the stream begin."""
        names = self.builder.example
        return np.frombuffer(b"" if names is None else names + b",", np.uint8)

    def _read_slowly(self, line: bytes) -> bool:
        """Read one line by the csv module; False if its message belongs to a later window."""
        builder, rules = self.builder, self.layout.rules
        row = read_row(line, self.layout)
        if row is None:
            builder.counts["lines"][0] += 1
            builder.note_unreadable()
        else:
            self._check_names(row.names)
            self.group.row[:] = row.values
            if not take_row(builder.batch, self.group, rules, row.price, row.size):
                return False
            builder.example, builder.symbol = join_row(row.names), row.names[-1]
            builder.counts["lines"][0] += 1
        builder.counts["slow_lines"][0] += 1
        return True

    def _check_names(self, names: tuple[str, ...]) -> None:
        known = split_row(self.builder.example) if self.builder.example else None
        for what, name, other in zip(self.layout.columns, names, known or names, strict=False):
            require_same(what, other, name, self.builder.line + 1)


def read_stream_head(layout: Layout, text: Text) -> StreamHead:
    """Symbol and time of the first row among the first lines."""
    for line in text.lines().tobytes().split(b"\n", _HEAD_ROWS)[:_HEAD_ROWS]:
        if row := read_row(line, layout):
            return StreamHead(row.names[-1], None, row.values[TIME] // layout.units_per_ms)
    return StreamHead(None, None, None)


def _promise_nothing(_: str | None) -> int:
    """Rows name no topic, and so no depth."""
    return 0


def csv_dialect(name: str, layout: Layout) -> Dialect:
    """The dialect of a layout."""
    return Dialect(
        name=name,
        suffixes=(".csv",),
        claim=partial(claim_header, layout),
        parse_window=partial(parse_rows, layout),
        read_head=partial(read_stream_head, layout),
        promised_depth=_promise_nothing,
        header=layout.header,
    )
