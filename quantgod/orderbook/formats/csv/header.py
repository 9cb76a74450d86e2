"""Match the header of a CSV member to a dialect, or explain why none matches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from quantgod.orderbook.formats.csv.columns import RowFormat
from quantgod.orderbook.formats.csv.row import split_row

WHITE_SPACE = b" \t\r\n"

_MOST_SHOWN = 300  # characters


def claim_header(row_format: RowFormat, head: bytes) -> int | None:
    """Return the offset of the first line that is not blank if it is the dialect's header."""
    line = head.lstrip(WHITE_SPACE)
    is_own = split_row(line.partition(b"\n")[0]) == row_format.columns
    return len(head) - len(line) if is_own else None


def explain_header(head: bytes, known: Mapping[str, str]) -> str:
    """Explain why a text's first line is no header of the ``known`` ones, by dialect name."""
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
    missing, extra = Counter(columns) - found, found - Counter(columns)
    reasons = [f"lacks {_listed(missing)}"] if missing else []
    reasons += [f"has the extra {_listed(extra)}"] if extra else []
    return f"the CSV header {shown}, closest to {name}, {' and '.join(reasons)}"


def _differences(found: Counter[str], header: str) -> list[str]:
    """Return the columns that only one of the two has."""
    columns = Counter(header.split(","))
    return [*(found - columns).elements(), *(columns - found).elements()]


def _listed(columns: Counter[str]) -> str:
    return ", ".join(repr(column) for column in columns.elements())
