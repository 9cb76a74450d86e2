"""The generated streams keep their strategies' promises."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given

from tests.support.effort import examples
from tests.support.stream_plans import D1
from tests.support.streams import (
    DAY,
    NEXT_DAY,
    SAMPLES_A_STREAM,
    TYPICAL,
    Case,
    cases,
    mixed_texts,
    two_day_texts,
)
from tests.support.twin import MixedStream, rebuild_day

few = examples(25, suppress_health_check=[HealthCheck.too_slow])
UNCLEAN = ("unreadable", "out_of_order", "sequence_gaps", "before_snapshot", "crossed", "unknown")
INSTANTS = ("samples", "unknown", "stale", "one_sided", "crossed")


@few
@given(cases())
def test_cases_are_small(case: Case) -> None:
    """No stream has more messages or grid instants than the slow twin can take."""
    counts = rebuild_day(case.text, DAY, case.settings).counts
    assert counts["lines"] <= 60
    assert sum(counts[name] for name in INSTANTS) <= SAMPLES_A_STREAM + 2


@few
@given(cases(clean=True))
def test_clean_cases_are_clean(case: Case) -> None:
    """A clean stream has none of the faults counted."""
    counts = rebuild_day(case.text, DAY, case.settings).counts
    assert [name for name in UNCLEAN if counts[name]] == []


@few
@given(two_day_texts())
def test_two_days_are_one_stream(texts: tuple[bytes, bytes]) -> None:
    """The first day ends with the message that opens the second, after midnight."""
    first, second = texts
    line = first.rstrip().split(b"\n")[-1]
    assert line.strip() in second
    evening, morning = rebuild_day(first, DAY, TYPICAL), rebuild_day(second, NEXT_DAY, TYPICAL)
    assert not any(day.counts[name] for day in (evening, morning) for name in UNCLEAN)
    assert evening.counts["outside_day"] > 0
    assert morning.counts["outside_day"] == 0
    assert all(sample["ts"] <= D1 for sample in evening.samples)


@few
@given(mixed_texts())
def test_mixed_texts_are_mixed(text: bytes) -> None:
    """A stream of two symbols, or of two topics, is refused."""
    with pytest.raises(MixedStream):
        rebuild_day(text, DAY, TYPICAL)
