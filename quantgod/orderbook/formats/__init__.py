"""Dialects of order-book text. To add one, write a module with a ``Dialect`` and list it below."""

from __future__ import annotations

from quantgod.errors import UnknownDialectError
from quantgod.orderbook.formats import binance, bybit, okx, tardis
from quantgod.orderbook.formats.csv.header import explain_header
from quantgod.orderbook.formats.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = (
    bybit.DIALECT,
    okx.DIALECT,
    tardis.DIALECT,
    binance.SPOT,
    binance.FUTURES,
)
_BY_NAME = {dialect.name: dialect for dialect in DIALECTS}


def dialect_named(name: str) -> Dialect:
    """Return the dialect of a name."""
    return _BY_NAME[name]


def choose_dialect(archive: str, member: str, head: bytes) -> Dialect:
    """Choose, of the dialects with the member's suffix, the one that claims the earliest line.

    Args:
        head: first lines of the member's text.

    Raises:
        UnknownDialectError: none claims a line; the message lists the known dialects.
    """
    named = [dialect for dialect in DIALECTS if member.lower().endswith(dialect.suffixes)]
    offsets = {dialect.name: dialect.claim(head) for dialect in named}
    claims = [(offset, name) for name, offset in offsets.items() if offset is not None]
    if claims:
        return _BY_NAME[min(claims)[1]]
    headers = {dialect.name: dialect.header for dialect in named}
    reason = explain_header(head, headers) if headers else "no reader for this member"
    known = "; ".join(map(_described, DIALECTS))
    raise UnknownDialectError(f"{reason}; dialects known: {known}", archive, member)


def _described(dialect: Dialect) -> str:
    header = f" with the header {dialect.header}" if dialect.header else ""
    return f"{dialect.name} ({' '.join(dialect.suffixes)}{header})"
