"""Every column of the output: name, order, type, unit, definition (contract §4).

The tables of columns in the docs are generated from here: ``make docs``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal, NamedTuple

import pyarrow as pa

SCHEMA_VERSION = "1"

TIME = pa.timestamp("ms", tz="UTC")

Kind = Literal["time", "price", "volume", "feature", "quality", "book"]


class Column(NamedTuple):
    """One column."""

    name: str
    type: pa.DataType
    kind: Kind  # features are scaled by the z-score
    unit: str
    definition: str
    is_derived: bool = False  # computed from bars in the dataset phase; phase-1 bars do not hold it


def _time(name: str, definition: str) -> Column:
    return Column(name, TIME, "time", "time", definition)


def _price(name: str, definition: str) -> Column:
    return Column(name, pa.float64(), "price", "price", definition)


def _feature(name: str, unit: str, definition: str, *, is_derived: bool = False) -> Column:
    return Column(name, pa.float64(), "feature", unit, definition, is_derived)


COLUMNS: tuple[Column, ...] = (
    _time("datetime", "bar open `t`; the index when pandas reads the file"),
    _time("available_at", "`t + W`: the earliest moment at which the row can be known"),
    _price("open", "first `micro_price` of the bar's samples"),
    _price("high", "highest `micro_price`"),
    _price("low", "lowest `micro_price`"),
    _price("close", "last `micro_price`"),
    Column(
        "volume", pa.int64(), "volume", "messages",
        "messages applied during the bar, inside the day, whether or not the book was known",
    ),
    _feature("body", "1", "`ln(close / open)`", is_derived=True),
    _feature("upper_wick", "1", "`(high - max(open, close)) / prev_close`", is_derived=True),
    _feature("lower_wick", "1", "`(min(open, close) - low) / prev_close`", is_derived=True),
    _feature("log_ret_close", "1", "`ln(close / prev_close)`", is_derived=True),
    _feature(
        "volatility", "price",
        "standard deviation (ddof 1) of `micro_price`; 0 for one sample or when all are equal",
    ),
    _feature("max_spread", "price", "largest `spread`"),
    _feature("mean_obi", "1, from -1 to 1", "mean `obi`"),
    _feature("mean_deep_obi", "1, from -1 to 1", "mean `deep_obi`"),
    _feature("log_volume", "1", "`ln(1 + volume)`", is_derived=True),
    Column("sample_count", pa.int32(), "quality", "samples", "samples in the bar; `W/Δ` when full"),
    Column("max_staleness_ms", pa.int64(), "quality", "ms", "largest `staleness_ms` among them"),
)  # fmt: skip

# Repeated for each level ``i``.
LEVEL_COLUMNS: tuple[Column, ...] = (
    Column(
        "bid_i_p", pa.float64(), "book", "price",
        "bid price of level `i` at the bar's last sample; null if the level does not exist",
    ),
    Column(
        "bid_i_s", pa.float64(), "book", "coins or contracts",
        "its size; 0 if the level does not exist",
    ),
    Column("ask_i_p", pa.float64(), "book", "price", "ask price of level `i`, likewise"),
    Column("ask_i_s", pa.float64(), "book", "coins or contracts", "its size, likewise"),
)  # fmt: skip

FEATURES: tuple[str, ...] = tuple(each.name for each in COLUMNS if each.kind == "feature")


def level_names(level: int) -> tuple[str, str, str, str]:
    """Names of one level's four columns; level 0 is the best."""
    return f"bid_{level}_p", f"bid_{level}_s", f"ask_{level}_p", f"ask_{level}_s"


def output_schema(levels: int) -> pa.Schema:
    """Schema of a final file with ``levels`` levels per side; ``datetime`` is pandas' index."""
    return _schema(COLUMNS, levels).with_metadata({"pandas": _pandas_metadata()})


def bars_schema(levels: int) -> pa.Schema:
    """Schema of the phase-1 bars: the output without the columns of the dataset phase."""
    return _schema([each for each in COLUMNS if not each.is_derived], levels)


def _schema(columns: Iterable[Column], levels: int) -> pa.Schema:
    fields = [pa.field(each.name, each.type) for each in columns]
    for level in range(levels):
        names = zip(level_names(level), LEVEL_COLUMNS, strict=True)
        fields += [pa.field(name, each.type) for name, each in names]
    return pa.schema(fields)


def _pandas_metadata() -> str:
    """Metadata that makes pandas use ``datetime`` as the index."""
    index = {
        "name": "datetime",
        "field_name": "datetime",
        "pandas_type": "datetimetz",
        "numpy_type": "datetime64[ms]",
        "metadata": {"timezone": "UTC"},
    }
    return json.dumps(
        {"index_columns": ["datetime"], "column_indexes": [], "columns": [index], "creator": {}}
    )
