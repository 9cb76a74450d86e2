"""No row depends on a message with ``ts >= T`` if the row is known at ``T`` (contract §3, §4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.dialects import rewrite
from quantgod.causality.perturbation import KINDS, find_instant
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.formats import DIALECTS, bybit
from quantgod.orderbook.formats.dialect import Dialect, Text
from quantgod.orderbook.messages import Cursor, Parsed
from quantgod.orderbook.scaling import Moments, apply_scaler, feature_rows
from tests.support import streams
from tests.support.core import MemoryText, cut_day
from tests.support.effort import examples
from tests.support.known_rows import Tables, compare, tables_of
from tests.support.perturbed import (
    SEEDS,
    SOME_KINDS,
    TEXT,
    instants,
    perturb,
    perturb_as_drawn,
    stamps_of,
)
from tests.support.same_day import cuts
from tests.support.streams import D0, D1, DAY, NOON, Case
from tests.support.twin import TwinSettings

FOREVER = 2**62

# ---------------------------------------------------------------- the rule


@examples(200)
@given(st.data(), streams.cases())
def test_known_rows_stay(data: st.DataObject, case: Case) -> None:
    """For any messages at T or later, and any cut of either text into windows."""
    rules, instant_ms = case.settings, data.draw(instants(case))
    perturbed = perturb(case.text, instant_ms, data.draw(SEEDS), data.draw(SOME_KINDS))
    mine = tables_of(case.text, rules, cut_day(DAY, data.draw(cuts(rules.bar_interval_ms))))
    theirs = tables_of(perturbed.text, rules, cut_day(DAY, data.draw(cuts(rules.bar_interval_ms))))
    assert compare(mine, theirs, instant_ms).first == ()


@examples(100)
@given(st.data(), streams.cases())
def test_if_no_more_comes_rows_stay_up_to_the_next_instant(data: st.DataObject, case: Case) -> None:
    """Samples end with the day's last message: rows that end later know that it came."""
    rules, instant_ms = case.settings, data.draw(instants(case))
    past = case.text[: find_instant(bybit.DIALECT, MemoryText(case.text), instant_ms)]
    stamps = [stamp for stamp in stamps_of(past) if D0 <= stamp < D1]
    step = rules.sampling_interval_ms
    known_until = min(instant_ms, (max(stamps, default=D0) // step + 1) * step)
    found = compare(tables_of(case.text, rules), tables_of(past, rules), known_until)
    assert found.first == ()


# ---------------------------------------------------------------- each change, each leak

RULES = TwinSettings(100, 1000, levels=5)
EDGES = [NOON + 1000 * second for second in range(3, 9)]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_alone(dialect: Dialect, kind: str) -> None:
    """It occurs, it changes later rows, and it leaves the known ones."""
    text = b"".join(rewrite([TEXT], dialect.name))
    original = tables_of(text, RULES, dialect=dialect)
    for seed, instant_ms in enumerate(EDGES):
        perturbed = perturb(text, instant_ms, seed, (kind,), dialect, share=0.9)
        tables = tables_of(perturbed.text, RULES, dialect=dialect)
        assert perturbed.perturbation.changes[kind] > 5
        assert compare(original, tables, instant_ms).first == ()
        assert compare(original, tables, instant_ms).rows > 2
        assert compare(original, tables, FOREVER).differing > 0


def with_stamps_1_ms_earlier(text: bytes, dialect: Dialect) -> Tables:
    """Leak: take samples of the messages with ``time <= T``."""

    def parse_window(text: Text, cursor: Cursor, window: Window) -> Parsed:
        parsed = dialect.parse_window(text, cursor, window)
        early = replace(parsed.messages, time_ms=parsed.messages.time_ms - 1)
        return replace(parsed, messages=early)

    return tables_of(text, RULES, dialect=replace(dialect, parse_window=parse_window))


def scaled_by_the_whole_day(text: bytes, dialect: Dialect) -> Tables:
    rows = tables_of(text, RULES, dialect=dialect)["rows"]
    values = feature_rows(rows)
    mean, variance = tuple(values.mean(axis=0)), tuple(values.var(axis=0))
    return {"rows": apply_scaler(rows, Moments(mean, variance, (1.0,) * len(mean), len(values)))}


def with_the_next_bars_close(text: bytes, dialect: Dialect) -> Tables:
    rows = tables_of(text, RULES, dialect=dialect)["rows"]
    index = rows.schema.get_field_index("close")
    later = pa.concat_arrays([rows["close"].combine_chunks()[1:], pa.array([0.0])])
    return {"rows": rows.set_column(index, rows.schema.field(index), later)}


def without_the_busiest_bars(text: bytes, dialect: Dialect) -> Tables:
    """Leak: leave out rows by a statistic of the whole day."""
    rows = tables_of(text, RULES, dialect=dialect)["rows"]
    return {"rows": rows.filter(pc.less(rows["volume"], pc.max(rows["volume"])))}


LEAKS = (
    with_stamps_1_ms_earlier,
    scaled_by_the_whole_day,
    with_the_next_bars_close,
    without_the_busiest_bars,
)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("leak", LEAKS)
def test_a_look_ahead_is_caught(leak: Callable[[bytes, Dialect], Tables], dialect: Dialect) -> None:
    """In at least three of six trials."""
    text = b"".join(rewrite([TEXT], dialect.name))
    original = leak(text, dialect)
    found = []
    for seed, instant_ms in enumerate(EDGES, start=10):
        perturbed = perturb_as_drawn(text, instant_ms, seed, dialect)
        found.append(compare(original, leak(perturbed.text, dialect), instant_ms))
    assert sum(comparison.differing > 0 for comparison in found) >= 3
