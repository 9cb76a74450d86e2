"""The streams that archives hold: one member, one symbol, one day each (contract §1)."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path, PurePosixPath

from quantgod.errors import ArchiveError, DuplicateStreamError, SourceError
from quantgod.orderbook.calendar import Window, day_of, day_start_ms
from quantgod.orderbook.formats import choose_dialect, dialect_named
from quantgod.orderbook.formats.dialect import Dialect
from quantgod.orderbook.messages import Cursor, Parsed
from quantgod.orderbook.recipe import Recipe, SampleRule
from quantgod.orderbook.step import StreamBars, join, plain_stages, walk
from quantgod.orderbook.windows import Extent, plan_windows
from quantgod.storage.archives.line_reader import close_reader, text_at
from quantgod.storage.archives.members import Member, read_directory
from quantgod.storage.progress import ProgressSlot
from quantgod.storage.sources.folder import archive_at
from quantgod.storage.sources.source import Archive

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
    first_ms: int | None  # time of the first message, if the first lines contain one
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
        """The dialect of its text."""
        return dialect_named(self.dialect_name)

    @property
    def extent(self) -> Extent:
        """Its day, first message and size, for window planning."""
        return Extent(day_start_ms(self.day), self.first_ms, self.member.size)

    def sample_rule(self, recipe: Recipe) -> SampleRule:
        """The rule by which a recipe samples it."""
        return recipe.sample_rule(self.dialect.promised_depth(self.topic))

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
    matches = (_SYMBOL_IN_NAME.search(PurePosixPath(name).name) for name in names)
    return next((match[1] for match in matches if match), None)


def output_path(archive: str, member: str, is_only_member: bool) -> str:
    """Path of a member's Parquet file below the output folder (contract §5)."""
    stem = archive.removesuffix(".csv.gz").removesuffix(".gz")
    stem = stem.removesuffix(".zip").removesuffix(".data")
    return f"{stem}.parquet" if is_only_member else f"{stem}__{member.replace('/', '_')}.parquet"


def read_streams(archive: Archive) -> list[Stream]:
    """Find the streams of an archive: symbol and topic by the first message, day by the names.

    Raises:
        DamagedArchiveError: the archive cannot be read, or holds nothing.
        UnknownDialectError: a member is in a format without a reader.
        ArchiveError: neither messages nor names contain symbol and day.
    """
    members, is_synthetic = read_directory(archive)
    is_only = len(members) == 1
    try:
        return [_read_stream(archive, member, is_only, is_synthetic) for member in members]
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
        reason = f"no {what}: neither the first lines nor the names contain one"
        raise ArchiveError(reason, archive.path, member.name)
    output = output_path(archive.path, member.name, is_only_member)
    return Stream(
        archive, member, symbol, head.topic, day, output, is_synthetic, head.first_ms, dialect.name
    )  # fmt: skip


def open_stream(path: Path, member: str | None = None) -> Stream:
    """Find the stream of an archive, or of one of its members.

    Raises:
        SourceError: there is no file at ``path``, or not exactly one such member.
        ArchiveError: the archive cannot be used.
    """
    streams = read_streams(archive_at(path))
    chosen = [stream for stream in streams if member in (None, stream.member.name)]
    if len(chosen) != 1:
        names = ", ".join(stream.member.name for stream in streams)
        raise SourceError(
            f"expected one member{f' named {member}' if member else ''} in {path}, found: {names}. "
            "Choose one of them"
        )
    return chosen[0]


def parse_stream(
    stream: Stream,
    window: Window,
    cursor: Cursor,
    progress: ProgressSlot | None = None,
    read_ahead: bool = False,
) -> Parsed:
    """Parse one window of a stream's text, read from its archive through memory.

    The cursor is that of the window before. ``progress`` counts the text that was read;
    ``read_ahead`` inflates in a thread of its own.

    Raises:
        ArchiveError: the archive cannot be used; names archive, member and line.
        OSError: the archive cannot be read.
    """
    archive, member = stream.archive, stream.member
    with text_at(archive, member, cursor.offset, progress, read_ahead) as text:
        try:
            parsed = stream.dialect.parse_window(text, cursor, window)
        except ArchiveError as error:
            # The parser knows the line; the archive is known only here.
            raise type(error)(error.reason, archive.path, member.name, error.line) from None
    if parsed.at_end:
        close_reader()
        archive.check_unchanged()
    return parsed


def make_stream_bars(stream: Stream, recipe: Recipe) -> StreamBars:
    """Make the bars of a whole stream in this process.

    Raises:
        ArchiveError, OSError: as ``parse_stream``.
    """
    rule = stream.sample_rule(recipe)
    stages = plain_stages(partial(parse_stream, stream), recipe, rule)
    windows = plan_windows(stream.extent, recipe, rule)
    return join(part for _, part in walk(stages, windows))


def find_duplicates(streams: Iterable[Stream]) -> dict[Stream, DuplicateStreamError]:
    """Find streams that claim the same series and day or output file, each with its error."""
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
