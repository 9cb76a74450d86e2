"""What a run publishes in the Prefect UI: its summary, results, every check, its progress."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.report import RunReport
from orderbook.checks import Finding
from storage.streams import Stream


def publish_report(report: RunReport) -> None:
    """The run as a whole, and its validation results, one row an archive."""
    create_markdown_artifact(key="run-summary", markdown=report.to_markdown(), description="L2 run")
    create_table_artifact(
        key="validation-results",
        table=report.to_rows(),
        description="Validation results, one row an archive",
    )


def publish_checks(stream: Stream, findings: Sequence[Finding]) -> None:
    """Every check of one stream with its figures."""
    slug = "".join(c if c.isalnum() and c.isascii() else "-" for c in str(stream).lower())
    create_table_artifact(
        table=[{"check": f.check, "result": f.severity, "figures": f.figures} for f in findings],
        key=f"checks-{slug}",
        description=f"Every check of {stream}",
    )


class ProgressArtifact:
    """Progress of one phase, in archives."""

    def __init__(self, phase: str, total: int) -> None:
        self._total, self._done = total, 0
        created = create_progress_artifact(0.0, f"progress-{phase}", f"{phase}: archives")
        self._id = UUID(str(created))

    def advance(self) -> None:
        """One more archive is through."""
        self._done += 1
        update_progress_artifact(self._id, progress=100.0 * self._done / self._total)
