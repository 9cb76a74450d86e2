"""Gzip files in the source folder: archives of one member, read whole, with damage reported."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from quantgod.errors import DamagedArchiveError, UnknownDialectError
from quantgod.orderbook.recipe import Recipe
from quantgod.orderbook.windows import FIRST_MS, plan_windows
from quantgod.storage.archives import line_reader
from quantgod.storage.archives.line_reader import LineReader
from quantgod.storage.archives.members import Member, read_directory
from quantgod.storage.archives.streams import read_streams
from quantgod.storage.outputs.manifest import origin_of
from quantgod.storage.progress import progress_board
from quantgod.storage.sources.source import Archive
from tests.support.csv_rows import TARDIS_HEADER, tardis_row, text_of
from tests.support.zips import TEXT, file_of, write_gzip

NAME = "deribit/2024-08-08_BTC-PERPETUAL.csv.gz"
ROWS = text_of(TARDIS_HEADER, *(tardis_row(100 * n, snapshot=n == 0) for n in range(5000)))


def read_text(text: LineReader, advance: int = 1 << 30) -> bytes:
    """Read a text to its end."""
    parts = []
    with closing(text):
        while len(lines := text.lines()):
            parts.append(lines[:advance].tobytes())
            text.advance(len(parts[-1]))
    return b"".join(parts)


def test_a_gzip_file_is_an_archive_of_one_member(tmp_path: Path) -> None:
    archive = write_gzip(tmp_path, NAME, ROWS)
    member = Member("2024-08-08_BTC-PERPETUAL.csv", None, archive.size, zlib.crc32(ROWS))
    assert read_directory(archive) == ([member], False)


@pytest.mark.parametrize(
    ("path", "output"),
    [
        (NAME, "deribit/2024-08-08_BTC-PERPETUAL.parquet"),
        ("2024-08-08.csv.gz", "2024-08-08.parquet"),
        ("a/2024-08-08.csv.GZ", "a/2024-08-08.csv.GZ.parquet"),
    ],
)
def test_a_stream_of_a_gzip_file(tmp_path: Path, path: str, output: str) -> None:
    """§5: `.csv.gz` is stripped; the rows give the symbol, the name gives the day."""
    (stream,) = read_streams(write_gzip(tmp_path, path, ROWS))
    assert (stream.output, stream.symbol) == (output, "BTC-PERPETUAL")
    assert (stream.day, stream.dialect.name) == (date(2024, 8, 8), "Tardis incremental_book_L2")
    assert origin_of(stream)["member_size"] is None


def test_json_lines_may_be_gzipped_too(tmp_path: Path) -> None:
    (stream,) = read_streams(write_gzip(tmp_path, "2024-08-08_X.data.gz", TEXT))
    assert (stream.output, stream.dialect.name) == ("2024-08-08_X.parquet", "Bybit NDJSON")


def test_a_tar_file_has_no_reader(tmp_path: Path) -> None:
    """OKX delivers such files: unpack them first."""
    with pytest.raises(UnknownDialectError, match="no reader for this member") as caught:
        read_streams(write_gzip(tmp_path, "x.tar.gz", b"x"))
    assert (caught.value.archive, caught.value.member) == ("x.tar.gz", "x.tar")


@pytest.mark.parametrize("read_ahead", [False, True])
@pytest.mark.parametrize("chunk", [1000, 1 << 19])
@pytest.mark.parametrize("cuts", [(), (1,), (0, 7, 100_000), (len(ROWS),)])
def test_consecutive_parts_are_one_text(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    read_ahead: bool,
    chunk: int,
    cuts: tuple[int, ...],
) -> None:
    """RFC 1952: a gzip file is a series of members, each with a checksum."""
    monkeypatch.setattr(line_reader, "CHUNK", chunk)
    edges = [0, *cuts, len(ROWS)]
    parts = [ROWS[start:end] for start, end in pairwise(edges)]
    archive = write_gzip(tmp_path, NAME, *parts)
    ((member,), _) = read_directory(archive)
    assert read_text(LineReader(archive, member, None, read_ahead), 777) == ROWS


def overwrite(file: bytes, at: int, new: bytes) -> bytes:
    """Replace some bytes by others."""
    at %= len(file)
    return file[:at] + new + file[at + len(new) :]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "nothing": (lambda _: b"", "list", "an empty file"),
    "a text": (lambda _: ROWS, "list", "other bytes at its start"),
    "a few bytes": (lambda file: file[:19], "list", "19 bytes, fewer than any gzip file has"),
    "truncated": (lambda file: file[: len(file) // 2], "read", "ended before the end"),
    "trailer cut": (lambda file: file[:-1], "read", "ended before the end"),
    "second part cut": (lambda file: file + gzip.compress(ROWS)[:-9], "read", "ended before"),
    "something behind it": (lambda file: file + b"something", "read", "ended before the end"),
    "wrong checksum": (lambda file: overwrite(file, -8, b"\1\2\3\4"), "read", "CRC check failed"),
    "wrong size": (lambda file: overwrite(file, -4, b"\1\2\3\4"), "read", "Incorrect length"),
    "bytes that do not inflate": (lambda file: overwrite(file, 400, b"\xff" * 40), "read", "."),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_reported(tmp_path: Path, damage: str) -> None:
    """With the archive, and the damage found in it."""
    spoil, stage, found = DAMAGES[damage]
    archive = write_gzip(tmp_path, NAME, ROWS)
    file_of(archive).write_bytes(spoil(file_of(archive).read_bytes()))
    archive = Archive.of(archive.source, NAME)
    message = f"expected a whole gzip file, found: .*{found}"
    if stage == "list":
        with pytest.raises(DamagedArchiveError, match=message) as caught:
            read_directory(archive)
    else:
        ((member,), _) = read_directory(archive)
        with pytest.raises(DamagedArchiveError, match=message) as caught:
            read_text(LineReader(archive, member))
    assert caught.value.archive == NAME


def test_progress_of_a_text_of_unknown_size_ends_at_the_likely_one(tmp_path: Path) -> None:
    """Ten times the file, or less until more is read."""
    archive = write_gzip(tmp_path, NAME, ROWS)
    ((member,), _) = read_directory(archive)
    assert member.likely_size == 10 * archive.size
    assert replace(member, size=7).likely_size == 7
    with progress_board(1) as board:
        read_text(LineReader(archive, member, board.slot(0)))
        assert board.read() == [member.likely_size]


def test_windows_of_a_text_of_unknown_size_begin_short(tmp_path: Path) -> None:
    """No estimate may decide how much memory a window takes."""
    (stream,) = read_streams(write_gzip(tmp_path, NAME, ROWS))
    recipe = Recipe(1000, 60_000, 10, 10_000, "drop")
    plan = plan_windows(stream.extent, recipe, stream.sample_rule(recipe))
    first = plan.first()
    assert first.end_ms - first.start_ms == FIRST_MS
    second = plan.after(first, 0, 1000)
    assert second.end_ms - second.start_ms == 4 * FIRST_MS
