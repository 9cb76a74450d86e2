"""The streams that archives hold (contract §1, §5): day, symbol, series, output; claimed once."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from quantgod.errors import ArchiveError, DamagedArchiveError, UnknownDialectError
from quantgod.storage.archives.streams import (
    Stream,
    day_in_name,
    find_duplicates,
    output_path,
    read_streams,
    symbol_in_name,
)
from tests.support.bybit_lines import Line, render
from tests.support.stream_plans import D0
from tests.support.streams import DAY
from tests.support.zips import NAME, file_of, only_stream, write_damaged, write_zip

LINE = Line("snapshot", D0 + 5)
NAMELESS = replace(LINE, symbol=None, topic=None)


def text_of(line: Line) -> bytes:
    return render(line) + b"\n"


def streams_in(root: Path, path: str, members: Mapping[str, bytes]) -> list[Stream]:
    return read_streams(write_zip(root, path, members))


# ---------------------------------------------------------------- one stream


def test_a_stream(tmp_path: Path) -> None:
    stream = only_stream(tmp_path, f"linear/BTCUSDT/{NAME}.data.zip")
    assert (stream.symbol, stream.topic, stream.day) == ("BTCUSDT", "orderbook.200.BTCUSDT", DAY)
    assert (stream.folder, stream.series) == ("linear/BTCUSDT", "linear/BTCUSDT:BTCUSDT")
    assert stream.output == f"linear/BTCUSDT/{NAME}.parquet"
    assert (str(stream), stream.dialect.name) == (f"linear/BTCUSDT/{NAME}", "Bybit NDJSON")
    assert (stream.first_ms, stream.is_synthetic) == (D0, False)


def test_an_archive_may_lie_at_the_top(tmp_path: Path) -> None:
    assert only_stream(tmp_path, f"{NAME}.zip").series == ".:BTCUSDT"


def test_a_synthetic_archive_is_known_as_such(tmp_path: Path) -> None:
    (stream,) = read_streams(write_zip(tmp_path, comment=b"synthetic"))
    assert stream.is_synthetic


def test_depth_is_no_part_of_the_series(tmp_path: Path) -> None:
    """§1: ob500 years and ob200 years of one folder are one series."""
    series = {
        only_stream(
            tmp_path,
            f"linear/BTCUSDT/{day}_BTCUSDT_ob{depth}.data.zip",
            {"x.data": text_of(replace(LINE, topic=f"orderbook.{depth}.BTCUSDT"))},
        ).series
        for day, depth in (("2025-08-20", 500), ("2025-08-21", 200))
    }
    assert len(series) == 1


@pytest.mark.parametrize(
    ("member", "archive", "day"),
    [
        ("2024-01-02_X.data", "2024-01-03.zip", date(2024, 1, 2)),
        ("a/2024-01-02.data", "2024-01-03.zip", date(2024, 1, 2)),
        ("x.data", "2024-01-03_X.zip", date(2024, 1, 3)),
        ("2024-13-02.data", "2024-01-03.zip", date(2024, 1, 3)),
        ("2024-13-02_2024-01-04.data", "2024-01-03.zip", date(2024, 1, 4)),
        ("2024-01-02/x.data", "2024-01-03/y.zip", DAY),  # folders are no names
        ("20240102.data", "12024-01-031.zip", DAY),
        ("x.data", "y.zip", DAY),
    ],
)
def test_day_of_a_stream(tmp_path: Path, member: str, archive: str, day: date) -> None:
    """§1: the date in its member's name, else in its archive's, else of its first message."""
    assert only_stream(tmp_path, archive, {member: text_of(LINE)}).day == day


def test_names_without_symbol_or_day() -> None:
    assert day_in_name() is None
    assert symbol_in_name("x.data", "2024-01-02.zip", "2024-01-02_.zip") is None


@pytest.mark.parametrize("stamp", [D0 - 1, D0, D0 + 86_399_999, D0 + 86_400_000])
def test_day_of_the_first_message_is_that_of_utc(tmp_path: Path, stamp: int) -> None:
    stream = only_stream(tmp_path, "y.zip", {"x.data": text_of(replace(LINE, ts=stamp))})
    assert stream.day.toordinal() == DAY.toordinal() + (stamp - D0) // 86_400_000


@pytest.mark.parametrize(
    ("line", "member", "archive", "symbol"),
    [
        (LINE, "2024-01-02_ETHUSDT.data", "y.zip", "BTCUSDT"),
        (
            replace(LINE, symbol=None, topic="orderbook.1.X-Y"),
            "2024-01-02_ETH.data",
            "y.zip",
            "X-Y",
        ),
        (NAMELESS, "2024-01-02_ETHUSDT_ob200.data", "2024-01-02_SOLUSDT.zip", "ETHUSDT"),
        (NAMELESS, "x.data", "a/2024-01-02_BTC-26DEC25_ob500.data.zip", "BTC-26DEC25"),
    ],
)
def test_symbol_of_a_stream(
    tmp_path: Path, line: Line, member: str, archive: str, symbol: str
) -> None:
    """Decision 8: of `data.s`, else of `topic`, else of the names."""
    assert only_stream(tmp_path, archive, {member: text_of(line)}).symbol == symbol


@pytest.mark.parametrize(
    ("text", "member", "what"),
    [
        (text_of(NAMELESS), "2024-01-02.data", "no symbol: neither the first lines"),
        (b"", "2024-01-02.data", "no symbol"),
        (b"", "x.data", "no symbol"),
        (b"hello\n", "BTCUSDT.data", "no symbol"),
    ],
)
def test_no_symbol(tmp_path: Path, text: bytes, member: str, what: str) -> None:
    """Neither messages nor names contain it."""
    with pytest.raises(ArchiveError, match=what) as caught:
        only_stream(tmp_path, "y.zip", {member: text})
    assert (caught.value.archive, caught.value.member) == ("y.zip", member)


def test_no_day(tmp_path: Path) -> None:
    """A name with a symbol also has a day, unless the calendar lacks that day."""
    with pytest.raises(ArchiveError, match="no day: neither the first lines") as caught:
        only_stream(tmp_path, "y.zip", {"2024-02-30_BTCUSDT.data": b"hello\n"})
    assert caught.value.member == "2024-02-30_BTCUSDT.data"


def test_an_empty_member_is_a_stream_of_its_name(tmp_path: Path) -> None:
    """The error that it is empty comes when it is read."""
    stream = only_stream(tmp_path, f"{NAME}.zip", {"x.data": b""})
    assert (stream.symbol, stream.day, stream.topic, stream.first_ms) == (
        "BTCUSDT",
        DAY,
        None,
        None,
    )


def test_a_format_without_a_reader(tmp_path: Path) -> None:
    with pytest.raises(UnknownDialectError, match="dialects known: Bybit NDJSON") as caught:
        streams_in(tmp_path, "y.zip", {f"{NAME}.data": text_of(LINE), "notes.txt": b"x"})
    assert (caught.value.archive, caught.value.member) == ("y.zip", "notes.txt")


def test_a_damaged_archive_has_no_streams(tmp_path: Path) -> None:
    with pytest.raises(DamagedArchiveError):
        read_streams(write_damaged(tmp_path, "truncated"))


# ---------------------------------------------------------------- several members


@pytest.mark.parametrize(
    ("archive", "member", "is_only_member", "output"),
    [
        ("linear/a.data.zip", "x.data", True, "linear/a.parquet"),
        ("linear/a.zip", "x.data", True, "linear/a.parquet"),
        ("a.data.v2.zip", "x.data", True, "a.data.v2.parquet"),
        ("linear/a.data.zip", "x.data", False, "linear/a__x.data.parquet"),
        ("a.zip", "../b/c/x.data", False, "a__.._b_c_x.data.parquet"),
        ("a.zip", "/x.data", False, "a___x.data.parquet"),
    ],
)
def test_output_path(archive: str, member: str, is_only_member: bool, output: str) -> None:
    """§5: `.zip`, then `.data`, stripped; a member's name is no path."""
    assert output_path(archive, member, is_only_member) == output


def test_several_members_are_several_streams(tmp_path: Path) -> None:
    """§5: each with its own output, also next to litter."""
    members = {
        "2024-08-07_BTCUSDT.data": text_of(LINE),
        "eth/2024-08-08.data": text_of(replace(LINE, symbol="ETHUSDT", topic=None)),
    }
    streams = streams_in(tmp_path, "a/b.data.zip", members | {"__MACOSX/._x": b""})
    assert [stream.output for stream in streams] == [
        "a/b__2024-08-07_BTCUSDT.data.parquet",
        "a/b__eth_2024-08-08.data.parquet",
    ]
    assert [stream.series for stream in streams] == ["a:BTCUSDT", "a:ETHUSDT"]
    (alone,) = streams_in(tmp_path, "c.zip", {"__MACOSX/._x": b"", "x.data": text_of(LINE)})
    assert alone.output == "c.parquet"
    assert find_duplicates([*streams, alone]) == {}


# ---------------------------------------------------------------- claimed twice


def assert_both_named(streams: list[Stream], what: str) -> None:
    refused = find_duplicates(streams)
    assert set(refused) == set(streams)
    for error in refused.values():
        assert str(error).startswith(f"one {what}, ")
        for stream in streams:
            assert f"{stream.archive} (member {stream.member.name})" in str(error)


def test_two_archives_of_one_series_and_day(tmp_path: Path) -> None:
    """§1: of any depth; both are named before either is read."""
    streams = [
        only_stream(tmp_path, f"linear/2024-08-08_{name}.zip", {"x.data": text_of(LINE)})
        for name in ("ob200", "ob500", "again")
    ]
    assert_both_named(streams, "series and day")
    assert "linear:BTCUSDT 2024-08-08" in str(next(iter(find_duplicates(streams).values())))


def test_another_folder_symbol_or_day_is_another_claim(tmp_path: Path) -> None:
    """§1: linear and spot of one name and day are two series."""
    other = replace(LINE, symbol="ETHUSDT", topic=None)
    streams = [
        only_stream(tmp_path, f"linear/{NAME}.zip", {"x.data": text_of(LINE)}),
        only_stream(tmp_path, f"spot/{NAME}.zip", {"x.data": text_of(LINE)}),
        only_stream(tmp_path, "linear/2024-08-08_ETH.zip", {"x.data": text_of(other)}),
        only_stream(tmp_path, "linear/2024-08-09_BTC.zip", {"x.data": text_of(LINE)}),
    ]
    assert find_duplicates(streams) == {}


def test_two_archives_of_one_output(tmp_path: Path) -> None:
    """§1: `a.data.zip` and `a.zip` would write the same file."""
    streams = [
        only_stream(tmp_path, "linear/a.data.zip", {"2024-08-07.data": text_of(LINE)}),
        only_stream(tmp_path, "linear/a.zip", {"2024-08-08.data": text_of(LINE)}),
    ]
    assert_both_named(streams, "output file")


def test_members_of_one_archive_may_clash_too(tmp_path: Path) -> None:
    """By day, or by names that differ only in a slash."""
    text = text_of(LINE)
    same_day = streams_in(tmp_path, "a.zip", {"1/2024-08-08.data": text, "2/2024-08-08.data": text})
    assert_both_named(same_day, "series and day")
    same_name = streams_in(
        tmp_path, "b.zip", {"x/2024-08-08.data": text, "x_2024-08-08.data": text}
    )
    assert_both_named(same_name, "output file")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_in_an_archive(tmp_path: Path) -> None:
    """Also two entries that are equal in every field."""
    archive = write_zip(tmp_path, "a.zip", {"2024-08-08.data": text_of(LINE)})
    with zipfile.ZipFile(file_of(archive), "a") as opened:
        opened.writestr(zipfile.ZipInfo("2024-08-08.data"), text_of(LINE), zipfile.ZIP_DEFLATED)
    streams = read_streams(archive)
    assert len(streams) == 2
    assert_both_named(streams, "output file")


def test_only_those_that_clash_are_refused(tmp_path: Path) -> None:
    first, second, third = (
        only_stream(tmp_path, f"{folder}/{name}.zip", {"2024-08-08.data": text_of(LINE)})
        for folder, name in (("a", "1"), ("a", "2"), ("b", "3"))
    )
    assert set(find_duplicates([third, second, first])) == {first, second}
