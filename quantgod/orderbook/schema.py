"""Every column of the output: name, type, order — the one place (contract §4)."""

from __future__ import annotations

import json

import pyarrow as pa

SCHEMA_VERSION = "1"

TIME = pa.timestamp("ms", tz="UTC")

FEATURES: tuple[str, ...] = (
    "body",
    "upper_wick",
    "lower_wick",
    "log_ret_close",
    "volatility",
    "max_spread",
    "mean_obi",
    "mean_deep_obi",
    "log_volume",
)

_COLUMNS: dict[str, pa.DataType] = {
    "datetime": TIME,
    "available_at": TIME,
    "open": pa.float64(),
    "high": pa.float64(),
    "low": pa.float64(),
    "close": pa.float64(),
    "volume": pa.int64(),
    "body": pa.float64(),
    "upper_wick": pa.float64(),
    "lower_wick": pa.float64(),
    "log_ret_close": pa.float64(),
    "volatility": pa.float64(),
    "max_spread": pa.float64(),
    "mean_obi": pa.float64(),
    "mean_deep_obi": pa.float64(),
    "log_volume": pa.float64(),
    "sample_count": pa.int32(),
    "max_staleness_ms": pa.int64(),
}

# Computed from bars in the dataset phase; the phase-1 bars do not hold them.
_DERIVED = frozenset({"body", "upper_wick", "lower_wick", "log_ret_close", "log_volume"})


def level_names(level: int) -> tuple[str, str, str, str]:
    """Names of one level's four columns; level 0 is the best."""
    return f"bid_{level}_p", f"bid_{level}_s", f"ask_{level}_p", f"ask_{level}_s"


def output_schema(levels: int) -> pa.Schema:
    """Schema of a final file with ``levels`` levels a side; ``datetime`` is pandas' index."""
    return _schema(list(_COLUMNS), levels).with_metadata({"pandas": _pandas_metadata()})


def bars_schema(levels: int) -> pa.Schema:
    """Schema of the phase-1 bars: the output without the columns made in the dataset phase."""
    return _schema([name for name in _COLUMNS if name not in _DERIVED], levels)


def _schema(names: list[str], levels: int) -> pa.Schema:
    fields = [pa.field(name, _COLUMNS[name]) for name in names]
    for level in range(levels):
        fields += [pa.field(name, pa.float64()) for name in level_names(level)]
    return pa.schema(fields)


def _pandas_metadata() -> str:
    """The note by which pandas makes ``datetime`` the index when it reads the file."""
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
