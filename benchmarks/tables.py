"""Tables of results as text, the same on the console and in README.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.measure import Results
from benchmarks.meter import Facts

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A title, column names and rows; the first columns hold names, the others figures."""

    title: str
    columns: Row
    rows: Sequence[Row]
    names: int = 2

    def to_markdown(self) -> str:
        """Return the table as Markdown."""
        marks = ["---" if i < self.names else "---:" for i in range(len(self.columns))]
        lines = [" | ".join(row) for row in (self.columns, marks, *self.rows)]
        return "\n".join([f"### {self.title}", "", *(f"| {line} |" for line in lines)])


def make_tables(results: Results) -> list[Table]:
    """Return the tables that the results have rows for."""
    figures = results["figures"]
    tables = [
        Table("The archives", ("archive", "text MB", "ZIP MB"), _archives(figures), names=1),
        Table(
            "One archive, in one process",
            ("archive", "contender", "seconds", "CPU seconds", "text MB/s", "peak MB", "rounds"),
            [_work(each) for each in _of(figures, "inflate", "core", "plain")],
        ),
        _stages(figures),
        Table(
            "Text → columns",
            ("archive", "contender", "seconds", "CPU seconds", "text MB/CPU s", "peak MB"),
            [_parsing(each) for each in _of(figures, "parsers")],
        ),
        Table(
            "One market in every dialect",
            ("archive", "contender", "seconds", "CPU seconds", "text MB/s", "peak MB", "rounds"),
            [_work(each) for each in _of(figures, "dialects")],
        ),
        _flow(figures),
        Table(
            "Ratios, each within a round",
            ("ratio", "median", "least – greatest", "rounds"),
            [_ratio(each) for each in results["ratios"]],
            names=1,
        ),
    ]
    return [table for table in tables if table.rows]


def describe_setup(results: Results) -> list[str]:
    """Return lines for the date, the machine and the versions of the measurement."""
    machine, versions = results["machine"], results["versions"]
    size = f"{machine['cores']} cores, {machine['memory_gib']} GiB"
    lines = [
        f"Measured on {results['date'][:10]}: {machine['cpu']}, {size}.",
        f"With {', '.join(f'{name} {number}' for name, number in versions.items())}.",
    ]
    quick = "Quick mode: streams of seconds, to see that all works. The figures mean nothing."
    return [quick, *lines] if results["quick"] else lines


def _of(figures: Sequence[Facts], *parts: str) -> Iterator[Facts]:
    """Yield the figures of some parts, grouped by archive."""
    found = [each for each in figures if each["part"] in parts]
    for archive in dict.fromkeys(each["archive"] for each in found):
        yield from (each for each in found if each["archive"] == archive)


def _archives(figures: Sequence[Facts]) -> list[Row]:
    whole = {
        each["archive"]: each
        for each in _of(figures, "inflate", "core", "plain", "dialects", "flow")
    }
    return [
        (name, _megabytes(each["text_bytes"]), _megabytes(each["archive_bytes"]))
        for name, each in whole.items()
    ]


def _work(each: Facts) -> Row:
    speed = _megabytes(each["text_bytes"] / each["wall"]["median"])
    peak = _megabytes(each["memory"]["median"])
    names = (each["archive"], each["contender"])
    return (*names, _spread(each["wall"]), _spread(each["cpu"]), speed, peak, str(each["rounds"]))


def _parsing(each: Facts) -> Row:
    speed = _megabytes(each["text_bytes"] / each["cpu"]["median"])
    peak = _megabytes(each["memory"]["median"])
    names = (each["archive"], each["contender"])
    return (*names, _spread(each["wall"]), _spread(each["cpu"]), speed, peak)


def _stages(figures: Sequence[Facts]) -> Table:
    """Return where the core's time goes, and the time of the flow's next steps with the bars."""
    core = [each for each in _of(figures, "core") if "stages" in each]
    stages = [{**each["stages"], **each["stages_after"]} for each in core]
    names = tuple(dict.fromkeys(name for each in stages for name in each))
    rows = [
        (each["archive"], each["contender"], *(_seconds(seconds[name]) for name in names))
        for each, seconds in zip(core, stages, strict=True)
    ]
    return Table("Seconds by stage", ("archive", "contender", *names), rows)


def _flow(figures: Sequence[Facts]) -> Table:
    flows = list(_of(figures, "flow"))
    roles = tuple(dict.fromkeys(role for each in flows for role in each["memory_by_role"]))
    rows = [
        (
            each["archive"], each["contender"], _spread(each["wall"]), _spread(each["cpu"]),
            _spread(each["run_seconds"]), _spread(each["archive_seconds"]),
            *(_megabytes(each["memory_by_role"].get(role, 0)) for role in roles),
        )
        for each in flows
    ]  # fmt: skip
    times = ("seconds", "CPU seconds", "of it the flow run", "bars of an archive, seconds")
    peaks = (f"{role}: peak MB" for role in roles)
    return Table("The whole flow", ("archives", "contender", *times, *peaks), rows)


def _ratio(each: Facts) -> Row:
    spread = f"{each['min']:.3g} – {each['max']:.3g}"
    return each["name"], f"{each['median']:.3g}", spread, str(each["rounds"])


def _spread(found: Facts) -> str:
    middle, least, most = (_seconds(found[name]) for name in ("median", "min", "max"))
    return f"{middle} ({least} – {most})"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 10 else f"{seconds:.1f}"


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.0f}"
