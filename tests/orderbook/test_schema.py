"""The columns of the output are those of contract §4, in its order."""

from __future__ import annotations

import json

import pyarrow as pa

from quantgod.orderbook.schema import (
    FEATURES,
    LEVEL_COLUMNS,
    bars_schema,
    level_names,
    output_schema,
)

TIMES = ["datetime", "available_at"]
PRICES = ["open", "high", "low", "close"]
FEATURE_COLUMNS = [
    *("body", "upper_wick", "lower_wick", "log_ret_close", "volatility"),
    *("max_spread", "mean_obi", "mean_deep_obi", "log_volume"),
]
COUNTS = ["sample_count", "max_staleness_ms"]
LEVELS = [
    *("bid_0_p", "bid_0_s", "ask_0_p", "ask_0_s", "bid_1_p", "bid_1_s", "ask_1_p", "ask_1_s"),
]


def test_names_and_order() -> None:
    assert output_schema(2).names == [
        *(*TIMES, *PRICES, "volume", *FEATURE_COLUMNS, *COUNTS, *LEVELS),
    ]
    assert list(FEATURES) == FEATURE_COLUMNS
    assert len(output_schema(200).names) == 18 + 800
    described = [each.name for each in LEVEL_COLUMNS]
    assert described == [name.replace("_0_", "_i_") for name in level_names(0)]
    assert level_names(199) == ("bid_199_p", "bid_199_s", "ask_199_p", "ask_199_s")


def test_types() -> None:
    schema = output_schema(2)
    integers = {"volume": pa.int64(), "sample_count": pa.int32(), "max_staleness_ms": pa.int64()}
    times = dict.fromkeys(TIMES, pa.timestamp("ms", tz="UTC"))
    others = dict.fromkeys([*PRICES, *FEATURE_COLUMNS, *LEVELS], pa.float64())
    assert dict(zip(schema.names, schema.types, strict=True)) == integers | times | others


def test_bars_lack_only_columns_of_the_dataset_phase() -> None:
    made = {"body", "upper_wick", "lower_wick", "log_ret_close", "log_volume"}
    rest = [field for field in output_schema(3) if field.name not in made]
    assert list(bars_schema(3)) == rest


def test_pandas_metadata_names_the_index() -> None:
    """Only the finished file has an index; it is no column to pandas."""
    metadata = output_schema(1).metadata
    assert json.loads(metadata[b"pandas"])["index_columns"] == ["datetime"]
    assert bars_schema(1).metadata is None
