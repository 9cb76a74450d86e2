"""The same messages in other vendors' dialects: a Bybit text, rewritten line by line.

A message without a level has no row in CSV. Where a dialect has update ids, they stay as they
are; where it has an arrival time, that is 3 ms after publication.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from quantgod.orderbook.formats import binance, bybit, okx, tardis

_DELAY_US = 3000

Write = Callable[[dict[str, Any]], str]


def _rows(message: dict[str, Any], head: str, sides: tuple[str, str], tail: str = "") -> str:
    """Return one row per level, bids first: head, side, price and size, tail."""
    data = message["data"]
    return "".join(
        f"{head}{side}{price},{size}{tail}\n"
        for side, levels in zip(sides, (data["b"], data["a"]), strict=True)
        for price, size in levels
    )


def _tardis(message: dict[str, Any]) -> str:
    time, is_snapshot = 1000 * message["ts"], message["type"] == "snapshot"
    flag = "true" if is_snapshot else "false"
    head = f"bybit,{message['data']['s']},{time},{time + _DELAY_US},{flag},"
    return _rows(message, head, ("bid,", "ask,"))


def _binance(message: dict[str, Any]) -> str:
    return _rows(message, *_binance_parts(message))


def _binance_with_pu(message: dict[str, Any]) -> str:
    previous = -1 if message["type"] == "snapshot" else message["data"]["u"] - 1
    return _rows(message, *_binance_parts(message), f",{previous}")


def _binance_parts(message: dict[str, Any]) -> tuple[str, tuple[str, str]]:
    data, kind = message["data"], "snap" if message["type"] == "snapshot" else "set"
    head = f"{data['s']},{message['ts']},{data['u']},{data['u']},"
    return head, (f"b,{kind},", f"a,{kind},")


def _okx(message: dict[str, Any]) -> str:
    data, is_snapshot = message["data"], message["type"] == "snapshot"
    fields = {
        "instId": data["s"],
        "action": "snapshot" if is_snapshot else "update",
        "ts": str(message["ts"]),
        "asks": [[*level, "1"] for level in data["a"]],
        "bids": [[*level, "1"] for level in data["b"]],
    }
    return json.dumps(fields, separators=(",", ":")) + "\n"


WRITERS: dict[str, tuple[str, Write]] = {  # dialect's name → header and messages
    tardis.DIALECT.name: (f"{tardis.DIALECT.header}\n", _tardis),
    binance.SPOT.name: (f"{binance.SPOT.header}\n", _binance),
    binance.FUTURES.name: (f"{binance.FUTURES.header}\n", _binance_with_pu),
    okx.DIALECT.name: ("", _okx),
}


def rewrite(chunks: Iterable[bytes], dialect: str) -> Iterator[bytes]:
    """Rewrite a Bybit text, in chunks of whole lines, in another dialect, or leave it as it is."""
    if dialect == bybit.DIALECT.name:
        yield from chunks
        return
    header, write = WRITERS[dialect]
    yield header.encode()
    for chunk in chunks:
        yield "".join(write(json.loads(line)) for line in chunk.splitlines()).encode()
