"""What a run tells at its end: one result an archive, and the run as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from orderbook.checks import Coverage, Finding

Status = Literal["made", "unchanged", "quarantined", "failed", "waiting"]

_GOOD: tuple[Status, ...] = ("made", "unchanged")


@dataclass(frozen=True)
class ArchiveResult:
    """How one stream (an archive, where it holds one) ended."""

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
        """Whether a valid file lies under the final name."""
        return self.status in _GOOD

    @property
    def warnings(self) -> list[Finding]:
        """Findings that a person should look at."""
        return [finding for finding in self.findings if finding.severity in ("warning", "error")]


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
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def failures(self) -> list[ArchiveResult]:
        """Results without a valid file."""
        return [result for result in self.results if not result.is_good]

    def failure_message(self) -> str:
        """Every failed archive and why."""
        lines = [f"{len(self.failures)} of {len(self.results)} archives failed"]
        lines += [f"  {result.name}: {result.status}: {result.reason}" for result in self.failures]
        return "\n".join(lines)

    def to_markdown(self) -> str:
        """The run's summary as Prefect shows it."""
        made = sum(result.status == "made" for result in self.results)
        unchanged = sum(result.status == "unchanged" for result in self.results)
        warned = sum(bool(result.warnings) for result in self.results if result.is_good)
        synthetic = sum(result.is_synthetic for result in self.results)
        rows = [
            ("archives", len(self.results)),
            ("made", made),
            ("unchanged", unchanged),
            ("with warnings", warned),
            ("failed", len(self.failures)),
            ("synthetic (generated, no market data)", synthetic),
            ("bars", sum(result.bars for result in self.results)),
            ("text read", f"{self.text_bytes / 1e6:,.1f} MB"),
            ("seconds", f"{self.seconds:.1f}"),
            ("source", f"`{self.source}`"),
            ("output", f"`{self.output}`"),
            ("scaler", self.scaler),
            ("missing days", ", ".join(self.missing_days) or "none"),
        ]
        table = "\n".join(f"| {name} | {value} |" for name, value in rows)
        parts = [f"# L2 run\n\n| | |\n| --- | --- |\n{table}"]
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        if self.failures:
            parts.append(f"## Failed\n\n```\n{self.failure_message()}\n```")
        return "\n\n".join(parts)

    def to_rows(self) -> list[dict[str, str | int]]:
        """Validation results, one row an archive, as Prefect shows a table."""
        return [
            {
                "archive": result.name,
                "status": result.status,
                "bars": result.bars,
                "rows": result.rows,
                "coverage": f"{result.coverage.share:.2%}" if result.coverage else "",
                "warnings": "; ".join(f"{f.check}: {f.figures}" for f in result.warnings),
                "reason": result.reason,
                "seconds": f"{result.seconds:.1f}",
            }
            for result in self.results
        ]
