"""Types of setting values: durations, codecs, dates, paths."""

import os
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from quantgod.orderbook.calendar import DAY_MS

PROJECT_ROOT = Path(__file__).resolve().parents[2]
CODECS = ("none", "snappy", "gzip", "brotli", "lz4", "zstd")  # those that pyarrow puts in Parquet
CODEC_EXPECTED = f"{', '.join(CODECS[:-1])} or {CODECS[-1]}; with a level: zstd:9"


class ClashError(ValueError):
    """The values of two keys are valid, but contradict each other."""

    def __init__(self, key: str, other: str, why: str) -> None:
        super().__init__(key, other, why)
        self.key, self.other, self.why = key, other, why

    def __str__(self) -> str:
        return self.why


@cache
def duration_ms(text: str) -> int:
    """Convert a fixed-length pandas alias to milliseconds.

    Raises:
        ValueError: not a fixed length, or not a whole number of milliseconds from 1.

    >>> duration_ms("1h30min")
    5400000
    """
    # Imported here: pandas takes most of a second, and --help does not need it.
    from pandas.tseries.frequencies import to_offset
    from pandas.tseries.offsets import Day, Tick

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # the next pandas refuses an alias that is deprecated
            offset = to_offset(text)
    except (ValueError, OverflowError, Warning):
        offset = None
    match offset:
        case Day():  # pandas 3: a calendar day, of no fixed length; in UTC all days are equal
            length_ns = offset.n * DAY_MS * 1_000_000
        case Tick():
            length_ns = offset.nanos
        case _:
            raise ValueError(f"{text!r} is no fixed length of time to pandas")
    if length_ns <= 0 or length_ns % 1_000_000:
        raise ValueError(f"{text!r} is not a whole number of milliseconds, at least 1")
    return length_ns // 1_000_000


def _duration(text: str) -> str:
    duration_ms(text)
    return text


def _bar_interval(text: str) -> str:
    if DAY_MS % duration_ms(text):
        raise ValueError(f"{text} does not divide a day")
    return text


def _window_length(text: str) -> str:
    if text != "auto" and duration_ms(text) > DAY_MS:
        raise ValueError(f"{text} is longer than a day")
    return text


def _codec_name(text: str) -> str:
    from pyarrow import Codec  # as pandas above

    name, colon, level = text.lower().partition(":")
    if name not in CODECS:
        raise ValueError(f"there is no codec {name!r}")
    if colon and (name == "none" or not Codec.supports_compression_level(name)):
        raise ValueError(f"{name} has no levels")
    if colon:
        low, high = Codec.minimum_compression_level(name), Codec.maximum_compression_level(name)
        if not level.removeprefix("-").isdecimal() or not low <= int(level) <= high:
            raise ValueError(f"levels of {name} are whole numbers from {low} to {high}")
    return text.lower()


def _from_root(path: Path) -> Path:
    try:
        return PROJECT_ROOT / path.expanduser()
    except RuntimeError as error:  # ~name of an unknown user
        raise ValueError(str(error)) from error


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError("it is empty")
    return value


def _not_bool(value: object) -> object:
    if value is True or value is False:  # pydantic would take them for 1 and 0
        raise ValueError("true and false are not numbers")
    return value


def _utc_instant(value: object) -> datetime:
    match value:
        case datetime():
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        case str() | date():
            return _utc_instant(datetime.fromisoformat(str(value)))
        case _:  # a number would be taken for a Unix time
            raise ValueError("it is not a date")


def _day(value: object) -> date:
    match value:
        case datetime():
            raise ValueError("it has a time of day")
        case str() | date():
            return date.fromisoformat(str(value))
        case _:
            raise ValueError("it is not a day")


def _unless_unset(check: Callable[[object], object]) -> BeforeValidator:
    """Validate an optional key: ``none`` unsets it where YAML's null cannot be written."""
    return BeforeValidator(lambda value: None if value in (None, "none", "null") else check(value))


def _workers(value: object) -> object:
    return usable_cores() if value == "auto" else _not_bool(value)


def usable_cores() -> int:
    """Count the cores that this process may use: fewer than the machine has if it is pinned."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


Text = Annotated[str, BeforeValidator(_not_empty)]
ProjectPath = Annotated[Path, BeforeValidator(_not_empty), AfterValidator(_from_root)]
Count = Annotated[int, BeforeValidator(_not_bool), Field(ge=1)]
Share = Annotated[float, BeforeValidator(_not_bool), Field(ge=0, le=1)]
Duration = Annotated[str, AfterValidator(_duration)]
BarInterval = Annotated[str, AfterValidator(_bar_interval)]
WindowLength = Annotated[str, AfterValidator(_window_length)]
CodecName = Annotated[str, AfterValidator(_codec_name)]
Instant = Annotated[datetime | None, _unless_unset(_utc_instant)]
UtcDay = Annotated[date | None, _unless_unset(_day)]
RcloneRemote = Annotated[Text | None, _unless_unset(_not_empty)]
Workers = Annotated[Count, BeforeValidator(_workers)]
