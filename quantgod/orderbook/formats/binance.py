"""Binance ``T_DEPTH``: the venue's own order books, as CSV (contract §1.2).

A futures row gives the previous message's update id, ``pu``. Spot rows have no such column: their
ids are consecutive.
"""

from __future__ import annotations

from dataclasses import replace

from quantgod.orderbook.formats.csv import columns as col
from quantgod.orderbook.formats.csv.dialect import csv_dialect

SPOT_ROWS = col.RowFormat(
    header="symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty",
    slots=(col.NAME, col.TIME, col.FIRST_ID, col.LAST_ID, col.SIDE, col.KIND, col.PRICE, col.SIZE),
    group_by=(col.TIME, col.LAST_ID, col.KIND),
    kinds=("set", "snap"),
    sides=("b", "a"),
)
FUTURES_ROWS = replace(
    SPOT_ROWS, header=f"{SPOT_ROWS.header},pu", slots=(*SPOT_ROWS.slots, col.PREVIOUS_ID)
)

SPOT = csv_dialect("Binance T_DEPTH", SPOT_ROWS)
FUTURES = csv_dialect("Binance T_DEPTH with pu", FUTURES_ROWS)
