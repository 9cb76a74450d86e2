"""A member of an archive on disk, and the lines of its text."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np

from quantgod.storage.archives.line_reader import LineReader
from quantgod.storage.archives.members import Member, read_directory
from quantgod.storage.sources.source import Archive
from tests.support.zips import write_zip


def member_of(root: Path, text: bytes, name: str = "a") -> tuple[Archive, Member]:
    """Write an archive of one member, and list it."""
    return with_member(write_zip(root, f"{name}.zip", {f"{name}.data": text}))


def with_member(archive: Archive) -> tuple[Archive, Member]:
    """Return an archive and its only member."""
    ((member,), _) = read_directory(archive)
    return archive, member


def read_lines(text: LineReader) -> Generator[bytes, None, None]:
    """Read line by line to the end; keep the arrays seen alive, as a caller may."""
    seen: list[np.ndarray] = []
    while len(lines := text.lines()):
        seen.append(lines)
        assert lines.tobytes().endswith(b"\n")
        line = lines.tobytes().split(b"\n", 1)[0] + b"\n"
        yield line
        text.advance(len(line))
    assert len(text.lines()) == 0


def whole_lines(text: bytes) -> list[bytes]:
    """Split a text into lines; each one has its end, including the last."""
    lines = [line + b"\n" for line in text.split(b"\n")]
    return lines[:-1] if not text or text.endswith(b"\n") else lines
