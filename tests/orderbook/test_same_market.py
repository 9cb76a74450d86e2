"""One recorded market, written in every dialect, gives the same bars to the bit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.dialects import WRITERS, rewrite
from quantgod.orderbook.formats import bybit, dialect_named
from quantgod.synthetic import StreamSpec, generate_text
from tests.support.core import CoreDay, cut_day, rebuild_with_core
from tests.support.stream_plans import D0
from tests.support.streams import DAY
from tests.support.twin import TwinSettings
from tests.support.zips import read_member

SPEC = StreamSpec("BTCUSDT", "linear", 50, D0, D0 + 200_000, seed=11)
RULES = TwinSettings(sampling_interval_ms=100, bar_interval_ms=1000, levels=20)
WITH_IDS = [name for name in WRITERS if name.startswith("Binance")]
# Counts that depend on lines, on the topic or on ids, and not on the messages' content.
OF_THE_TEXT = ("lines", "slow_lines", "shallow_topic", "sequence_checked", "sequence_gaps")


def rebuild(text: bytes, name: str) -> CoreDay:
    cuts = [D0 + 60_000, D0 + 61_000, D0 + 150_000]
    dialect = dialect_named(name)
    return rebuild_with_core(text, cut_day(DAY, cuts), RULES, None, 5000, dialect=dialect)


def rewritten(text: bytes, name: str) -> bytes:
    return b"".join(rewrite([text], name))


def counts_of_messages(day: CoreDay) -> dict[str, int]:
    return {name: n for name, n in asdict(day.counts).items() if name not in OF_THE_TEXT}


def assert_same(found: CoreDay, wanted: CoreDay) -> None:
    assert wanted.bars.num_rows > 100
    assert found.bars.equals(wanted.bars)
    assert counts_of_messages(found) == counts_of_messages(wanted)
    assert found.counts.unreadable == 0
    assert (found.cursor.symbol, found.cursor.topic) == ("BTCUSDT", None)


@pytest.mark.parametrize("name", WRITERS)
def test_a_generated_market(name: str) -> None:
    """Bars are equal, and so is every count of messages; rows are levels, apart from the header."""
    text = b"".join(generate_text(SPEC))
    wanted, found = rebuild(text, bybit.DIALECT.name), rebuild(rewritten(text, name), name)
    assert_same(found, wanted)
    if dialect_named(name).header:
        assert found.counts.lines == 1 + found.counts.level_updates
        assert found.counts.slow_lines == 1
    checked = wanted.counts.sequence_checked if name in WITH_IDS else 0
    assert (found.counts.sequence_checked, found.counts.sequence_gaps) == (checked, 0)


@pytest.mark.parametrize("name", WRITERS)
def test_a_recorded_market(recordings: Path, name: str) -> None:
    """Six minutes of a busy day."""
    text = read_member(recordings / "derived/linear/BTCUSDT/2024-08-08_BTCUSDT_ob200.data.zip")
    assert_same(rebuild(rewritten(text, name), name), rebuild(text, bybit.DIALECT.name))


@pytest.mark.parametrize("name", WRITERS)
def test_a_lost_message_is_seen_where_there_are_ids(name: str) -> None:
    """The book is unknown from then on; Tardis and OKX cannot detect the loss, and carry on."""
    lines = b"".join(generate_text(SPEC)).splitlines(keepends=True)
    text = b"".join([*lines[:1000], *lines[1001:]])
    wanted, found = rebuild(text, bybit.DIALECT.name), rebuild(rewritten(text, name), name)
    assert wanted.counts.sequence_gaps == 1
    assert found.counts.sequence_gaps == (name in WITH_IDS)
    assert found.bars.equals(wanted.bars) == (name in WITH_IDS)
