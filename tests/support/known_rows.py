"""The tables that a text gives, and how far two of them agree on the rows known at T."""

from __future__ import annotations

import pyarrow as pa

from quantgod.causality.comparison import Comparison, compare_known
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.features import add_features
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.formats.dialect import Dialect
from quantgod.orderbook.scaling import Moments, apply_scaler
from quantgod.orderbook.schema import FEATURES
from tests.support.core import cut_day, rebuild_with_core
from tests.support.streams import DAY
from tests.support.twin import TwinSettings

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
    """Return bars, output and scaled output of a text of ``DAY``."""
    bars = rebuild_with_core(text, windows or cut_day(DAY), rules, None, dialect=dialect).bars
    rows = add_features(bars, rules.bar_interval_ms, rules.levels, None).table
    return {"bars": bars, "rows": rows, "scaled": apply_scaler(rows, FIXED)}


def compare(mine: Tables, theirs: Tables, instant_ms: int) -> Comparison:
    parts = [compare_known(mine[name], theirs[name], instant_ms) for name in mine]
    return sum(parts, Comparison())
