"""A member's text: whole lines for any chunk, read ahead or not, up to any damage."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from quantgod.errors import ArchiveError, DamagedArchiveError
from quantgod.storage.archives import line_reader
from quantgod.storage.archives.line_reader import LineReader
from quantgod.storage.archives.member_bytes import _GzipFrame
from tests.support.effort import examples
from tests.support.member_lines import member_of, read_lines, whole_lines, with_member
from tests.support.zips import TEXT, write_damaged, write_zip


@examples(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text("ab\r", max_size=12).map(str.encode), max_size=12).map(b"\n".join),
    st.integers(1, 9),
    st.booleans(),
)
def test_lines_are_whole_for_any_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, chunk: int, ahead: bool
) -> None:
    """Also if a line is longer than a chunk, or the last one has no end."""
    monkeypatch.setattr(line_reader, "CHUNK", chunk)
    reader = LineReader(*member_of(tmp_path, text), read_ahead=ahead)
    lines = list(read_lines(reader))
    reader.close()
    assert lines == whole_lines(text)
    assert reader.offset == len(b"".join(lines))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"", []),
        (b"\n", [b"\n"]),
        (b"\n\n", [b"\n", b"\n"]),
        (b"a", [b"a\n"]),
        (b"a\r\nb\r\n", [b"a\r\n", b"b\r\n"]),
        (b"a\rb\nc", [b"a\rb\n", b"c\n"]),
        (b"ab\nX1234567", [b"ab\n", b"X1234567\n"]),
        (b"a" * 8, [b"a" * 8 + b"\n"]),
        (b"a" * 100 + b"\nb\n" + b"c" * 33, [b"a" * 100 + b"\n", b"b\n", b"c" * 33 + b"\n"]),
    ],
)
@pytest.mark.parametrize("chunk", [1, 4, 1 << 20])
def test_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, lines: list[bytes], chunk: int
) -> None:
    """A line ends in a line feed; a member's last line gets one if it has none."""
    monkeypatch.setattr(line_reader, "CHUNK", chunk)
    reader = LineReader(*member_of(tmp_path, text), None)
    assert list(read_lines(reader)) == lines
    reader.close()


def test_lines_stay_until_they_are_read(tmp_path: Path) -> None:
    """A second call returns the same lines; lines that were read are dropped."""
    reader = LineReader(*member_of(tmp_path, b"ab\nc\n"), None)
    assert reader.lines().tobytes() == reader.lines().tobytes() == b"ab\nc\n"
    reader.advance(3)
    assert (reader.lines().tobytes(), reader.offset) == (b"c\n", 3)
    reader.close()


def test_a_line_may_be_long_but_not_endless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text without line ends is not order-book text: it must not fill the memory."""
    monkeypatch.setattr(line_reader, "CHUNK", 16)
    monkeypatch.setattr(line_reader, "LONGEST_LINE", 1 << 10)
    longest = b"a" * 1023 + b"\n"
    reader = LineReader(*member_of(tmp_path, b"x\n" * 8 + longest * 2), None)
    assert list(read_lines(reader)) == [*[b"x\n"] * 8, longest, longest]
    reader.close()
    reader = LineReader(*member_of(tmp_path, b"x\n" * 8 + b"a" * 1025), None)
    with pytest.raises(ArchiveError, match="a line longer than 0 MiB: this is not order-book text"):
        list(read_lines(reader))
    reader.close()


class ProgressSlot:
    """A stand-in for a progress slot that records its values."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self.set = self.values.append


def test_progress_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes of text, chunk by chunk, up to the end."""
    monkeypatch.setattr(line_reader, "CHUNK", 1000)
    monkeypatch.setattr(line_reader, "_PROGRESS_STEP", 1000)
    progress = ProgressSlot()
    reader = LineReader(*member_of(tmp_path, TEXT), progress)  # type: ignore[arg-type]
    reader.skip_to(len(TEXT))
    assert len(reader.lines()) == 0
    reader.close()
    assert progress.values[:2] == [1000, 2000]
    assert (sorted(progress.values), progress.values[-1]) == (progress.values, len(TEXT))


def test_a_stored_member_is_read_too(tmp_path: Path) -> None:
    archive = write_zip(tmp_path, "s.zip", {"s.data": b"a\nb"}, compression=zipfile.ZIP_STORED)
    reader = LineReader(*with_member(archive), None)
    assert list(read_lines(reader)) == [b"a\n", b"b\n"]
    reader.close()


def test_a_wrong_checksum_is_seen_only_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nothing of a member may be published before the end is read."""
    monkeypatch.setattr(line_reader, "CHUNK", 512)
    archive, member = with_member(write_damaged(tmp_path, "wrong checksum"))
    reader, seen = LineReader(archive, member, None), []
    with pytest.raises(DamagedArchiveError, match="CRC check failed") as caught:
        seen.extend(read_lines(reader))
    reader.close()
    assert (caught.value.archive, caught.value.member) == (archive.path, member.name)


# ---------------------------------------------------------------- skipping


@pytest.mark.parametrize("chunk", [3, 200, 1 << 20])
def test_skip_to_any_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """A new reader continues at the position of another one."""
    monkeypatch.setattr(line_reader, "CHUNK", chunk)
    archive, member = member_of(tmp_path, TEXT)
    lines = whole_lines(TEXT)
    for count in (0, 1, 7, len(lines) - 1, len(lines)):
        offset = len(b"".join(lines[:count]))
        reader = LineReader(archive, member, None)
        reader.skip_to(offset)
        assert reader.offset == offset
        assert list(read_lines(reader)) == lines[count:]
        reader.close()


def test_skip_forward_and_no_further_than_the_end(tmp_path: Path) -> None:
    archive, member = member_of(tmp_path, b"ab\nc\n")
    reader = LineReader(archive, member, None)
    reader.skip_to(3)
    reader.skip_to(3)
    assert reader.lines().tobytes() == b"c\n"
    reader.skip_to(99)
    assert (reader.offset, len(reader.lines())) == (5, 0)
    reader.close()


# ---------------------------------------------------------------- read ahead


def threads() -> int:
    return sum(thread.name == "read-ahead" for thread in threading.enumerate())


@pytest.mark.parametrize("lines_read", [0, 1, 500])
def test_reading_ahead_ends_with_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines_read: int
) -> None:
    """In any state: not begun, in the middle with full buffers, at the end."""
    monkeypatch.setattr(line_reader, "CHUNK", 64)
    reader = LineReader(*member_of(tmp_path, b"0123456789\n" * 500), read_ahead=True)
    read = read_lines(reader)
    for _ in range(lines_read):
        next(read)
    assert lines_read == 500 or threads() == 1
    reader.close()
    assert (threads(), reader.closed) == (0, True)
    read.close()


@pytest.mark.parametrize("kind", ["wrong checksum", "torn"])
def test_an_error_of_reading_ahead_is_raised_at_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """After the text before it, with the same message as without reading ahead."""
    monkeypatch.setattr(line_reader, "CHUNK", 512)
    archive, member = with_member(write_damaged(tmp_path, "wrong checksum"))
    if kind == "torn":
        monkeypatch.setattr(_GzipFrame, "readinto", torn_after(_GzipFrame.readinto, 2))
    errors = []
    for ahead in (False, True):
        reader, seen = LineReader(archive, member, read_ahead=ahead), []
        with pytest.raises(DamagedArchiveError) as caught:
            seen.extend(read_lines(reader))
        reader.close()
        errors.append((str(caught.value), seen))
    assert errors[0] == errors[1]
    assert threads() == 0


def torn_after(read: Callable[..., int], calls: int) -> Callable[..., int]:
    """Return a file that ends after the given number of reads."""

    def readinto(frame: _GzipFrame, buffer: memoryview) -> int:
        left[frame] = left.get(frame, calls) - 1
        if left[frame] < 0:
            raise EOFError("torn")
        return read(frame, buffer[:256])

    left: dict[_GzipFrame, int] = {}
    return readinto
