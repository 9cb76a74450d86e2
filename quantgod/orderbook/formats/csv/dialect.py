"""CSV dialects: rows of levels → the messages of a window (contract §1.2).

The compiled scanner reads rows in the vendor's form. Python's csv module reads any other row, with
the same result. Both pass the level to ``take_row``.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.calendar import Window
from quantgod.orderbook.formats.csv import scanner
from quantgod.orderbook.formats.csv.columns import DELTA, SNAPSHOT, TIME, RowFormat
from quantgod.orderbook.formats.csv.groups import close_group, open_group, take_row, with_capacity
from quantgod.orderbook.formats.csv.header import WHITE_SPACE, claim_header
from quantgod.orderbook.formats.csv.row import join_row, read_row, split_row
from quantgod.orderbook.formats.dialect import Dialect, StreamHead, Text, require_same
from quantgod.orderbook.formats.tokens import line_end
from quantgod.orderbook.messages import Cursor, MessageBuilder, Parsed

_HEAD_ROWS = 1000  # rows searched for a stream's first message


def parse_rows(row_format: RowFormat, text: Text, cursor: Cursor, window: Window) -> Parsed:
    """Parse one window; see ``Dialect``.

    Raises:
        MixedStreamError: a row belongs to another stream than the first one.
    """
    return _Reader(row_format, cursor, window).read(text)


class _Reader:
    """Reader of one window: rows into messages."""

    def __init__(self, row_format: RowFormat, cursor: Cursor, window: Window) -> None:
        self.row_format, self.builder = row_format, MessageBuilder(cursor, window)
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
            close_group(builder.batch, self.group, self.row_format.rules)
        builder.in_snapshot = bool(self.group.state["last_kind"][0] == SNAPSHOT)
        return builder.finish(text.offset, at_end=not ended)

    def _skip_header(self, text: Text) -> None:
        """Skip the first line that is not blank."""
        is_blank = True
        while is_blank and len(lines := text.lines()):
            end = int(line_end(lines, 0))
            is_blank = not lines[:end].tobytes().strip(WHITE_SPACE)
            self.builder.state["blank"][0] += is_blank
            self.builder.counts["lines"][0] += not is_blank
            text.advance(end)

    def _read_lines(self, lines: NDArray[np.uint8]) -> tuple[int, bool]:
        """Read whole lines; return the bytes read and whether the window ended there."""
        self._reserve(scanner.most_rows(len(lines), len(self.row_format.slots)))
        position = 0
        while position < len(lines):
            position, status = scanner.scan(
                lines,
                position,
                self.builder.batch,
                self.group,
                self.row_format.rules,
                self._names(),
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
        self.group = with_capacity(self.group, rows)

    def _names(self) -> NDArray[np.uint8]:
        """Return the start of the stream's rows."""
        names = self.builder.example
        return np.frombuffer(b"" if names is None else names + b",", np.uint8)

    def _read_slowly(self, line: bytes) -> bool:
        """Read one line by the csv module; False if its message belongs to a later window."""
        builder, rules = self.builder, self.row_format.rules
        row = read_row(line, self.row_format)
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
        for column, name, other in zip(
            self.row_format.columns, names, known or names, strict=False
        ):
            require_same(column, other, name, self.builder.line + 1)


def read_stream_head(row_format: RowFormat, text: Text) -> StreamHead:
    """Return symbol and time of the first row among the first lines."""
    for line in text.lines().tobytes().split(b"\n", _HEAD_ROWS)[:_HEAD_ROWS]:
        if row := read_row(line, row_format):
            return StreamHead(row.names[-1], None, row.values[TIME] // row_format.units_per_ms)
    return StreamHead(None, None, None)


def csv_dialect(name: str, row_format: RowFormat) -> Dialect:
    """Return the dialect of a row format."""
    return Dialect(
        name=name,
        suffixes=(".csv",),
        claim=partial(claim_header, row_format),
        parse_window=partial(parse_rows, row_format),
        read_head=partial(read_stream_head, row_format),
        header=row_format.header,
    )
