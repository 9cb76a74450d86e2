"""The inputs of a file decide whether it is still valid (contract §5): all of them, no others."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields, replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from quantgod.orderbook import schema
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.features import LastBar
from quantgod.orderbook.recipe import Recipe
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs import manifest, planned
from quantgod.storage.outputs.manifest import BarsRecord, bars_path, read_bars_record
from quantgod.storage.outputs.planned import PlannedOutput
from quantgod.storage.outputs.tables import Compression, publish, write_table
from quantgod.storage.sources.folder import FolderSource
from quantgod.storage.sources.source import Archive
from tests.support.day_tables import make_bars, make_output
from tests.support.records import (
    CHANGES,
    OTHERS,
    RECIPE,
    SNAPPY,
    TOUCHES,
    output_metadata,
    record_of,
    scaler_of,
    store_in,
)
from tests.support.streams import DAY
from tests.support.zips import NAME, file_of, only_stream

BEFORE = LastBar(1_723_075_140_000, 100.1)
ELSEWHERE = FolderSource(Path("/elsewhere"))


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    return only_stream(tmp_path / "source", f"linear/BTCUSDT/{NAME}.data.zip")


# ---------------------------------------------------------------- recipes


def test_every_setting_of_a_recipe_is_tried_here() -> None:
    assert set(CHANGES) == {field.name for field in fields(Recipe)}


def test_a_recipes_folder_is_readable_and_its_own() -> None:
    """Bars of another recipe have another folder."""
    folder = manifest.recipe_folder(RECIPE)
    assert folder.startswith("1000ms-60000ms-200levels-")
    others = {manifest.recipe_folder(recipe) for recipe in OTHERS.values()}
    assert len(others | {folder}) == 1 + len(OTHERS)
    assert manifest.recipe_folder(replace(RECIPE)) == folder


def test_another_schema_is_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """§5: bars are made again when the schema changes."""
    before = manifest.recipe_folder(RECIPE)
    monkeypatch.setattr(manifest, "SCHEMA_VERSION", schema.SCHEMA_VERSION + "x")
    assert manifest.recipe_folder(RECIPE) != before


def test_path_of_bars(tmp_path: Path) -> None:
    """By series and day, whichever archive gave them."""
    path = bars_path(tmp_path, RECIPE, "linear/BTCUSDT", "BTCUSDT", DAY)
    expected = (
        tmp_path
        / manifest.recipe_folder(RECIPE)
        / "linear"
        / "BTCUSDT"
        / "2024-08-08_BTCUSDT.parquet"
    )
    assert path == expected


@pytest.mark.parametrize("symbol", ["../../../x", "/x", "A/B", "..", "a\x00b", "A%2FB", "\ud800"])
def test_a_symbol_is_no_path(tmp_path: Path, symbol: str) -> None:
    """It comes from a message: for any symbol the bars stay in their folder."""
    folder = tmp_path / manifest.recipe_folder(RECIPE) / "linear"
    path = bars_path(tmp_path, RECIPE, "linear", symbol, DAY)
    assert path.parent == folder
    assert "\x00" not in path.name
    others = {bars_path(tmp_path, RECIPE, "linear", each, DAY) for each in ("A/B", "A%2FB", "A_B")}
    assert len(others) == 3


# ---------------------------------------------------------------- records


def test_a_record_comes_back_as_it_was(tmp_path: Path, stream: Stream) -> None:
    """In the Parquet file's own metadata, close and counts to the last bit."""
    for record in (
        record_of(stream),
        record_of(stream, topic=None, unreadable_lines=(), errors=()),
        record_of(stream, last_bar=LastBar(-1, 5e-324), counts=Counts()),
    ):
        path = write_table(make_bars([0]), tmp_path / "x", record.to_metadata(), SNAPPY)
        assert read_bars_record(path) == record


def test_every_count_comes_back(stream: Stream) -> None:
    counts = Counts(**{field.name: i + 1 for i, field in enumerate(fields(Counts))})
    record = record_of(stream, counts=counts)
    assert BarsRecord.from_metadata(record.to_metadata()).counts == counts


def test_no_record(tmp_path: Path) -> None:
    """No file, a torn one, or a Parquet file from another program."""
    assert read_bars_record(tmp_path / "none.parquet") is None
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    assert read_bars_record(tmp_path / "torn.parquet") is None
    assert read_bars_record(write_table(make_bars([0]), tmp_path / "x", {}, SNAPPY)) is None


def test_counts_add_up() -> None:
    """Windows are summed field by field."""
    one = Counts(**{field.name: i + 1 for i, field in enumerate(fields(Counts))})
    doubled = {name: 2 * value for name, value in asdict(one).items()}
    assert asdict(one + one) == doubled
    assert one + Counts() == one


# ---------------------------------------------------------------- validity


def made_from(
    stream: Stream,
    recipe: Recipe = RECIPE,
    compression: Compression = SNAPPY,
    before: LastBar | None = BEFORE,
    scaler: str | None = "ab",
    **record: Any,
) -> str:
    """Return the inputs that decide whether the final file is made again."""
    metadata = output_metadata(
        stream, record_of(stream, **record), recipe, compression, before, scaler
    )
    return metadata["made_from"]


@pytest.mark.parametrize("name", CHANGES)
def test_another_setting_of_sections_2_to_4(stream: Stream, name: str) -> None:
    assert made_from(stream, OTHERS[name]) != made_from(stream)


@pytest.mark.parametrize(
    "change",
    [
        {"before": None},
        {"before": replace(BEFORE, open_ms=BEFORE.open_ms - 60_000)},
        {"before": replace(BEFORE, close=math.nextafter(BEFORE.close, 0))},
        {"scaler": None},
        {"scaler": "ac"},
        {"compression": Compression("zstd")},
        {"compression": Compression("snappy", 1)},
    ],
)
def test_another_close_scaler_or_compression(stream: Stream, change: dict[str, Any]) -> None:
    """§5: the previous day's last bar or the scaler changed; compression changes a file too."""
    assert made_from(stream, **change) != made_from(stream)


@pytest.mark.parametrize("touch", TOUCHES)
def test_another_archive(stream: Stream, touch: str) -> None:
    """§5: its size and its mtime, each alone."""
    TOUCHES[touch](file_of(stream.archive))
    archive = Archive.of(stream.archive.source, stream.archive.path)
    assert made_from(replace(stream, archive=archive)) != made_from(stream)


@pytest.mark.parametrize(
    "change", [{"crc32": 1}, {"name": "other.data"}, {"size": 1}], ids=lambda each: next(iter(each))
)
def test_another_member(stream: Stream, change: dict[str, Any]) -> None:
    other = replace(stream, member=replace(stream.member, **change))
    assert made_from(other) != made_from(stream)


def test_another_path_day_or_symbol(stream: Stream) -> None:
    """A renamed or moved archive counts as another one."""
    moved = replace(stream, archive=replace(stream.archive, path="spot/x.zip"))
    others = (moved, replace(stream, day=DAY + timedelta(1)), replace(stream, symbol="X"))
    assert len({made_from(each) for each in (stream, *others)}) == 4


def test_another_schema(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made_from(stream)
    monkeypatch.setattr(planned, "SCHEMA_VERSION", schema.SCHEMA_VERSION + "x")
    assert made_from(stream) != before


def test_changes_that_keep_a_file_valid(stream: Stream) -> None:
    """§5: nothing else makes it again: neither the counts, nor the source folder's place."""
    same = (
        made_from(stream, counts=Counts(lines=1), unreadable_lines=(), errors=(), bars=1),
        made_from(stream, last_bar=LastBar(0, 1.0), full_bars=0, topic=None),
        made_from(replace(stream, topic=None, is_synthetic=True, first_ms=None)),
        made_from(replace(stream, archive=replace(stream.archive, source=ELSEWHERE))),
    )
    assert set(same) == {made_from(stream)}


@pytest.mark.parametrize("before", [None, BEFORE])
@pytest.mark.parametrize("scaler", [None, "abc"])
def test_a_file_is_valid_that_would_be_made_again(
    tmp_path: Path, stream: Stream, before: LastBar | None, scaler: str | None
) -> None:
    store, applied = store_in(tmp_path), scaler_of(scaler)
    output, final = PlannedOutput(stream, record_of(stream), before), store.output_file(stream)
    assert not output.is_up_to_date(store, applied)
    publish(write_table(make_output(), final, output.metadata(store, applied), SNAPPY), final)
    assert output.is_up_to_date(store, applied)
    assert not replace(output, before=LastBar(0, 1.0)).is_up_to_date(store, applied)
    publish(write_table(make_output(), final, {}, SNAPPY), final)
    assert not output.is_up_to_date(store, applied)


def test_metadata_of_a_final_file(stream: Stream) -> None:
    """§5: versions, names, the archive and its member, the settings, the scaler, synthetic."""
    metadata = output_metadata(stream, record_of(stream), RECIPE, SNAPPY, BEFORE, "abc")
    assert json.loads(metadata.pop("settings")) == asdict(RECIPE)
    assert metadata.pop("made_from")
    assert metadata == {
        "schema_version": schema.SCHEMA_VERSION,
        "project_version": version("quantgod-l2"),
        "symbol": "BTCUSDT",
        "series": "linear/BTCUSDT:BTCUSDT",
        "topic": "orderbook.200.BTCUSDT",
        "archive": f"linear/BTCUSDT/{NAME}.data.zip",
        "member": f"{NAME}.data",
        "member_crc32": f"{stream.member.crc32:08x}",
        "member_size": str(stream.member.size),
        "scaler_sha256": "abc",
        "synthetic": "false",
    }
    made = replace(stream, is_synthetic=True)
    other = output_metadata(made, record_of(stream, topic=None), RECIPE, SNAPPY, None, None)
    assert (other["synthetic"], other["topic"]) == ("true", "")
    assert "scaler_sha256" not in other
