"""Generate the tables of the docs from the code: ``python -m docs.generate [--check]``.

A page marks each generated block by its name; edit the source of the block, not the page:

    <!-- generated: columns -->
    …
    <!-- end -->

``--check`` writes nothing and exits with 1 if a page is out of date.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import get_args, get_type_hints

from quantgod import errors
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.formats import DIALECTS
from quantgod.orderbook.schema import COLUMNS, FEATURES, LEVEL_COLUMNS, Column, Kind
from quantgod.settings.descriptions import describe_settings
from quantgod.settings.values import PROJECT_ROOT

MARK = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
ARROW_NAMES = {"double": "float64", "timestamp[ms, tz=UTC]": "timestamp[ms, UTC]"}
KINDS: dict[Kind, str] = {
    "time": "when the bar opens, and when the row becomes known; join on the latter",
    "price": "size-weighted mid-price of the bar's samples",
    "volume": "messages applied during the bar; order-book data has no trades",
    "feature": "the feature columns",
    "quality": "how well the bar was observed",
    "book": "the book at the end of the bar: price and size, level 0 is the best",
}


def main(argv: Sequence[str]) -> int:
    """Write the pages that are out of date, or with ``--check`` only name them."""
    is_check = "--check" in argv
    stale = {path: text for path in pages() if (text := render(path.read_text())) is not None}
    for path, text in stale.items():
        if not is_check:
            path.write_text(text)
        status = "out of date: run `make docs`" if is_check else "updated"
        print(f"{path.relative_to(PROJECT_ROOT)}: {status}")
    return 1 if is_check and stale else 0


def pages() -> list[Path]:
    """All pages of the project."""
    folders = (PROJECT_ROOT, PROJECT_ROOT / "docs", PROJECT_ROOT / "configs")
    return [path for folder in folders for path in sorted(folder.glob("*.md"))]


def render(text: str) -> str | None:
    """A page with its blocks generated again; None if that changes nothing."""
    new = MARK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n\n{found[3]}", text)
    return None if new == text else new


def columns() -> str:
    """Every column with type, unit and definition."""
    rows = [
        (f"`{each.name}`", _type(each), each.unit, each.definition)
        for each in (*COLUMNS, *LEVEL_COLUMNS)
    ]
    return _table(("column", "type", "unit", "definition"), rows)


def column_kinds() -> str:
    """The columns in short: a row for each run of columns of one kind."""
    levels = (each._replace(name=each.name.replace("_i_", "_0_")) for each in LEVEL_COLUMNS)
    rows = []
    for kind, run in groupby((*COLUMNS, *levels), key=lambda each: each.kind):
        names = _listed([each.name for each in run])
        rows.append((f"{names}, …" if kind == "book" else names, KINDS[kind]))
    return _table(("columns", "content"), rows)


def features() -> str:
    """A sentence that names the feature columns."""
    return _filled(f"The **feature columns** are {_listed(FEATURES)}.")


def bars_lack() -> str:
    """A sentence that names the columns which phase-1 bars do not hold."""
    names = [each.name for each in COLUMNS if each.is_derived]
    return _filled(f"Bars lack {_listed(names)}, which phase 2 derives from them.")


def counts() -> str:
    """Every count of a stream, from the annotations of ``Counts``."""
    hints = get_type_hints(Counts, include_extras=True)
    return _table(
        ("count", "meaning"), [(f"`{name}`", get_args(hint)[1]) for name, hint in hints.items()]
    )


def settings() -> str:
    """Every key of the settings."""
    rows = [
        (
            f"`{each.key}`", each.meaning, each.expected,
            f"`{each.default}`", f"`{each.variable}`", f"`{each.option}`",
        )
        for each in describe_settings()
    ]  # fmt: skip
    header = ("key", "meaning", "unit, allowed values", "default", "environment", "command line")
    return _table(header, rows)


def dialects() -> str:
    """Every input format, with the suffixes of its members."""
    return "\n".join(f"- {each.name} ({_listed(each.suffixes)})" for each in DIALECTS)


def error_classes() -> str:
    """Every error, from its docstring: the summary, and ``Raised for: …``."""
    rows = []
    for error in _subclasses(errors.L2Error):
        summary, _, rest = inspect.cleandoc(error.__doc__ or "").partition("\n\n")
        raised_for = re.match(r"Raised for: (.*?)\.(?:\n\n|\Z)", rest, re.DOTALL)
        if raised_for is None:
            raise ValueError(f"the docstring of {error.__name__} lacks `Raised for: … .`")
        rows.append((f"`{error.__name__}`", summary.rstrip("."), " ".join(raised_for[1].split())))
    return _table(("class", "meaning", "raised for"), rows)


def error_tree() -> str:
    """Every error below its parent, as a drawing."""
    root = errors.L2Error
    return "\n".join(["```text", root.__name__, *_branches(root), "```"])


BLOCKS: dict[str, Callable[[], str]] = {
    "columns": columns,
    "column-kinds": column_kinds,
    "features": features,
    "bars-lack": bars_lack,
    "counts": counts,
    "settings": settings,
    "dialects": dialects,
    "errors": error_classes,
    "error-tree": error_tree,
}


def _children(error: type[errors.L2Error]) -> list[type[errors.L2Error]]:
    return [each for each in error.__subclasses__() if each.__module__ == errors.__name__]


def _subclasses(error: type[errors.L2Error]) -> Iterator[type[errors.L2Error]]:
    for child in _children(error):
        yield child
        yield from _subclasses(child)


def _branches(error: type[errors.L2Error], indent: str = "") -> Iterator[str]:
    children = _children(error)
    for child in children:
        is_last = child is children[-1]
        yield f"{indent}{'└── ' if is_last else '├── '}{child.__name__}"
        yield from _branches(child, indent + ("    " if is_last else "│   "))


def _type(column: Column) -> str:
    return ARROW_NAMES.get(str(column.type), str(column.type))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _filled(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
