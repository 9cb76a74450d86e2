"""The text of an archive's member as a stream of whole lines, inflated through memory.

An open reader is a cache and never state. Stages hold a cursor, which is an offset in the text. If
the open reader is at another offset, a new one is opened and inflates forward to the cursor.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from quantgod.errors import ArchiveError
from quantgod.storage.archives.chunks import Chunks, ChunksAhead
from quantgod.storage.archives.isal_internals import igzip_reader
from quantgod.storage.archives.member_bytes import open_bytes
from quantgod.storage.archives.members import Member, damage_reported, is_gzip
from quantgod.storage.progress import ProgressSlot
from quantgod.storage.sources.source import Archive

CHUNK = 1 << 19  # with the columns that it gives, about what a core's cache holds
LONGEST_LINE = 64 << 20
_PROGRESS_STEP = 8 << 20
_MARGIN = 64 << 10


class LineReader:
    """Whole lines ahead of an offset; see ``quantgod.orderbook.formats.dialect.Text``."""

    def __init__(
        self,
        archive: Archive,
        member: Member,
        progress: ProgressSlot | None = None,
        read_ahead: bool = False,
    ) -> None:
        self.archive, self.member = archive, member
        self.offset = 0
        self._progress, self._reported = progress, 0
        with damage_reported(archive, member.name):
            self._file = archive.open()
            try:
                if is_gzip(archive.path):
                    source = igzip_reader(self._file)
                else:
                    source = open_bytes(self._file, member.name)
            except BaseException:
                self._file.close()
                raise
        # The start of a line that a chunk cuts is copied before the next chunk, if it fits there.
        self._margin = min(CHUNK, _MARGIN)
        self._chunks = (ChunksAhead if read_ahead else Chunks)(source, CHUNK, self._margin)
        self._buffer = bytearray()
        self._start = self._lines_end = self._filled = 0
        self._at_end = False

    @property
    def closed(self) -> bool:
        """Whether the archive's file is closed."""
        return self._file.closed

    def close(self) -> None:
        """Close the archive's file; the reader cannot be used any more."""
        self._chunks.close()
        self._file.close()

    def lines(self) -> NDArray[np.uint8]:
        """Return whole lines from the offset on, each with its line feed; none at the end.

        Raises:
            DamagedArchiveError: the archive breaks off, or its checksum is wrong.
            OSError: the file cannot be read.
        """
        if self._start == self._lines_end and not self._at_end:
            self._fill()
        return np.frombuffer(self._buffer, np.uint8)[self._start : self._lines_end]

    def advance(self, count: int) -> None:
        """Drop the first ``count`` bytes of ``lines()``."""
        self._start += count
        self.offset += count

    def skip_to(self, offset: int) -> None:
        """Inflate forward to the start of a line at ``offset``."""
        while self.offset < offset and len(lines := self.lines()):
            self.advance(min(len(lines), offset - self.offset))

    def _fill(self) -> None:
        """Read chunks until one completes a line."""
        torn = bytes(self._buffer[self._lines_end : self._filled])
        lines_end = 0
        while lines_end == 0:
            with damage_reported(self.archive, self.member.name):
                chunk, count = self._chunks.next()
            end = self._margin + count
            lines_end = chunk.rfind(b"\n", self._margin, end) + 1
            if count == 0:
                self._at_end = True
                # The last line gets a line feed if it has none, so that every line has one.
                last = bytearray(torn and torn + b"\n")
                return self._take(last, 0, len(last), len(last))
            if lines_end == 0:
                torn += chunk[self._margin : end]
                if len(torn) > LONGEST_LINE:
                    limit = LONGEST_LINE >> 20
                    reason = f"a line longer than {limit} MiB: this is not order-book text"
                    raise ArchiveError(reason, self.archive.path, self.member.name)
        start = self._margin - len(torn)
        if start < 0:  # no room before the chunk
            joined = bytearray(torn) + chunk[self._margin : end]
            return self._take(joined, 0, lines_end - start, end - start)
        chunk[start : self._margin] = torn
        return self._take(chunk, start, lines_end, end)

    def _take(self, buffer: bytearray, start: int, lines_end: int, filled: int) -> None:
        self._buffer = buffer
        self._start, self._lines_end, self._filled = start, lines_end, filled
        read = self.offset + filled - start
        if self._progress and (read >= self._reported + _PROGRESS_STEP or self._at_end):
            expected = self.member.likely_size
            self._progress.set(expected if self._at_end else min(read, expected))
            self._reported = read


_reader: LineReader | None = None  # the one reader that this process keeps open


@contextmanager
def text_at(
    archive: Archive,
    member: Member,
    offset: int,
    progress: ProgressSlot | None = None,
    read_ahead: bool = False,
) -> Iterator[LineReader]:
    """Read a member's text from ``offset``, the start of a line, with the open reader if possible.

    ``read_ahead``: a newly opened reader inflates in a thread of its own. After an error the reader
    is closed, so that a retry starts from the archive again.
    """
    global _reader  # noqa: PLW0603 - a cache of one open file a process
    text, _reader = _reader, None
    if text and (text.archive, text.member, text.offset) != (archive, member, offset):
        text.close()
        text = None
    text = text or LineReader(archive, member, progress, read_ahead)
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
