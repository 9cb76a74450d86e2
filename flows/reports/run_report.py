"""The report of a run: one result per archive, and the run as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from quantgod.orderbook.checks import Coverage, Finding

Status = Literal["made", "unchanged", "quarantined", "failed", "waiting"]

_GOOD: tuple[Status, ...] = ("made", "unchanged")


@dataclass(frozen=True)
class ArchiveResult:
    """The result of one stream, or of an archive whose streams are unknown."""

    name: str
    status: Status
    reason: str = ""
    bars: int = 0
    rows: int = 0
    coverage: Coverage | None = None
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    is_synthetic: bool = False

    @property
    def is_good(self) -> bool:
        """Whether a valid final file exists."""
        return self.status in _GOOD

    @property
    def warnings(self) -> list[Finding]:
        """Findings of severity warning or error."""
        return [finding for finding in self.findings if finding.severity in ("warning", "error")]

    @property
    def found(self) -> str:
        """Reason for the failure, or the warnings."""
        warnings = [f"{finding.check}: {finding.figures}" for finding in self.warnings]
        return "; ".join([self.reason] if self.reason else warnings)


@dataclass(frozen=True)
class RunReport:
    """A whole run."""

    results: Sequence[ArchiveResult]
    source: str
    output: str
    scaler: str
    missing_days: Sequence[str]
    seconds: float
    text_bytes: int
    notes: Sequence[str] = ()

    @property
    def failures(self) -> list[ArchiveResult]:
        """Results without a valid file."""
        return [result for result in self.results if not result.is_good]

    @property
    def warned(self) -> int:
        """Count the valid files with warnings."""
        return sum(bool(result.warnings) for result in self.results if result.is_good)

    def count(self, status: Status) -> int:
        """Count the results with a status."""
        return sum(result.status == status for result in self.results)

    def headline(self) -> str:
        """Summarize the run in one line."""
        total, failed = len(self.results), len(self.failures)
        made, unchanged = self.count("made"), self.count("unchanged")
        return (
            f"{total - failed} of {total} archives done, {failed} failed, {self.warned} with "
            f"warnings; {made} made, {unchanged} unchanged"
        )

    def failure_message(self) -> str:
        """List every failed archive with its reason."""
        lines = [f"{len(self.failures)} of {len(self.results)} archives failed"]
        lines += [f"  {result.name}: {result.status}: {result.reason}" for result in self.failures]
        return "\n".join(lines)

    def to_markdown(self) -> str:
        """Write the summary for Prefect: failures first, since a long table would hide them."""
        failed = [f"`{r.name}` {r.status}: {_text(r.reason)}" for r in self.failures]
        parts = [
            _section("Failed", failed),
            _section("Notes", [_text(note) for note in self.notes]),
            f"## Figures\n\n{self._figures()}",
            _section("Missing days", self.missing_days),
        ]
        return "\n\n".join(part for part in parts if part)

    def _figures(self) -> str:
        rows: list[tuple[str, object]] = [
            ("archives", len(self.results)),
            ("made", self.count("made")),
            ("unchanged", self.count("unchanged")),
            ("failed", len(self.failures)),
            ("with warnings", self.warned),
            ("missing days", len(self.missing_days)),
            ("synthetic (generated, no market data)", sum(r.is_synthetic for r in self.results)),
            ("bars", sum(result.bars for result in self.results)),
            ("text read", f"{self.text_bytes / 1e6:,.1f} MB"),
            ("seconds", f"{self.seconds:.1f}"),
            ("source", f"`{self.source}`"),
            ("output", f"`{self.output}`"),
            ("scaler", self.scaler),
        ]
        first, *others = (f"| {name} | {value} |" for name, value in rows)
        return "\n".join([first, "| --- | --- |", *others])

    def to_rows(self) -> list[dict[str, str | int]]:
        """Make a table of validation results, one row per archive: failures first, then warnings.

        Prefect's UI does not wrap lines, so the column with long text comes last.
        """
        return [
            {
                "archive": result.name,
                "status": result.status,
                "coverage": f"{result.coverage.share:.2%}" if result.coverage else "",
                "bars": result.bars,
                "rows": result.rows,
                "seconds": f"{result.seconds:.1f}",
                "found": result.found,
            }
            for result in sorted(self.results, key=_urgency)
        ]


def _urgency(result: ArchiveResult) -> int:
    """Sort key: failures, then warnings, then the rest."""
    if not result.is_good:
        return 0
    return 1 if result.warnings else 2


def _section(heading: str, items: Sequence[str]) -> str:
    """A heading with a list below it; an empty text if there are no items."""
    return "\n".join([f"## {heading}\n", *(f"- {item}" for item in items)]) if items else ""


def _text(text: str) -> str:
    """Put text on one line, and escape what Markdown would take for HTML."""
    return escape(" ".join(text.split()), quote=False)
