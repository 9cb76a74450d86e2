"""The streams that archives hold: one member, one symbol, one day each (contract §1)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from quantgod.errors import ArchiveError, DuplicateStreamError
from quantgod.orderbook.calendar import day_of
from quantgod.orderbook.formats import choose_dialect, dialect_named
from quantgod.orderbook.formats.dialect import Dialect
from quantgod.storage.archives.archive import Archive, Member, list_members
from quantgod.storage.archives.line_reader import close_reader, text_at

_ISO_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_SYMBOL_IN_NAME = re.compile(r"\d{4}-\d{2}-\d{2}_([A-Za-z0-9-]+)")


FolderDay = tuple[str, date]  # an archive's folder below the source, and a day


@dataclass(frozen=True)
class Stream:
    """One member as the order-book messages of one symbol and day."""

    archive: Archive
    member: Member
    symbol: str
    topic: str | None
    day: date
    output: str  # path of its Parquet file below the output folder
    is_synthetic: bool
    first_ms: int | None  # time of the first message, where it stands among the first lines
    dialect_name: str

    @property
    def folder(self) -> str:
        """The archive's folder below the source; with the symbol it names the series."""
        return folder_of(self.archive.path)

    @property
    def series(self) -> str:
        """``linear/BTCUSDT:BTCUSDT``: folder and symbol, never the depth."""
        return f"{self.folder}:{self.symbol}"

    @property
    def dialect(self) -> Dialect:
        """How its text is read."""
        return dialect_named(self.dialect_name)

    def __str__(self) -> str:
        return self.output.removesuffix(".parquet")


def folder_of(archive: str) -> str:
    """An archive's folder below the source."""
    return str(PurePosixPath(archive).parent)


def day_in_name(*names: str) -> date | None:
    """The date in the first of the names that holds one."""
    for name in names:
        for found in _ISO_DAY.findall(PurePosixPath(name).name):
            try:
                return date.fromisoformat(found)
            except ValueError:
                continue
    return None


def symbol_in_name(*names: str) -> str | None:
    """The symbol in the first of the names that looks like ``2024-01-01_BTCUSDT_…``."""
    for name in names:
        if match := _SYMBOL_IN_NAME.search(PurePosixPath(name).name):
            return match[1]
    return None


def output_path(archive: str, member: str, is_only_member: bool) -> str:
    """Where a member's Parquet goes, below the output folder (contract §5)."""
    stem = archive.removesuffix(".csv.gz").removesuffix(".gz")
    stem = stem.removesuffix(".zip").removesuffix(".data")
    return f"{stem}.parquet" if is_only_member else f"{stem}__{member.replace('/', '_')}.parquet"


def read_streams(archive: Archive) -> list[Stream]:
    """The streams of an archive: symbol and topic by the first message, day by the names.

    Raises:
        DamagedArchiveError: the archive cannot be read, or holds nothing.
        UnknownDialectError: a member is in a format without a reader.
        ArchiveError: neither messages nor names tell symbol and day.
    """
    members, is_synthetic = list_members(archive)
    try:
        return [
            _read_stream(archive, member, len(members) == 1, is_synthetic) for member in members
        ]
    finally:
        close_reader()


def _read_stream(
    archive: Archive, member: Member, is_only_member: bool, is_synthetic: bool
) -> Stream:
    with text_at(archive, member, 0) as text:
        dialect = choose_dialect(archive.path, member.name, text.lines().tobytes())
        head = dialect.read_head(text)
    names = (member.name, archive.path)
    day = day_in_name(*names) or (None if head.first_ms is None else day_of(head.first_ms))
    symbol = head.symbol or symbol_in_name(*names)
    if day is None or symbol is None:
        what = "symbol" if symbol is None else "day"
        reason = f"no {what}: neither a message among the first lines nor the names tell it"
        raise ArchiveError(reason, archive.path, member.name)
    output = output_path(archive.path, member.name, is_only_member)
    return Stream(
        archive, member, symbol, head.topic, day, output, is_synthetic, head.first_ms, dialect.name
    )  # fmt: skip


def find_duplicates(streams: Iterable[Stream]) -> dict[Stream, DuplicateStreamError]:
    """Streams that claim the same series and day, or the same output file, each with its error."""
    claims: dict[tuple[str, str], list[Stream]] = defaultdict(list)
    for stream in streams:
        claims["series and day", f"{stream.series} {stream.day}"].append(stream)
        claims["output file", stream.output].append(stream)
    refused = {}
    for (what, claim), claimants in claims.items():
        if len(claimants) > 1:
            named = " and ".join(f"{s.archive} (member {s.member.name})" for s in claimants)
            error = DuplicateStreamError(f"one {what}, {claim}, is claimed by {named}; keep one")
            refused.update(dict.fromkeys(claimants, error))
    return refused
