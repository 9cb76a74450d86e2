"""The header of a CSV member: whose it is, and what is wrong with one that no dialect knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from quantgod.orderbook.formats.csv.columns import Layout
from quantgod.orderbook.formats.csv.row import split_row

WHITE_SPACE = b" \t\r\n"

_MOST_SHOWN = 300  # characters


def claim_header(layout: Layout, head: bytes) -> int | None:
    """Offset of the header, if it is the dialect's: the first line that is not blank."""
    line = head.lstrip(WHITE_SPACE)
    is_own = split_row(line.partition(b"\n")[0]) == layout.columns
    return len(head) - len(line) if is_own else None


def explain_header(head: bytes, known: Mapping[str, str]) -> str:
    """Why the first line of a text is no header of a dialect.

    Args:
        head: the first lines of the text.
        known: headers by the names of their dialects.
    """
    line = head.lstrip(WHITE_SPACE).partition(b"\n")[0].rstrip(b"\r")
    if not line:
        return "expected a CSV header, found no text"
    shown = repr(line.decode("utf-8", "backslashreplace")[:_MOST_SHOWN])
    found = Counter(split_row(line) or [])
    name = min(known, key=lambda name: len(_differences(found, known[name])))
    columns = known[name].split(",")
    if len(_differences(found, known[name])) > len(columns) // 2:
        return f"unknown CSV header {shown}"
    if found == Counter(columns):
        return f"the CSV header {shown} has the columns of {name} in another order"
    lacking, more = Counter(columns) - found, found - Counter(columns)
    told = [f"lacks {_listed(lacking)}"] if lacking else []
    told += [f"has {_listed(more)} besides"] if more else []
    return f"the CSV header {shown}, taken for one of {name}, {' and '.join(told)}"


def _differences(found: Counter[str], header: str) -> list[str]:
    """Columns that only one of the two has."""
    columns = Counter(header.split(","))
    return [*(found - columns).elements(), *(columns - found).elements()]


def _listed(columns: Counter[str]) -> str:
    return ", ".join(repr(column) for column in columns.elements())
