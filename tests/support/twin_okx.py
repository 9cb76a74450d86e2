"""The slow, obvious twin of OKX's reader: contract §1.3, one line at a time."""

from __future__ import annotations

import json
import re

from tests.support.twin_messages import (
    Levels,
    Message,
    is_int64,
    read_integer,
    read_levels,
    refuse_constant,
)

ACTIONS = ("snapshot", "update")


def read_okx_message(line: bytes) -> Message | None:
    """Return the line as a message, or None if it is not one."""
    try:
        root = json.loads(
            line.decode("utf-8"), parse_constant=refuse_constant, parse_int=read_integer
        )
    except ValueError:  # not UTF-8, or not JSON
        return None
    if not isinstance(root, dict) or not isinstance(root.get("instId"), str):
        return None
    bids, asks = read_triples(root.get("bids")), read_triples(root.get("asks"))
    ts = root.get("ts")
    if root.get("action") not in ACTIONS or bids is None or asks is None:
        return None
    if not isinstance(ts, str) or not re.fullmatch("[0-9]{1,20}", ts) or not is_int64(int(ts)):
        return None
    return Message(
        is_snapshot=root["action"] == "snapshot",
        ts=int(ts),
        bids=bids,
        asks=asks,
        update_id=None,
        previous_id=None,
        symbol=root["instId"],
        topic=None,
    )


def read_triples(levels: object) -> Levels | None:
    """Return `[(price, size), ...]` of levels that hold a third value after these two."""
    if not isinstance(levels, list):
        return None
    if not all(isinstance(level, list) and len(level) == 3 for level in levels):
        return None
    return read_levels([level[:2] for level in levels])
