"""Chunks of a member's text in reused buffers, filled on demand or ahead of time.

New memory for every chunk would cost as much as inflating it: the system clears each page before it
hands it out. Inflating releases the GIL, so a thread can read ahead while a chunk is parsed.
"""

from collections import deque
from queue import SimpleQueue
from threading import Thread

from quantgod.storage.archives.member_bytes import ByteSource

_BUFFERS_AHEAD = 48  # enough to keep inflating while a window's messages are replayed


class Chunks:
    """Chunks of at most ``size`` bytes, with ``margin`` free bytes before and one after."""

    def __init__(self, source: ByteSource, size: int, margin: int, buffers: int = 2) -> None:
        self._source, self._margin = source, margin
        self._buffers = deque(bytearray(margin + size + 1) for _ in range(buffers))

    def next(self) -> tuple[bytearray, int]:
        """Return a buffer and the number of bytes of text after its margin; 0 at the end.

        The buffers of this call and of the previous one keep their content until the next call.
        """
        self._buffers.rotate()
        return self._buffers[0], self._fill(self._buffers[0])

    def close(self) -> None:
        """Use the byte source no more."""

    def _fill(self, buffer: bytearray) -> int:
        """Fill a buffer from a source that gives text in pieces of any size; return the count."""
        with memoryview(buffer) as view:
            at = self._margin
            while at < len(view) - 1 and (count := self._source.readinto(view[at:-1])):
                at += count
        return at - self._margin


class ChunksAhead(Chunks):
    """Chunks that a thread reads ahead, as buffers become free."""

    def __init__(self, source: ByteSource, size: int, margin: int) -> None:
        super().__init__(source, size, margin, 2 + _BUFFERS_AHEAD)
        self._free: SimpleQueue[bytearray | None] = SimpleQueue()
        self._filled: SimpleQueue[tuple[bytearray, int] | BaseException] = SimpleQueue()
        self._lent: deque[bytearray] = deque()
        self._is_wanted = True
        for buffer in self._buffers:
            self._free.put(buffer)
        self._thread = Thread(target=self._run, name="read-ahead", daemon=True)
        self._thread.start()

    def next(self) -> tuple[bytearray, int]:
        """See ``Chunks``."""
        if len(self._lent) == 2:
            self._free.put(self._lent.popleft())
        filled = self._filled.get()
        if isinstance(filled, BaseException):
            raise filled
        self._lent.append(filled[0])
        return filled

    def close(self) -> None:
        """See ``Chunks``."""
        self._is_wanted = False  # the thread fills no more of the free buffers
        self._free.put(None)
        self._thread.join()

    def _run(self) -> None:
        """Fill buffers until the text ends, cannot be read, or is no longer wanted."""
        count = 1
        try:
            while count and (buffer := self._free.get()) is not None and self._is_wanted:
                count = self._fill(buffer)
                self._filled.put((buffer, count))
        except BaseException as error:  # noqa: BLE001 - raised again by ``next``
            self._filled.put(error)
