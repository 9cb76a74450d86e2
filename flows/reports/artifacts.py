"""Artifacts in the Prefect UI: a run's summary, results, checks and progress."""

from collections.abc import Sequence
from uuid import UUID

from prefect import artifacts

from flows.reports.run_report import RunReport
from quantgod.orderbook.checks import Finding, Severity
from quantgod.storage.archives.streams import Stream

_WORST_FIRST: tuple[Severity, ...] = ("error", "warning", "info", "ok")


def publish_report(report: RunReport) -> None:
    """Publish the summary of a run, and its validation results, one row per archive."""
    artifacts.create_markdown_artifact(
        key="run-summary", markdown=report.to_markdown(), description=report.headline()
    )
    artifacts.create_table_artifact(
        key="validation-results",
        table=report.to_rows(),
        description="A row for each archive: failures first, then warnings",
    )


def publish_checks(stream: Stream, findings: Sequence[Finding]) -> None:
    """Publish every check of one stream with its figures, the worst first.

    The UI's list shows the key, which names the stream, and the beginning of the description.
    """
    slug = "".join(c if c.isalnum() and c.isascii() else "-" for c in str(stream).lower())
    ordered = sorted(findings, key=lambda finding: _WORST_FIRST.index(finding.severity))
    artifacts.create_table_artifact(
        key=f"checks-{slug}",
        table=[{"check": f.check, "result": f.severity, "figures": f.figures} for f in ordered],
        description=f"{_in_short(ordered)}. Every check of {stream}",
    )


def _in_short(findings: Sequence[Finding]) -> str:
    """List the checks that found something: ``Warning: gaps, stale book``."""
    found = {
        severity: [finding.check for finding in findings if finding.severity == severity]
        for severity in _WORST_FIRST[:2]
    }
    parts = [f"{kind}: {', '.join(names)}" for kind, names in found.items() if names]
    return "; ".join(parts).capitalize() or "No warnings"


class ProgressArtifact:
    """Shows the progress of one phase, in archives."""

    def __init__(self, phase: str, total: int) -> None:
        self._phase, self._total = phase, total
        created = artifacts.create_progress_artifact(0.0, f"progress-{phase}", self._describe(0))
        self._id = UUID(str(created))

    def _describe(self, done: int) -> str:
        return f"{self._phase}: {done} of {self._total} archives done"

    def show(self, done: int) -> None:
        """Show how many archives are done."""
        artifacts.update_progress_artifact(
            self._id, 100.0 * done / self._total, self._describe(done)
        )
