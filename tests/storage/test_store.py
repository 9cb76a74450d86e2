"""The paths of a run's files, and which files are still valid (contract §4, §5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.manifest import BarsRecord, bars_path
from quantgod.storage.outputs.store import OutputStore
from quantgod.storage.outputs.tables import publish, write_table
from quantgod.storage.sources.folder import FolderSource
from tests.support.day_tables import make_bars
from tests.support.records import OTHERS, RECIPE, SNAPPY, TOUCHES, record_of, store_in
from tests.support.streams import DAY
from tests.support.zips import NAME, file_of, only_stream


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    return only_stream(tmp_path / "source", f"linear/BTCUSDT/{NAME}.data.zip")


@pytest.fixture
def store(tmp_path: Path) -> OutputStore:
    return store_in(tmp_path)


def leave_bars(store: OutputStore, stream: Stream, **changes: Any) -> BarsRecord:
    """Leave the bars of an earlier run."""
    record = record_of(stream, **{"errors": (), **changes})
    final = store.bars_file(stream)
    publish(write_table(make_bars([0]), final, record.to_metadata(), SNAPPY), final)
    return record


def test_bars_are_valid_while_their_archive_is_the_same(store: OutputStore, stream: Stream) -> None:
    """§5: size, mtime, member CRC; not from another recipe's folder."""
    assert store.valid_bars(stream) is None
    record = leave_bars(store, stream)
    assert store.valid_bars(stream) == record
    for other in (
        replace(stream, archive=replace(stream.archive, size=1)),
        replace(stream, archive=replace(stream.archive, mtime_ns=1)),
        replace(stream, member=replace(stream.member, crc32=1)),
    ):
        assert store.valid_bars(other) is None
    for recipe in OTHERS.values():
        assert replace(store, recipe=recipe).valid_bars(stream) is None


def test_the_day_befores_close_is_that_of_an_earlier_run(
    store: OutputStore, stream: Stream
) -> None:
    """§4: also if its archive is gone; not if it changed, or if its bars were wrong."""
    next_day = replace(stream, day=DAY + timedelta(1))
    assert store.earlier_last_bar(next_day) is None
    record = leave_bars(store, stream)
    assert store.earlier_last_bar(next_day) == record.last_bar
    for other in (
        replace(stream, day=DAY),
        replace(stream, day=DAY + timedelta(2)),
        replace(next_day, symbol="ETHUSDT"),
        replace(next_day, archive=replace(stream.archive, path="spot/BTCUSDT/x.zip")),
    ):
        assert store.earlier_last_bar(other) is None
    leave_bars(store, stream, errors=("book order",))
    assert store.earlier_last_bar(next_day) is None


@pytest.mark.parametrize("touch", [*TOUCHES, "gone"])
def test_the_day_before_may_have_changed(store: OutputStore, stream: Stream, touch: str) -> None:
    """The close of an archive that has changed since is not trusted."""
    next_day = replace(stream, day=DAY + timedelta(1))
    record = leave_bars(store, stream)
    if touch == "gone":
        file_of(stream.archive).unlink()
    else:
        TOUCHES[touch](file_of(stream.archive))
    found = store.earlier_last_bar(next_day)
    assert found == (record.last_bar if touch == "gone" else None)


def test_another_source_is_another_history(store: OutputStore, stream: Stream) -> None:
    """A folder of the same names elsewhere does not apply to this one's days."""
    next_day = replace(stream, day=DAY + timedelta(1))
    leave_bars(store, stream)
    elsewhere = replace(next_day.archive, source=FolderSource(Path("/elsewhere")))
    assert store.earlier_last_bar(replace(next_day, archive=elsewhere)) is None
    leave_bars(store, stream, source="/elsewhere")
    assert store.earlier_last_bar(next_day) is None


def test_paths_of_a_stream(store: OutputStore, stream: Stream) -> None:
    """§5: the output at its archive's relative path, the quarantine likewise."""
    output = f"linear/BTCUSDT/{NAME}.parquet"
    assert store.output_file(stream) == store.output / output
    assert store.quarantine_of(stream).table == store.quarantine / output
    day = date(2024, 8, 8)
    assert store.bars_file(stream) == bars_path(
        store.bars, RECIPE, "linear/BTCUSDT", "BTCUSDT", day
    )
