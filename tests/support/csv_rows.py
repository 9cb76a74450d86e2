"""Hand-made CSV rows a few milliseconds after the start of the day, and texts of them."""

from __future__ import annotations

from quantgod.orderbook.formats import binance, tardis
from quantgod.orderbook.formats.dialect import Dialect
from quantgod.orderbook.messages import Cursor, Parsed
from tests.support.core import MemoryText
from tests.support.parsed import WINDOW
from tests.support.stream_plans import D0

TARDIS_HEADER = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
SPOT_HEADER = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty"
FUTURES_HEADER = f"{SPOT_HEADER},pu"


def tardis_row(
    ms: float, side: str = "bid", price: str = "99", size: str = "1", *,
    snapshot: bool = False, local: float | None = None, names: str = "deribit,BTC-PERPETUAL",
) -> str:  # fmt: skip
    """Return a row of Tardis; by default it arrives at the time of its making."""
    time, arrival = (round(1000 * (D0 + t)) for t in (ms, ms if local is None else local))
    return f"{names},{time},{arrival},{str(snapshot).lower()},{side},{price},{size}"


def binance_row(
    ms: int, last: int, side: str = "b", price: str = "99", size: str = "1", *,
    kind: str = "set", first: int | None = None, pu: int | str | None = None,
    symbol: str = "BTCUSDT",
) -> str:  # fmt: skip
    """Return a row of Binance, with ``pu`` if given."""
    row = (
        f"{symbol},{D0 + ms},{last if first is None else first},{last},{side},{kind},{price},{size}"
    )
    return row if pu is None else f"{row},{pu}"


def text_of(header: str, *rows: str, end: str = "\n") -> bytes:
    """Join header and rows into a text."""
    return "".join(f"{line}{end}" for line in (header, *rows)).encode()


DIALECTS: dict[str, Dialect] = {
    TARDIS_HEADER: tardis.DIALECT,
    SPOT_HEADER: binance.SPOT,
    FUTURES_HEADER: binance.FUTURES,
}


def parse(header: str, *rows: str, end: str = "\n", cursor: Cursor | None = None) -> Parsed:
    """Read a day's rows."""
    text = MemoryText(text_of(header, *rows, end=end))
    return DIALECTS[header.strip()].parse_window(text, cursor or Cursor(), WINDOW)
