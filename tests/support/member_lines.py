"""A member of an archive on disk, and the lines that its text has."""

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
    """An archive and the only member that it has."""
    ((member,), _) = read_directory(archive)
    return archive, member


def read_lines(text: LineReader) -> Generator[bytes, None, None]:
    """Read to the end, line by line; the arrays seen stay alive, as a caller's may."""
    seen: list[np.ndarray] = []
    while len(lines := text.lines()):
        seen.append(lines)
        assert lines.tobytes().endswith(b"\n")
        line = lines.tobytes().split(b"\n", 1)[0] + b"\n"
        yield line
        text.advance(len(line))
    assert len(text.lines()) == 0


def whole_lines(text: bytes) -> list[bytes]:
    """What the lines of a text are: each with its end, the last one too."""
    lines = [line + b"\n" for line in text.split(b"\n")]
    return lines[:-1] if not text or text.endswith(b"\n") else lines
