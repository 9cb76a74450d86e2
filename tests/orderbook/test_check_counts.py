"""The checks of gaps, coverage and counts (contract §7), each up to its boundary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from quantgod.orderbook.calendar import DAY_MS
from quantgod.orderbook.checks import (
    Coverage,
    Finding,
    check_counts,
    check_coverage,
    check_gaps,
    measure_coverage,
)
from quantgod.orderbook.counts import Counts
from quantgod.orderbook.recipe import DayGrid
from tests.support.day_tables import BAR_MS
from tests.support.stream_plans import D0, D1

GRID = DayGrid(D0, BAR_MS)


def times(opens: Iterable[int]) -> np.ndarray:
    """Return times the given number of ms after the start of the day."""
    return D0 + np.array([*opens], np.int64)


# ---------------------------------------------------------------- gaps and coverage


@pytest.mark.parametrize(
    ("opens", "figures"),
    [
        (range(0, DAY_MS, BAR_MS), None),
        (range(2 * BAR_MS, DAY_MS, BAR_MS), None),  # at the head, exactly as long as allowed
        (range(0, DAY_MS - 2 * BAR_MS, BAR_MS), None),  # at the tail
        (range(0, DAY_MS, 3 * BAR_MS), None),  # in the middle
        (range(3 * BAR_MS, DAY_MS, BAR_MS), "1 without bars: 00:00:00 to 00:03:00"),
        (range(0, DAY_MS - 3 * BAR_MS, BAR_MS), "1 without bars: 23:57:00 to 24:00:00"),
        ((), "1 without bars: 00:00:00 to 24:00:00"),
        (
            (*range(0, DAY_MS // 2, BAR_MS), *range(DAY_MS // 2 + 3 * BAR_MS, DAY_MS, BAR_MS)),
            "1 without bars: 12:00:00 to 12:03:00",
        ),
        ((0, DAY_MS // 2), "2 without bars: 00:01:00 to 12:00:00, 12:01:00 to 24:00:00"),
    ],
)
def test_gaps(opens: Iterable[int], figures: str | None) -> None:
    """§7: more than max_gap without bars, at the head and tail of the day too; each listed."""
    finding = check_gaps(times(opens), GRID, 2 * BAR_MS)
    if figures is None:
        assert finding == Finding("gaps", "ok", "none above 120 s")
    else:
        assert finding == Finding("gaps", "warning", figures)


def test_every_gap_is_listed() -> None:
    """§7: each one, in any number."""
    finding = check_gaps(times(range(0, DAY_MS, DAY_MS // 24)), GRID, BAR_MS)
    assert finding.figures.startswith("24 without bars: 00:01:00 to 01:00:00, ")
    assert (finding.figures.count(" to "), finding.figures[-8:]) == (24, "24:00:00")


def test_coverage_is_measured_before_warm_up_rows_are_taken_out() -> None:
    """§7: share of the day's bars present, share of those with W / Δ samples."""
    samples = np.array([60, 59, 60, 61, 1], np.int32)
    assert measure_coverage(samples, GRID, 1000) == Coverage(5, 2, 1440)
    assert measure_coverage(samples, DayGrid(D0, 61_000), 1000).full_bars == 1


@pytest.mark.parametrize(
    ("bars", "full", "severity"),
    [
        *((95, 95, "ok"), (100, 95, "ok"), (100, 100, "ok")),
        *((94, 94, "warning"), (95, 94, "warning"), (100, 94, "warning"), (0, 0, "warning")),
    ],
)
def test_coverage(bars: int, full: int, severity: str) -> None:
    """§7: a warning under `min_coverage`, not at it; of either share."""
    assert check_coverage(Coverage(bars, full, 100), 0.95).severity == severity


def test_coverage_in_words() -> None:
    samples = np.full(1368, 60, np.int32)
    samples[:144] = 59
    finding = check_coverage(measure_coverage(samples, GRID, 1000), 0.0)
    assert finding == Finding("coverage", "ok", "1368 of 1440 bars (95.00%), full 1224 (85.00%)")


# ---------------------------------------------------------------- counts


def found(counts: Counts, lines: tuple[int, ...] = ()) -> dict[str, Finding]:
    """Return the findings by check."""
    findings = check_counts(counts, lines)
    assert len({finding.check for finding in findings}) == len(findings) == 15
    return {finding.check: finding for finding in findings}


def test_nothing_to_complain_about() -> None:
    severities = [f.severity for f in found(Counts(samples=9, sequence_checked=9)).values()]
    assert (severities.count("ok"), severities.count("info")) == (12, 3)


@pytest.mark.parametrize(
    ("field", "check"),
    [
        *(("unreadable", "unreadable lines"), ("before_snapshot", "before snapshot")),
        *(("unknown", "unknown book"), ("stale", "stale book"), ("crossed", "crossed book")),
        *(("one_sided", "one-sided book"), ("out_of_order", "out of order")),
        *(("outside_day", "outside the day"), ("messages_without_sample", "bars without a sample")),
        ("sequence_gaps", "gaps in update ids"),
    ],
)
def test_warnings_above_zero(field: str, check: str) -> None:
    """§7: with their counts; nothing else warns."""
    good = Counts(samples=1000, sequence_checked=500)
    for count in (1, 7):
        findings = found(replace(good, **{field: count}))
        assert [f.check for f in findings.values() if f.severity == "warning"] == [check]
        assert findings[check].figures.startswith(f"{count} ")


def test_unreadable_lines_are_named() -> None:
    """§1.1: with the first line numbers."""
    finding = found(Counts(lines=100, unreadable=3), (4, 9, 77))["unreadable lines"]
    assert finding.figures == "3 of 100 lines, first lines 4, 9, 77"
    assert found(Counts(lines=100))["unreadable lines"].figures == "0 of 100 lines"


@pytest.mark.parametrize(
    ("deltas", "snapshots", "before", "unusual"),
    [
        *((0, 0, 0, 0), (7, 1, 0, 0), (1, 1, 0, 0), (7, 0, 0, 0), (0, 1, 0, 0)),
        *((8, 1, 0, 1), (7, 2, 0, 1), (20, 3, 0, 15), (7, 1, 1, 1), (0, 0, 2, 2)),
    ],
)
def test_usual_closing_lines(deltas: int, snapshots: int, before: int, unusual: int) -> None:
    """§1.1, §7: 7 deltas and the next day's snapshot close a real day; one more is a warning."""
    counts = Counts(
        outside_day=deltas + snapshots + before,
        closing_deltas=deltas,
        closing_snapshots=snapshots,
    )
    finding = found(counts)["outside the day"]
    assert finding.severity == ("warning" if unusual else "ok")
    usual = deltas + snapshots + before - unusual
    assert finding.figures.startswith(f"{unusual} messages beyond the {usual} usual closing ones")


def test_ignored_messages_are_reported() -> None:
    finding = found(Counts(outside_day=3, outside_ignored=2))["outside the day"]
    assert "; 2 ignored, more than one hour outside" in finding.figures


def test_gaps_that_cannot_be_checked() -> None:
    """§1.2: without update ids there is neither a good nor a bad result."""
    finding = found(Counts())["gaps in update ids"]
    assert (finding.severity, finding.figures[:13]) == ("info", "not checkable")
    checked = found(Counts(sequence_checked=40, sequence_gaps=2))["gaps in update ids"]
    assert checked == Finding("gaps in update ids", "warning", "2 in 40 deltas checked")


@pytest.mark.parametrize(
    ("field", "check"), [("shallow_topic", "depth promised"), ("shallow_cut", "depth of the cut")]
)
def test_depth(field: str, check: str) -> None:
    """§7: exactly 1 % of the samples is still accepted; the share is reported."""
    for shallow, samples, severity in (
        (0, 0, "ok"),
        (10, 1000, "ok"),
        (1, 99, "warning"),
        (11, 1000, "warning"),
    ):
        findings = found(Counts(samples=samples, sequence_checked=1, **{field: shallow}))
        assert findings[check].severity == severity
        assert [f.check for f in findings.values() if f.severity == "warning"] in ([], [check])
    assert findings[check].figures.startswith("1.10% of 1000 samples hold fewer levels on a side")


def test_reconstruction_and_absent_deletes_are_reported() -> None:
    """§7: information, however many differ."""
    counts = Counts(
        reconstruction_snapshots=2,
        reconstruction_levels=800,
        reconstruction_differ=2,
        absent_deletes=5,
    )
    told = "2 later snapshots: 2 of 800 levels differ (0.250%)"
    assert found(counts)["reconstruction"] == Finding("reconstruction", "info", told)
    assert found(counts)["absent deletes"].figures.startswith("5 ")
    assert found(counts)["absent deletes"].severity == "info"
    slow = found(Counts(slow_lines=1, lines=400))["slow lines"]
    told = "1 of 400 lines read by the slow path (0.250%)"
    assert (slow.severity, slow.figures) == ("info", told)
    none = found(Counts())["reconstruction"]
    assert none == Finding("reconstruction", "info", "no later snapshot to compare with")
    one = Counts(reconstruction_snapshots=1, reconstruction_levels=1, reconstruction_differ=1)
    assert found(one)["reconstruction"].figures.endswith("1 of 1 levels differ (100.000%)")
    empty = found(Counts(reconstruction_snapshots=1))["reconstruction"]
    assert empty.figures == "1 later snapshots: 0 of 0 levels differ (0.000%)"


def test_a_day_ends_where_the_next_begins() -> None:
    assert (GRID.bars, D1 - D0) == (1440, DAY_MS)
