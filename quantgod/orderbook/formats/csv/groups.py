"""Rows into messages: adjacent rows of one key are one message, handed on when it ends.

A message spans rows and chunks of text, but never two windows: its first row decides whether it
belongs to the window, and stays unread if not. So between two windows no message is open.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantgod.orderbook.arrays.kernel import inlined_kernel, kernel
from quantgod.orderbook.formats.csv.columns import (
    BID,
    FIRST_ID,
    KIND,
    LAST_ID,
    PREVIOUS_ID,
    SIDE,
    SLOTS,
    SNAPSHOT,
    TIME,
)
from quantgod.orderbook.messages import N_LEVELS, Float64Array, admit_message, belongs_later

# Slots of the open message's counters.
BIDS, ASKS, LAST_KIND = range(3)


class Group(NamedTuple):
    """The message whose rows are being read; without a level there is none."""

    counters: NDArray[np.int64]  # its bids and asks so far; the kind of the message before it
    row: NDArray[np.int64]  # (SLOTS,) values of the row just read
    first: NDArray[np.int64]  # (SLOTS,) of the message's first row
    ask_price: Float64Array  # its asks, until its bids are all there
    ask_size: Float64Array


def open_group(last_kind: int) -> Group:
    """No message, behind one of a kind."""
    row, first = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
    return Group(np.array([0, 0, last_kind]), row, first, np.empty(0), np.empty(0))


def with_room(group: Group, rows: int) -> Group:
    """The same with room for so many more asks."""
    held = int(group.counters[ASKS])
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
    """Whether the row just read belongs to the open message."""
    agrees = group.counters[BIDS] + group.counters[ASKS] > 0
    for slot in rules.key:
        agrees = agrees and group.row[slot] == group.first[slot]
    return agrees


@kernel
def close_group(
    state, times, update_ids, first_ids, has_ids, snapshots, bid_counts, starts,
    price, size, group, rules,
):  # fmt: skip
    """Hand the open message to the window, if there is one: its bids lie there, its asks follow."""
    bids, asks = group.counters[BIDS], group.counters[ASKS]
    if bids + asks == 0:
        return
    middle = state[N_LEVELS] + bids
    for i in range(asks):
        price[middle + i] = group.ask_price[i]
        size[middle + i] = group.ask_size[i]
    first, kind = group.first, group.first[KIND]
    is_snapshot = kind == SNAPSHOT and not (rules.in_runs and group.counters[LAST_KIND] == SNAPSHOT)
    first_id = first[PREVIOUS_ID] + 1 if rules.has_previous_id else first[FIRST_ID]
    admit_message(
        state, times, update_ids, first_ids, has_ids, snapshots, bid_counts, starts,
        first[TIME] // rules.units_per_ms, first[LAST_ID], first_id, rules.has_id,
        is_snapshot, bids, middle + asks,
    )  # fmt: skip
    group.counters[BIDS] = group.counters[ASKS] = 0
    group.counters[LAST_KIND] = kind


@inlined_kernel
def take_row(
    state, times, update_ids, first_ids, has_ids, snapshots, bid_counts, starts,
    price, size, group, rules, row_price, row_size,
):  # fmt: skip
    """Take the level of ``group.row`` into the open message, or begin another one with it.

    Returns False, and leaves the row unread, if its message belongs to a later window.
    """
    if not _continues(group, rules):
        close_group(
            state, times, update_ids, first_ids, has_ids, snapshots, bid_counts, starts,
            price, size, group, rules,
        )  # fmt: skip
        if belongs_later(state, group.row[TIME] // rules.units_per_ms):
            return False
        for slot in range(SLOTS):
            group.first[slot] = group.row[slot]
    if group.row[SIDE] == BID:
        level = state[N_LEVELS] + group.counters[BIDS]
        price[level], size[level] = row_price, row_size
        group.counters[BIDS] += 1
    else:
        level = group.counters[ASKS]
        group.ask_price[level], group.ask_size[level] = row_price, row_size
        group.counters[ASKS] += 1
    return True
