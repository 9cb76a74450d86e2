"""Binance ``T_DEPTH``: the venue's own order books, as CSV (contract §1.2).

In futures a row names the update id of the message before, ``pu``; in spot it does not, and ids
follow one another without a hole.
"""

from __future__ import annotations

from dataclasses import replace

from quantgod.orderbook.formats.csv.columns import (
    FIRST_ID,
    KIND,
    LAST_ID,
    NAME,
    PREVIOUS_ID,
    PRICE,
    SIDE,
    SIZE,
    TIME,
    Layout,
)
from quantgod.orderbook.formats.csv.dialect import csv_dialect

SPOT_LAYOUT = Layout(
    header="symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty",
    slots=(NAME, TIME, FIRST_ID, LAST_ID, SIDE, KIND, PRICE, SIZE),
    key=(TIME, LAST_ID, KIND),
    kinds=("set", "snap"),
    sides=("b", "a"),
)
FUTURES_LAYOUT = replace(
    SPOT_LAYOUT, header=f"{SPOT_LAYOUT.header},pu", slots=(*SPOT_LAYOUT.slots, PREVIOUS_ID)
)

SPOT = csv_dialect("Binance T_DEPTH", SPOT_LAYOUT)
FUTURES = csv_dialect("Binance T_DEPTH with pu", FUTURES_LAYOUT)
