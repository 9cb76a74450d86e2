"""Archives on disk for tests, whole and damaged."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from quantgod.storage.archives.streams import Stream, read_streams
from quantgod.storage.sources.folder import FolderSource
from quantgod.storage.sources.source import Archive
from tests.support.bybit_lines import Line, render
from tests.support.stream_plans import D0

NAME = "2024-08-08_BTCUSDT_ob200"
TEXT = b"".join(render(Line("snapshot", D0 + 100 * i, update_id=i)) + b"\n" for i in range(40))


def write_zip(
    root: Path,
    path: str = f"linear/BTCUSDT/{NAME}.data.zip",
    members: Mapping[str, bytes] | None = None,
    *,
    compression: int = zipfile.ZIP_DEFLATED,
    comment: bytes = b"",
) -> Archive:
    """Write a ZIP below `root`, by default with one day's member; list it as the pipeline does."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w", compression) as opened:
        for name, text in ({f"{NAME}.data": TEXT} if members is None else members).items():
            opened.writestr(zipfile.ZipInfo(name), text, compression)
        opened.comment = comment
    return Archive.of(FolderSource(root), path)


def write_gzip(root: Path, path: str, *parts: bytes) -> Archive:
    """Write a gzip file of one or more parts below `root`; list it as the pipeline does."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(map(gzip.compress, parts)))
    return Archive.of(FolderSource(root), path)


def file_of(archive: Archive) -> Path:
    """Return the path on disk of an archive in a folder."""
    assert isinstance(archive.source, FolderSource)
    return archive.source.root / archive.path


def only_stream(root: Path, path: str, members: Mapping[str, bytes] | None = None) -> Stream:
    """Write a ZIP of one member and read its stream."""
    (stream,) = read_streams(write_zip(root, path, members))
    return stream


def read_member(file: Path) -> bytes:
    """Read the text of a ZIP's only member."""
    with zipfile.ZipFile(file) as opened:
        (name,) = opened.namelist()
        return opened.read(name)


# ---------------------------------------------------------------- damage

END_OF_DIRECTORY = b"PK\x05\x06"
DIRECTORY_ENTRY = b"PK\x01\x02"


def put_bytes(zipped: bytes, header: bytes, offset: int, new: bytes) -> bytes:
    """Overwrite bytes at an offset from the start of the last such header."""
    at = zipped.rindex(header) + offset
    return zipped[:at] + new + zipped[at + len(new) :]


def wrong_crc(zipped: bytes) -> bytes:
    """Change a member's checksum in the directory, which is the one that counts."""
    return put_bytes(zipped, DIRECTORY_ENTRY, 16, b"\x00\x00\x00\x00")


def spoil_middle(zipped: bytes) -> bytes:
    """Overwrite deflated bytes, so that they do not inflate."""
    at = zipped.index(b".data") + 40
    return zipped[:at] + b"\xff" * 20 + zipped[at + 20 :]


# Damage to a ZIP of one deflated member, and the latest stage that detects it. Listing reads the
# ZIP's directory, opening reads the member's own header, and reading takes the member's bytes.
DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda z: z[: len(z) // 2], "list"),
    "one byte lost": (lambda z: z[:-1], "list"),
    "a text": (lambda _: TEXT, "list"),
    "nothing": (lambda _: b"", "list"),
    "name not UTF-8": (
        lambda z: put_bytes(
            put_bytes(z, DIRECTORY_ENTRY, 8, b"\x00\x08"), DIRECTORY_ENTRY, 46, b"\xff\xff"
        ),
        "list",
    ),
    "offset before the file": (lambda z: put_bytes(z, END_OF_DIRECTORY, 16, b"\xff" * 4), "open"),
    "offset behind the file": (
        lambda z: put_bytes(z, DIRECTORY_ENTRY, 42, b"\xff\xff\xff\x7f"),
        "open",
    ),
    "another name in the member's header": (lambda z: z[:30] + b"X" + z[31:], "open"),
    "bytes that do not inflate": (spoil_middle, "read"),
    "wrong checksum": (wrong_crc, "read"),
}


def write_damaged(root: Path, damage: str) -> Archive:
    """Write an archive, then damage it."""
    spoil, _ = DAMAGES[damage]
    archive = write_zip(root)
    file = file_of(archive)
    file.write_bytes(spoil(file.read_bytes()))
    return Archive.of(archive.source, archive.path)
