"""Parquet files that appear whole or not at all, and quarantine (contract §5)."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quantgod.errors import OutputError
from quantgod.storage.outputs import tables
from quantgod.storage.outputs.quarantine import Quarantine
from quantgod.storage.outputs.tables import (
    Compression,
    publish,
    read_metadata,
    read_row_count,
    read_table,
    temporary_path,
    write_file,
    write_table,
)
from tests.support.day_tables import make_output

SNAPPY = Compression("snappy")
TABLE = make_output()


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def fail(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# ---------------------------------------------------------------- writing


def test_a_table_is_written_next_to_its_final_name(tmp_path: Path) -> None:
    """§5: nothing appears under the final name before it is published."""
    final = tmp_path / "linear" / "day.parquet"
    temporary = write_table(TABLE, final, {"symbol": "BTCUSDT"}, SNAPPY)
    assert (temporary, temporary.parent) == (temporary_path(final), final.parent)
    assert files_in(tmp_path) == ["linear/.day.parquet.tmp"]
    publish(temporary, final)
    assert files_in(tmp_path) == ["linear/day.parquet"]
    assert read_table(final).equals(TABLE)


def test_a_temporary_file_is_no_parquet_file_to_a_reader(tmp_path: Path) -> None:
    """Readers take a folder's *.parquet."""
    write_table(TABLE, tmp_path / "day.parquet", {}, SNAPPY)
    assert list(tmp_path.glob("*.parquet")) == []


def test_publishing_replaces_an_older_file(tmp_path: Path) -> None:
    final = tmp_path / "day.parquet"
    for rows in (3, 2):
        publish(write_table(TABLE.slice(0, rows), final, {}, SNAPPY), final)
        assert read_row_count(final) == rows


def test_metadata_is_added_to_that_of_pandas(tmp_path: Path) -> None:
    """§5: key-value metadata; the index in the schema stays."""
    written = write_table(TABLE, tmp_path / "x", {"symbol": "BTCUSDT", "topic": "é"}, SNAPPY)
    assert read_metadata(written) == {
        "pandas": TABLE.schema.metadata[b"pandas"].decode(),
        "symbol": "BTCUSDT",
        "topic": "é",
    }
    assert pq.read_table(written).to_pandas().index.name == "datetime"


@pytest.mark.parametrize(
    ("compression", "shown"),
    [(SNAPPY, "SNAPPY"), (Compression("zstd", 9), "ZSTD"), (Compression("none"), "UNCOMPRESSED")],
)
def test_compression(tmp_path: Path, compression: Compression, shown: str) -> None:
    written = write_table(TABLE, tmp_path / "x", {}, compression)
    assert pq.read_metadata(written).row_group(0).column(0).compression == shown


def test_some_columns(tmp_path: Path) -> None:
    written = write_table(TABLE, tmp_path / "year=2024" / "x", {}, SNAPPY)
    assert read_table(written, ["close", "open"]).column_names == ["close", "open"]
    assert read_table(written).column_names == TABLE.column_names  # folders are no columns


def test_a_table_read_does_not_change_with_its_file(tmp_path: Path) -> None:
    """No memory map: the values read stay the same."""
    final = tmp_path / "x"
    publish(write_table(TABLE, final, {}, SNAPPY), final)
    table = read_table(final)
    final.write_bytes(b"x" * 10_000)
    assert table.equals(TABLE)


# ---------------------------------------------------------------- failing to write


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("at", ["write_table", "fsync"])
def test_a_failed_table_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, older: bool
) -> None:
    """§5: neither a file nor a temporary one; an older final file stays whole."""
    final = tmp_path / "day.parquet"
    if older:
        publish(write_table(TABLE, final, {}, SNAPPY), final)
    monkeypatch.setattr(pq if at == "write_table" else os, at, fail)
    with pytest.raises(OutputError, match="No space left"):
        write_table(TABLE.slice(0, 1), final, {}, SNAPPY)
    assert files_in(tmp_path) == (["day.parquet"] if older else [])
    assert not older or read_row_count(final) == 3


def test_an_unknown_codec_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="nonsense"):
        write_table(TABLE, tmp_path / "x.parquet", {}, Compression("nonsense"))
    assert files_in(tmp_path) == []


def test_stopping_in_the_middle_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by Ctrl-C."""

    def stop(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(pq, "write_table", stop)
    with pytest.raises(KeyboardInterrupt):
        write_table(TABLE, tmp_path / "x.parquet", {}, SNAPPY)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("older", [None, b"older"])
def test_a_small_file_is_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, older: bytes | None
) -> None:
    final = tmp_path / "new" / "scaler.json"
    if older:
        write_file(older, final)
        assert final.read_bytes() == older
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_file(b"newer", final)
    assert files_in(tmp_path) == (["new/scaler.json"] if older else [])
    assert not older or final.read_bytes() == older


def test_everything_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """§5: the file before its new name, and the folder after; lasting through a power cut."""
    synced: list[str] = []
    monkeypatch.setattr(
        tables.os, "fsync", lambda fd: synced.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
    )
    write_file(b"x", tmp_path / "a.json")
    assert synced == [str(tmp_path / ".a.json.tmp"), str(tmp_path)]
    synced.clear()
    publish(write_table(TABLE, tmp_path / "b.parquet", {}, SNAPPY), tmp_path / "b.parquet")
    assert synced == [str(tmp_path / ".b.parquet.tmp"), str(tmp_path)]


# ---------------------------------------------------------------- reading files that may be torn


def test_a_torn_file_has_no_metadata(tmp_path: Path) -> None:
    """An unreadable file is not valid, and is made again."""
    whole = write_table(TABLE, tmp_path / "x", {"symbol": "BTCUSDT"}, SNAPPY).read_bytes()
    torn = tmp_path / "torn.parquet"
    for size in (0, 1, 4, 8, 11, 12, 100, len(whole) // 2, len(whole) - 8, len(whole) - 1):
        torn.write_bytes(whole[:size])
        assert read_metadata(torn) is None, size
    torn.write_bytes(whole[:-20] + b"\xff" * 12 + whole[-8:])
    assert read_metadata(torn) is None


def test_no_file_no_metadata(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert read_metadata(tmp_path / "none.parquet") is None
    assert read_metadata(tmp_path / "none" / "none.parquet") is None
    assert read_metadata(tmp_path / "file" / "none.parquet") is None
    bare = tmp_path / "bare.parquet"
    pq.write_table(pa.table({"x": [1]}), bare, store_schema=False)
    assert read_metadata(bare) == {}


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_file_out_of_reach_is_not_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """As a torn file it would be made again, or worse: an error of the drive stays one."""

    def refuse(_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pq, "read_metadata", refuse)
    with pytest.raises(OSError, match=os.strerror(number)):
        read_metadata(tmp_path / "x.parquet")


# ---------------------------------------------------------------- quarantine


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Quarantine]:
    """Return a final name, and the quarantine of its stream."""
    output = "linear/BTCUSDT/2024-08-08_x.data.parquet"
    return tmp_path / "out" / output, Quarantine(tmp_path / "quarantine" / output)


def test_a_rejected_table_goes_with_its_report(places: tuple[Path, Quarantine]) -> None:
    """§5: nothing stays under the final name, nor next to it."""
    final, quarantine = places
    quarantine.take(write_table(TABLE, final, {}, SNAPPY), final, "why é")
    assert files_in(final.parents[2]) == []
    assert files_in(quarantine.table.parents[2]) == [
        "linear/BTCUSDT/2024-08-08_x.data.parquet",
        "linear/BTCUSDT/2024-08-08_x.data.report.txt",
    ]
    assert read_table(quarantine.table).equals(TABLE)
    assert quarantine.report.read_text(encoding="utf-8") == "why é"


def test_an_older_final_file_goes_too(places: tuple[Path, Quarantine]) -> None:
    """§5: the archive no longer vouches for it; it goes next to the rejected one."""
    final, quarantine = places
    publish(write_table(TABLE.slice(0, 1), final, {}, SNAPPY), final)
    quarantine.take(write_table(TABLE, final, {}, SNAPPY), final, "first")
    assert not final.exists()
    assert (read_row_count(quarantine.table), read_row_count(quarantine.previous)) == (3, 1)
    quarantine.take(write_table(TABLE.slice(0, 2), final, {}, SNAPPY), final, "again")
    assert (read_row_count(quarantine.table), read_row_count(quarantine.previous)) == (2, 1)
    assert quarantine.report.read_text() == "again"


def test_a_valid_stream_is_released(places: tuple[Path, Quarantine]) -> None:
    """All of its files in quarantine are out of date; those of other streams stay."""
    final, quarantine = places
    other = Quarantine(quarantine.table.with_name("2024-08-09_x.data.parquet"))
    quarantine.release()
    publish(write_table(TABLE, final, {}, SNAPPY), final)
    for each in (quarantine, other):
        each.take(write_table(TABLE, final, {}, SNAPPY), final, "why")
    quarantine.release()
    assert files_in(quarantine.table.parents[2]) == [
        "linear/BTCUSDT/2024-08-09_x.data.parquet",
        "linear/BTCUSDT/2024-08-09_x.data.report.txt",
    ]


def test_a_quarantine_on_another_drive(
    places: tuple[Path, Quarantine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a rename is impossible the file is copied, and still appears whole."""
    final, quarantine = places
    temporary = write_table(TABLE, final, {}, SNAPPY)
    rename = os.rename

    def refuse(source: str, target: str) -> None:
        if Path(source) == temporary:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    quarantine.take(temporary, final, "why")
    assert files_in(final.parents[2]) == []
    assert read_table(quarantine.table).equals(TABLE)
