"""One open reader per process for a member's text: a cache, and never state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quantgod.errors import DamagedArchiveError
from quantgod.storage.archives import line_reader
from quantgod.storage.archives.line_reader import LineReader, close_reader, text_at
from quantgod.storage.archives.members import Member
from tests.support.member_lines import member_of, with_member
from tests.support.zips import TEXT, write_damaged


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    close_reader()
    yield
    close_reader()


class Opened:
    """Counts the readers that are opened, and those still open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.readers: list[LineReader] = []
        init = LineReader.__init__

        def counted(reader: LineReader, *args: object) -> None:
            init(reader, *args)  # type: ignore[arg-type]
            self.readers.append(reader)

        monkeypatch.setattr(LineReader, "__init__", counted)

    @property
    def count(self) -> int:
        return len(self.readers)

    @property
    def still_open(self) -> int:
        return sum(not reader.closed for reader in self.readers)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    return Opened(monkeypatch)


def test_the_open_reader_is_reused_at_its_offset(tmp_path: Path, opened: Opened) -> None:
    """Windows of one stream inflate it once."""
    archive, member = member_of(tmp_path, b"a\nb\nc\n")
    for offset, rest in ((0, b"a\nb\nc\n"), (2, b"b\nc\n"), (4, b"c\n")):
        with text_at(archive, member, offset) as text:
            assert text.lines().tobytes() == rest
            text.advance(2)
    assert (opened.count, opened.still_open) == (1, 1)
    close_reader()
    close_reader()
    assert opened.still_open == 0


@pytest.mark.parametrize("offset", [0, 2, 6])
def test_another_offset_reopens(tmp_path: Path, opened: Opened, offset: int) -> None:
    """A retried window starts at its cursor, wherever the reader is."""
    archive, member = member_of(tmp_path, b"a\nb\nc\n")
    with text_at(archive, member, 0) as text:
        text.lines()
        text.advance(4)
    with text_at(archive, member, offset) as text:
        assert (text.lines().tobytes(), text.offset) == (b"a\nb\nc\n"[offset:], offset)
    assert (opened.count, opened.still_open) == (2, 1)


def test_another_archive_or_member_reopens(tmp_path: Path, opened: Opened) -> None:
    """Also the same file if it has changed since."""
    archive, member = member_of(tmp_path, b"a\n")
    other, _ = member_of(tmp_path, b"b\n", "b")
    again, member_again = member_of(tmp_path, b"c\n")
    for each, its in ((archive, member), (other, Member("b.data", 2, 2, 0)), (again, member_again)):
        with text_at(each, its, 0) as text:
            text.lines()
    assert (opened.count, opened.still_open) == (3, 1)


def test_an_error_closes_the_reader(tmp_path: Path, opened: Opened) -> None:
    """The next try starts from the archive, not from a reader in an unknown state."""
    archive, member = member_of(tmp_path, b"a\nb\n")
    with pytest.raises(TimeoutError), text_at(archive, member, 0):
        raise TimeoutError
    assert (opened.count, opened.still_open) == (1, 0)
    with text_at(archive, member, 0) as text:
        assert text.lines().tobytes() == b"a\nb\n"
    assert (opened.count, opened.still_open) == (2, 1)


def test_an_error_on_the_way_to_the_offset_closes_too(tmp_path: Path, opened: Opened) -> None:
    archive, member = with_member(write_damaged(tmp_path, "wrong checksum"))
    with pytest.raises(DamagedArchiveError), text_at(archive, member, len(TEXT) + 1):
        pass
    assert opened.still_open == 0


def test_lines_before_the_damage_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be used, but no output made of them may stay."""
    monkeypatch.setattr(line_reader, "CHUNK", 512)
    archive, member = with_member(write_damaged(tmp_path, "wrong checksum"))
    with text_at(archive, member, 0) as text:
        lines = [text.lines().tobytes()]
    assert TEXT.startswith(lines[0])
    assert lines[0]
