"""Dialects of order-book text. To add one: a module with a ``Dialect``, and its name below."""

from __future__ import annotations

from orderbook.errors import UnknownDialectError
from orderbook.formats import bybit
from orderbook.formats.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = (bybit.DIALECT,)


def find_dialect(archive: str, member: str) -> Dialect:
    """The dialect of a member by its name.

    Raises:
        UnknownDialectError: no dialect reads it; names the dialects known.
    """
    for dialect in DIALECTS:
        if member.lower().endswith(dialect.suffixes):
            return dialect
    known = "; ".join(f"{d.name} ({' '.join(d.suffixes)})" for d in DIALECTS)
    raise UnknownDialectError(
        f"no reader for this member; dialects known: {known}", archive, member
    )
