"""No row depends on a message with ``ts >= T`` if it can be known at ``T`` (contract §3, §4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantgod.causality.comparison import Comparison, compare_known
from quantgod.causality.future import KINDS
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.features import add_features
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.formats.dialect import Dialect
from quantgod.orderbook.scaling import Moments, apply_scaler, feature_rows
from quantgod.orderbook.schema import FEATURES
from quantgod.synthetic import StreamSpec, generate_text
from tests.orderbook.test_core_equals_twin import cuts
from tests.support import streams
from tests.support.core import cut_day, rebuild_with_core
from tests.support.futures import SEEDS, SOME_KINDS, change, instants, messages_of, start_of
from tests.support.streams import D0, D1, DAY, NOON, Case
from tests.support.twin import TwinSettings

FOREVER = 2**62
FIXED = Moments(
    tuple(0.1 * i for i in range(len(FEATURES))), (1.0,) * len(FEATURES),
    tuple(0.3 + 0.7 * i for i in range(len(FEATURES))), 100,
)  # fmt: skip

Tables = dict[str, pa.Table]


def tables_of(
    text: bytes,
    rules: TwinSettings,
    windows: list[Window] | None = None,
    dialect: Dialect = bybit.DIALECT,
) -> Tables:
    """Bars, output and scaled output of a text of ``DAY``."""
    bars = rebuild_with_core(text, windows or cut_day(DAY), rules, None, dialect=dialect).bars
    rows = add_features(bars, rules.bar_interval_ms, rules.levels, None).table
    return {"bars": bars, "rows": rows, "scaled": apply_scaler(rows, FIXED)}


def compare(mine: Tables, theirs: Tables, instant_ms: int) -> Comparison:
    parts = [compare_known(mine[name], theirs[name], instant_ms) for name in mine]
    return sum(parts, Comparison())


# ---------------------------------------------------------------- the rule


@settings(max_examples=200, deadline=None)
@given(st.data(), streams.cases())
def test_what_is_known_stays(data: st.DataObject, case: Case) -> None:
    """Whatever comes at T or after, and however either text is cut into windows."""
    rules, instant_ms = case.settings, data.draw(instants(case))
    changed = change(case.text, instant_ms, data.draw(SEEDS), data.draw(SOME_KINDS))
    mine = tables_of(case.text, rules, cut_day(DAY, data.draw(cuts(rules.bar_interval_ms))))
    theirs = tables_of(changed.text, rules, cut_day(DAY, data.draw(cuts(rules.bar_interval_ms))))
    assert compare(mine, theirs, instant_ms).first == ()


@settings(max_examples=100, deadline=None)
@given(st.data(), streams.cases())
def test_if_no_more_comes_rows_stay_up_to_the_next_instant(data: st.DataObject, case: Case) -> None:
    """Samples end with the last message inside the day: rows that end later know that it came."""
    rules, instant_ms = case.settings, data.draw(instants(case))
    past = case.text[: start_of(case.text, instant_ms)]
    stamps = [m.ts for _, m in messages_of(past) if m and D0 <= m.ts < D1]
    step = rules.sampling_interval_ms
    known_until = min(instant_ms, (max(stamps, default=D0) // step + 1) * step)
    found = compare(tables_of(case.text, rules), tables_of(past, rules), known_until)
    assert found.first == ()


# ---------------------------------------------------------------- each change, each leak

RULES = TwinSettings(100, 1000, levels=5)
SPEC = StreamSpec("BTCUSDT", "linear", 10, NOON, NOON + 10_000, seed=5)
TEXT = b"".join(generate_text(SPEC))
EDGES = [NOON + 1000 * second for second in range(3, 9)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_alone(kind: str) -> None:
    """It happens, it changes later rows, and it leaves the known ones."""
    original = tables_of(TEXT, RULES)
    for seed, instant_ms in enumerate(EDGES):
        changed = change(TEXT, instant_ms, seed, (kind,))
        tables = tables_of(changed.text, RULES)
        assert changed.rewriter.kinds[kind] > 5
        assert compare(original, tables, instant_ms).first == ()
        assert compare(original, tables, instant_ms).rows > 2
        assert compare(original, tables, FOREVER).differing > 0


def with_stamps_1_ms_earlier(text: bytes) -> Tables:
    """Samples of the messages with ``time <= T``."""
    write = bybit.DIALECT.words.write
    shifted = [write(line, replace(m, ts=m.ts - 1)) for line, m in messages_of(text) if m]
    return tables_of(b"\n".join(shifted), RULES)


def scaled_by_the_whole_day(text: bytes) -> Tables:
    rows = tables_of(text, RULES)["rows"]
    values = feature_rows(rows)
    mean, variance = tuple(values.mean(axis=0)), tuple(values.var(axis=0))
    return {"rows": apply_scaler(rows, Moments(mean, variance, (1.0,) * len(mean), len(values)))}


def with_the_next_bars_close(text: bytes) -> Tables:
    rows = tables_of(text, RULES)["rows"]
    index = rows.schema.get_field_index("close")
    later = pa.concat_arrays([rows["close"].combine_chunks()[1:], pa.array([0.0])])
    return {"rows": rows.set_column(index, rows.schema.field(index), later)}


def without_the_busiest_bars(text: bytes) -> Tables:
    """Rows that are left out by what the whole day holds."""
    rows = tables_of(text, RULES)["rows"]
    return {"rows": rows.filter(pc.less(rows["volume"], pc.max(rows["volume"])))}


LEAKS = (
    with_stamps_1_ms_earlier,
    scaled_by_the_whole_day,
    with_the_next_bars_close,
    without_the_busiest_bars,
)


@pytest.mark.parametrize("leak", LEAKS)
def test_a_look_ahead_is_caught(leak: Callable[[bytes], Tables]) -> None:
    original = leak(TEXT)
    found = [
        compare(original, leak(change(TEXT, instant_ms, seed).text), instant_ms)
        for seed, instant_ms in enumerate(EDGES)
    ]
    assert sum(comparison.differing > 0 for comparison in found) >= 3
