"""Tardis ``incremental_book_L2``: any venue's order book, as CSV (contract §1.2)."""

from __future__ import annotations

from quantgod.orderbook.formats.csv import columns as col
from quantgod.orderbook.formats.csv.dialect import csv_dialect

ROWS = col.RowFormat(
    header="exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount",
    slots=(col.NAME, col.NAME, col.TIME, col.GROUP, col.KIND, col.SIDE, col.PRICE, col.SIZE),
    group_by=(col.GROUP, col.KIND),  # the levels of one message arrived at one time
    kinds=("false", "true"),
    sides=("bid", "ask"),
    units_per_ms=1000,
    in_runs=True,
)

DIALECT = csv_dialect("Tardis incremental_book_L2", ROWS)
