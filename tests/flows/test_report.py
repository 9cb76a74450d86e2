"""The report of a run, as Prefect shows it."""

from __future__ import annotations

from flows.reports.run_report import ArchiveResult, RunReport
from quantgod.orderbook.checks import Finding

GAPS = Finding("gaps", "warning", "1 without bars: 01:00:00 to 02:00:00")
GOOD = ArchiveResult("good", "made", bars=60, findings=(Finding("schema", "ok", "218 columns"),))
WARNED = ArchiveResult("warned", "unchanged", findings=(*GOOD.findings, GAPS))
FAILED = ArchiveResult("failed", "failed", "expected a ZIP,\n found <class 'dict'>")
TORN = Finding("book order", "error", "crossed: 1 rows")
REJECTED = ArchiveResult("rejected", "quarantined", "In quarantine", findings=(TORN,))


def report_of(*results: ArchiveResult, missing_days: tuple[str, ...] = ()) -> RunReport:
    """Make a report of results."""
    return RunReport(results, "source", "output", "none", missing_days, 1.0, 0)


def test_results_that_need_a_look_come_first() -> None:
    """Failures, then warnings, then the rest, each in the given order."""
    rows = report_of(GOOD, WARNED, FAILED, REJECTED).to_rows()
    assert [row["archive"] for row in rows] == ["failed", "rejected", "warned", "good"]


def test_a_row_gives_the_reason_or_the_warnings() -> None:
    """In its last column, because the UI cuts off any column after a long text."""
    rows = {row["archive"]: row for row in report_of(GOOD, WARNED, REJECTED).to_rows()}
    assert [rows[name]["found"] for name in ("good", "warned", "rejected")] == [
        "", "gaps: 1 without bars: 01:00:00 to 02:00:00", "In quarantine",
    ]  # fmt: skip
    assert {[*row][-1] for row in rows.values()} == {"found"}


def test_the_headline_counts_every_result_once() -> None:
    """An archive is done or failed; warnings count only for valid files."""
    assert report_of(GOOD, WARNED, FAILED, REJECTED).headline() == (
        "2 of 4 archives done, 2 failed, 1 with warnings; 1 made, 1 unchanged"
    )


def test_the_summary_begins_with_failures() -> None:
    """One line per archive; text that looks like HTML stays visible."""
    text = report_of(GOOD, FAILED).to_markdown()
    line = "- `failed` failed: expected a ZIP, found &lt;class 'dict'&gt;"
    assert text.startswith(f"## Failed\n\n{line}\n\n## Figures\n\n| archives | 2 |\n| --- ")


def test_the_summary_leaves_out_empty_sections() -> None:
    """Failures and missing days have a heading only where there are any."""
    assert report_of(GOOD).to_markdown().startswith("## Figures\n")
    assert "## Missing days" not in report_of(GOOD).to_markdown()
    missing = report_of(GOOD, missing_days=("linear:BTCUSDT 2024-01-02",)).to_markdown()
    assert missing.endswith("\n\n## Missing days\n\n- linear:BTCUSDT 2024-01-02")
