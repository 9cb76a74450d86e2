"""OKX lines as text: good ones, and a catalogue of broken ones."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.support.bybit_lines import BAD_DECIMALS, BAD_PRICES, EDITS, Level, Line
from tests.support.stream_plans import D0

SYMBOL = "BTC-USDT"
ACTIONS = {"snapshot": "snapshot", "delta": "update"}
OKX_LINE = Line("delta", D0, (("64325.1", "0.5"), ("64325", "0")), (("64326.7", "1.87"),), None)


def render_okx(line: Line, symbol: str = SYMBOL, **instead: object) -> bytes:
    """Write one line, without its end; keyword arguments replace its fields."""
    fields: dict[str, object] = {
        "instId": symbol,
        "action": ACTIONS[line.kind],
        "ts": str(line.ts),
        "asks": levels(line.asks),
        "bids": levels(line.bids),
    }
    found = {key: value for key, value in (fields | instead).items() if value is not ...}
    return json.dumps(found, separators=(",", ":")).encode()


def levels(side: tuple[Level, ...]) -> list[list[str]]:
    """Return price, size and number of orders of each level."""
    return [[price, size, "3"] for price, size in side]


def list_breaks() -> dict[str, bytes]:
    """Return every way to break the good line, by name."""
    bad: dict[str, tuple[object, ...]] = {
        "instId": (..., None, 5, ["BTC-USDT"]),
        "action": (..., None, "delta", "Snapshot", "", 1, ["update"]),
        "ts": (..., None, D0, "", "-1", "+1", "1.0", "1e3", " 1", "9" * 19, "9" * 40, "\u0661"),
        "bids": (..., None, {}, "x", [["1", "2"]], [["1"]], [[]], ["abc"], [[1, 2, 3]]),
    }
    bad["asks"] = bad["bids"]
    breaks = {
        f"{key} {value!r}": render_okx(OKX_LINE, **{key: value})
        for key, values in bad.items()
        for value in values
    }
    for name, text in BAD_PRICES.items():
        breaks[f"price {name}"] = render_okx(OKX_LINE, asks=[["1", "1", "1"], [text, "1", "1"]])
    for name, text in BAD_DECIMALS.items():
        breaks[f"size {name}"] = render_okx(OKX_LINE, bids=[["1", "1", "1"], ["2", text, "1"]])
    edits: dict[str, Callable[[bytes], bytes]] = EDITS
    return breaks | {name: edit(render_okx(OKX_LINE)) for name, edit in edits.items()}
