"""Generated streams have the statistics of real archives, by a measure checked on both."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from quantgod.synthetic import StreamSpec
from tests.support.replay import BUSY_RECORDING, LONG, RECORDINGS, make, read_recording, replay


@dataclass(frozen=True)
class Statistics:
    """Statistics that tell archives apart, over the deltas of a stream."""

    mean_levels: float
    p95_levels: float
    updates: float  # shares of all changes
    inserts: float
    deletes: float
    beyond_90: float  # share of the changes at levels beyond 90
    autocorrelation: float  # lag 1, of the levels per delta
    move_factor: float  # levels per delta when the mid moves over those when it rests
    deflate_ratio: float
    on_grid: float  # share of the steps in ``ts`` within 3 ms of a multiple of 100 ms
    beats_used: float  # messages per 100 ms
    log_size_spread: float  # standard deviation of the log of the opening sizes


def measure(lines: list[bytes]) -> Statistics:
    sizes: list[float] = []
    kinds: list[tuple[int, int, int]] = []
    ranks: list[int] = []
    levels, moved, stamps = [], [], []
    for step in replay(lines):
        if step.message["type"] == "snapshot":
            sizes = sizes or [*step.bids.values(), *step.asks.values()]
            continue
        counts = step.kinds
        kinds.append((counts["update"], counts["insert"], counts["delete"]))
        ranks += step.ranks
        levels.append(step.level_count)
        moved.append(step.mid_moved)
        stamps.append(step.message["ts"])
    counted, hit, shares = np.array(levels), np.array(moved), np.sum(kinds, axis=0) / np.sum(kinds)
    text = b"".join(lines)
    gaps = np.diff(stamps)
    return Statistics(
        mean_levels=counted.mean(),
        p95_levels=float(np.percentile(counted, 95)),
        updates=shares[0],
        inserts=shares[1],
        deletes=shares[2],
        beyond_90=float(np.mean(np.array(ranks) >= 90)),
        autocorrelation=float(np.corrcoef(counted[1:], counted[:-1])[0, 1]),
        move_factor=counted[hit].mean() / counted[~hit].mean(),
        deflate_ratio=len(text) / len(zlib.compress(text, 6)),
        on_grid=float(np.mean(np.abs((gaps + 50) % 100 - 50) <= 3)),
        beats_used=100 * len(gaps) / (stamps[-1] - stamps[0]),
        log_size_spread=float(np.log(sizes).std()),
    )


def assert_usual(found: Statistics) -> None:
    """Check the traits of all archives: clusters, bursts with the mid, a beat of 100 ms."""
    assert 0.2 <= found.autocorrelation <= 0.6
    assert 5.5 <= found.move_factor <= 15
    assert 5 <= found.deflate_ratio <= 7
    assert found.on_grid >= 0.97


@pytest.mark.parametrize(
    ("spec", "mean_levels", "p95_levels"),
    [
        (replace(LONG, activity="quiet"), 16, 51),
        (LONG, 54, 214),
        (replace(LONG, depth=500), 82, 309),
    ],
    ids=["quiet", "busy", "ob500-busy"],
)
def test_statistics_are_those_of_real_archives(
    spec: StreamSpec, mean_levels: float, p95_levels: float
) -> None:
    found = measure(make(spec))
    assert found.mean_levels == pytest.approx(mean_levels, rel=0.2)
    assert found.p95_levels == pytest.approx(p95_levels, rel=0.2)
    assert found.updates == pytest.approx(0.55, abs=0.05)
    assert found.inserts == pytest.approx(0.22, abs=0.04)
    assert found.deletes == pytest.approx(0.22, abs=0.04)
    assert found.beyond_90 == pytest.approx(0.5, abs=0.13)
    assert_usual(found)
    assert 0.97 <= found.beats_used <= 1
    assert found.log_size_spread == pytest.approx(2.1, abs=0.3)


@pytest.mark.parametrize("name", RECORDINGS)
def test_recordings_keep_the_invariants_of_the_generator(recordings: Path, name: str) -> None:
    lines = read_recording(recordings / name)
    depth = int(json.loads(lines[0])["topic"].split(".")[1])
    for step in replay(lines):
        assert (len(step.bids), len(step.asks), step.kinds["absent"]) == (depth, depth, 0)


def test_the_measure_gives_the_same_on_the_busy_recording(recordings: Path) -> None:
    found = measure(read_recording(recordings / BUSY_RECORDING))
    assert found.mean_levels == pytest.approx(54, abs=1)
    assert found.p95_levels == pytest.approx(214, abs=1)
    assert found.beyond_90 == pytest.approx(0.5, abs=0.02)
    assert_usual(found)
