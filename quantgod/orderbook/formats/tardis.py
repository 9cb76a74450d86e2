"""Tardis ``incremental_book_L2``: any venue's order book, as CSV (contract §1.2)."""

from __future__ import annotations

from quantgod.orderbook.formats.csv.columns import (
    GROUP,
    KIND,
    NAME,
    PRICE,
    SIDE,
    SIZE,
    TIME,
    Layout,
)
from quantgod.orderbook.formats.csv.dialect import csv_dialect

LAYOUT = Layout(
    header="exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount",
    slots=(NAME, NAME, TIME, GROUP, KIND, SIDE, PRICE, SIZE),
    key=(GROUP, KIND),  # what the venue sent as one message arrived at one time
    kinds=("false", "true"),
    sides=("bid", "ask"),
    units_per_ms=1000,
    in_runs=True,
)

DIALECT = csv_dialect("Tardis incremental_book_L2", LAYOUT)
