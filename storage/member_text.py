"""The text of a ZIP member as a stream of whole lines, inflated through memory.

An open reader is a cache and never state: stages hold a cursor (an offset in the text), and a
reader that does not stand at that offset is opened anew and inflated forward to it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from orderbook.errors import ArchiveError
from storage.archives import Archive, Member, damage_reported
from storage.progress import ProgressSlot

CHUNK = 1 << 20
LONGEST_LINE = 64 << 20


class MemberText:
    """Whole lines ahead of an offset; see ``orderbook.formats.dialect.Text``."""

    def __init__(self, archive: Archive, member: Member, progress: ProgressSlot | None) -> None:
        self.archive, self.member = archive, member
        self.offset = 0
        self._progress = progress
        with damage_reported(archive, member.name):
            self._zip = zipfile.ZipFile(archive.file)
            self._source = self._zip.open(member.name)
        self._buffer = bytearray(2 * CHUNK)
        self._start = self._lines_end = self._filled = 0
        self._at_end = False

    def close(self) -> None:
        """Close the archive; the reader is of no more use."""
        self._source.close()
        self._zip.close()

    def lines(self) -> NDArray[np.uint8]:
        """Some whole lines ahead, each ended by a line feed; empty at the end of the member.

        Raises:
            DamagedArchiveError: the ZIP breaks off, or its checksum is wrong.
            OSError: the file cannot be read.
        """
        if self._start == self._lines_end:
            self._fill()
        return np.frombuffer(self._buffer, np.uint8)[self._start : self._lines_end]

    def advance(self, count: int) -> None:
        """Drop the first ``count`` bytes of ``lines()``."""
        self._start += count
        self.offset += count

    def skip_to(self, offset: int) -> None:
        """Inflate forward to an offset at which a line starts."""
        while self.offset < offset and len(lines := self.lines()):
            self.advance(min(len(lines), offset - self.offset))

    def _fill(self) -> None:
        """Read on until a line is whole, keeping the torn one at the buffer's front."""
        torn = self._filled - self._lines_end
        self._buffer[:torn] = self._buffer[self._lines_end : self._filled]
        self._start, self._lines_end, self._filled = 0, 0, torn
        while self._lines_end == 0 and not self._at_end:
            self._read_chunk()
        if self._lines_end == 0 and self._filled:
            self._end_last_line()

    def _read_chunk(self) -> None:
        with damage_reported(self.archive, self.member.name):
            chunk = self._source.read(CHUNK)
        self._at_end = not chunk
        before, self._filled = self._filled, self._filled + len(chunk)
        if self._filled > LONGEST_LINE:
            reason = f"a line longer than {LONGEST_LINE >> 20} MiB: this is no order-book text"
            raise ArchiveError(reason, self.archive.path, self.member.name)
        if self._filled >= len(self._buffer):  # a byte more than filled, for a last line's end
            self._buffer = self._buffer + bytearray(self._filled)
        self._buffer[before : self._filled] = chunk
        self._lines_end = self._buffer.rfind(b"\n", before, self._filled) + 1
        if self._progress:
            self._progress.set(self.offset + self._filled)

    def _end_last_line(self) -> None:
        """End a last line that has no line end, so that every line has one."""
        self._buffer[self._filled : self._filled + 1] = b"\n"
        self._filled += 1
        self._lines_end = self._filled


_reader: MemberText | None = None  # the one reader that this process keeps open


@contextmanager
def text_at(
    archive: Archive, member: Member, offset: int, progress: ProgressSlot | None = None
) -> Iterator[MemberText]:
    """The member's text from ``offset`` on; the process's open reader if it stands there.

    After an error the reader is closed, so that a retry starts from the archive again.
    """
    global _reader  # noqa: PLW0603 - a cache of one open file a process
    text, _reader = _reader, None
    if text and (text.archive, text.member, text.offset) != (archive, member, offset):
        text.close()
        text = None
    text = text or MemberText(archive, member, progress)
    try:
        text.skip_to(offset)
        yield text
    except BaseException:
        text.close()
        raise
    _reader = text


def close_reader() -> None:
    """Close the process's open reader, if any."""
    global _reader  # noqa: PLW0603
    if _reader:
        _reader.close()
        _reader = None
