"""Group adjacent rows into messages (``RowFormat.group_by``); add each to the batch when it ends.

A message may span chunks of text, never two windows. Its first row decides whether it belongs to
the window, and stays unread otherwise. So no message is open between two windows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.arrays.record import Record, record_type
from quantgod.orderbook.formats.csv.columns import (
    BID,
    KIND,
    LAST_ID,
    PREVIOUS_ID,
    SIDE,
    SLOTS,
    SNAPSHOT,
    TIME,
)
from quantgod.orderbook.messages import Float64Array, Header, admit_message, belongs_later

_STATE = record_type(
    "bids",  # of the open message
    "asks",
    "last_kind",  # of the previous message
)


class Group(NamedTuple):
    """The open message, whose rows are being read; none without a level."""

    state: Record  # (1,) of _STATE
    row: NDArray[np.int64]  # (SLOTS,) values of the last row
    first: NDArray[np.int64]  # (SLOTS,) of the message's first row
    ask_price: Float64Array  # its asks, until all its bids are read
    ask_size: Float64Array


def open_group(last_kind: int) -> Group:
    """Return a group without a message, after a message of kind ``last_kind``."""
    state = np.zeros(1, _STATE)
    state["last_kind"] = last_kind
    row, first = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
    return Group(state, row, first, np.empty(0), np.empty(0))


def with_capacity(group: Group, rows: int) -> Group:
    """Return the group with capacity for ``rows`` more asks."""
    held = int(group.state["asks"][0])
    if held + rows <= len(group.ask_price):
        return group
    columns = []
    for column in (group.ask_price, group.ask_size):
        grown = np.empty(2 * (held + rows))
        grown[:held] = column[:held]
        columns.append(grown)
    return group._replace(ask_price=columns[0], ask_size=columns[1])


@inlined_kernel
def _continues(group, rules):
    """Test whether the last row belongs to the open message."""
    agrees = group.state[0].bids + group.state[0].asks > 0
    for slot in rules.group_by:
        agrees = agrees and group.row[slot] == group.first[slot]
    return agrees


@kernel
def close_group(batch, group, rules):
    """Append the open message, if any, to the batch: its asks after its bids, already there."""
    state, columns, first = group.state[0], batch.columns, group.first
    if state.bids + state.asks == 0:
        return
    middle = batch.state[0].levels + state.bids
    for i in range(state.asks):
        columns.price[middle + i] = group.ask_price[i]
        columns.size[middle + i] = group.ask_size[i]
    kind = first[KIND]
    header = Header(
        first[TIME] // rules.units_per_ms,
        first[LAST_ID],
        first[PREVIOUS_ID] + 1 if rules.has_previous_id else first[rules.first_id],
        rules.has_id,
        kind == SNAPSHOT and not (rules.in_runs and state.last_kind == SNAPSHOT),
    )
    admit_message(batch, header, state.bids, middle + state.asks)
    state.bids = state.asks = 0
    state.last_kind = kind


@inlined_kernel
def take_row(batch, group, rules, price, size):
    """Add the level of ``group.row`` to the open message, or open another one.

    Returns:
        False if its message belongs to a later window; then the row stays unread.
    """
    state, columns, row = group.state[0], batch.columns, group.row
    if not _continues(group, rules):
        close_group(batch, group, rules)
        if belongs_later(batch, row[TIME] // rules.units_per_ms):
            return False
        for slot in range(SLOTS):
            group.first[slot] = row[slot]
    if row[SIDE] == BID:
        level = batch.state[0].levels + state.bids
        columns.price[level], columns.size[level] = price, size
        state.bids += 1
    else:
        group.ask_price[state.asks], group.ask_size[state.asks] = price, size
        state.asks += 1
    return True
