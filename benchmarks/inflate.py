"""The floor: inflate the member into one buffer, check its CRC, and do nothing else."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.meter import Facts, Meter, Options
from quantgod.storage.archives.member_bytes import ByteSource, open_bytes

BUFFER_BYTES = 1 << 20


def measure(archive: Path, options: Options, meter: Meter) -> Facts:  # noqa: ARG001 - as all take
    """Inflate an archive's member."""
    inflated = 0
    with meter, inflating(archive) as source, memoryview(bytearray(BUFFER_BYTES)) as buffer:
        while count := source.readinto(buffer):
            inflated += count
    return {"text_bytes": inflated}


def first_lines(archive: Path, most_bytes: int) -> bytearray:
    """Return the whole lines among the first bytes of the member's text."""
    text, filled = bytearray(most_bytes), 0
    with inflating(archive) as source, memoryview(text) as view:
        while filled < most_bytes and (count := source.readinto(view[filled:])):
            filled += count
    del text[text.rfind(b"\n", 0, filled) + 1 :]  # in place: a copy would count as memory
    return text


@contextmanager
def inflating(archive: Path) -> Iterator[ByteSource]:
    """Open the text of an archive's only member as the pipeline reads it: with igzip."""
    with zipfile.ZipFile(archive) as opened:
        (name,) = opened.namelist()
    with archive.open("rb", buffering=0) as file:
        yield open_bytes(file, name)
