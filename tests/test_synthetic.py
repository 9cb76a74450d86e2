"""The generator: same bytes for the same spec, a book that holds, statistics of real archives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orderbook.synthetic import (
    StreamSpec,
    cross_book,
    drop_lines,
    drop_side,
    generate_days,
    generate_text,
    insert_line,
    insert_snapshot,
    pause,
    rename_symbol,
    restart_service,
    set_back,
    split_lines,
    tear_line,
    truncate,
)

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parents[2] / "shared/data"
BUSY_RECORDING = "derived/linear/BTCUSDT/2024-08-08_BTCUSDT_ob200.data.zip"
RECORDINGS = (  # APT is left out: its snapshot is cut, so its deltas do not fit its book
    BUSY_RECORDING,
    "bybit/linear/ETHUSDT/2026-08-09_ETHUSDT_ob200.data.zip",
    "bybit/linear/SOLUSDT/2026-08-09_SOLUSDT_ob200.data.zip",
    "bybit/linear/XRPUSDT/2024-12-01_XRPUSDT_ob500.data.zip",
    "bybit/spot/ETHUSDT/2026-08-09_ETHUSDT_ob200.data.zip",
)
MIDNIGHT = 1_755_734_400_000  # 2025-08-21, when linear went from ob500 to ob200
SHORT = StreamSpec("BTCUSDT", "linear", 200, MIDNIGHT - 12_000, MIDNIGHT, seed=1)
LONG = replace(SHORT, start_ms=MIDNIGHT - 240_000)

# --- a plain book, and what it measures ---------------------------------------------------------

KINDS = ("update", "insert", "delete", "absent")  # the last deletes a level that is not there


@dataclass
class Step:
    """One message, the book after it, and what it did to the book."""

    message: dict[str, Any]
    bids: dict[float, float]
    asks: dict[float, float]
    kinds: dict[str, int]  # how many changes of each kind
    ranks: list[int]  # of each change, counted from the touch before the message
    mid_moved: bool

    @property
    def level_count(self) -> int:
        return len(self.message["data"]["b"]) + len(self.message["data"]["a"])


def replay(lines: Iterable[bytes]) -> Iterator[Step]:
    """Rebuild the book; the two dicts of a step change with the next one."""
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    mid = 0.0
    for line in lines:
        message = json.loads(line)
        step = Step(message, bids, asks, dict.fromkeys(KINDS, 0), [], mid_moved=False)
        for book, name in ((bids, "b"), (asks, "a")):
            if message["type"] == "snapshot":
                book.clear()
            before = sorted(book)
            for text in message["data"][name]:
                price, size = float(text[0]), float(text[1])
                below, up_to = bisect_left(before, price), bisect_right(before, price)
                step.ranks.append(below if name == "a" else len(before) - up_to)
                step.kinds[apply_level(book, price, size)] += 1
        last, mid = mid, max(bids, default=0.0) + min(asks, default=0.0)
        step.mid_moved = mid != last
        yield step


def apply_level(book: dict[float, float], price: float, size: float) -> str:
    """Change the book and say what that was."""
    if size:
        kind = "update" if price in book else "insert"
        book[price] = size
        return kind
    return "delete" if book.pop(price, None) else "absent"


@dataclass(frozen=True)
class Statistics:
    """The figures of DATA_CONTRACT.md §1.1, over the deltas of a stream."""

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


def copy_books(lines: Iterable[bytes]) -> list[dict[float, float]]:
    """Both sides of the book after each message."""
    return [{**step.bids, **step.asks} for step in replay(lines)]


@cache
def make(spec: StreamSpec) -> list[bytes]:
    return list(split_lines(generate_text(spec)))


def read_recording(name: str) -> list[bytes]:
    """The whole lines of a recording; the last is torn where a recording was cut short."""
    if not DATA.exists():
        pytest.skip(f"the real recordings are not here: {DATA}")
    with zipfile.ZipFile(DATA / name) as archive:
        lines = archive.read(archive.namelist()[0]).splitlines(keepends=True)
    return lines if lines[-1].endswith(b"\n") else lines[:-1]


def read_messages(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def read_ids(lines: Iterable[bytes]) -> list[int]:
    return [message["data"]["u"] for message in read_messages(lines)]


# --- determinism --------------------------------------------------------------------------------


def test_same_spec_same_bytes_other_seed_other_bytes() -> None:
    first = b"".join(generate_text(SHORT))
    assert b"".join(generate_text(SHORT)) == first
    assert b"".join(generate_text(replace(SHORT, seed=2))) != first


def test_another_process_makes_the_same_bytes() -> None:
    code = (
        "import hashlib, sys; from orderbook.synthetic import *;"
        f"spec = StreamSpec('BTCUSDT', 'linear', 200, {SHORT.start_ms}, {SHORT.end_ms}, seed=1);"
        "print(hashlib.sha256(b''.join(generate_text(spec))).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == sha256(b"".join(make(SHORT))).hexdigest()


def test_chunks_are_whole_lines_and_bounded() -> None:
    chunks = list(generate_text(LONG))
    assert len(chunks) > 3
    assert all(chunk.endswith(b"}\n") and len(chunk) <= 2 * 2**20 for chunk in chunks)


@pytest.mark.parametrize(
    "change",
    [
        {"depth": 0},
        {"depth": 1001},
        {"end_ms": SHORT.start_ms + 1_999},
        {"tick_size": 0.001},  # finer than the decimals sent
        {"mid_price": 100.0},  # the market would reach below zero
        {"market": "inverse"},
        {"size_decimals": -1},
    ],
)
def test_an_impossible_spec_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="StreamSpec: "):
        replace(SHORT, **change)


# --- invariants and layout ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        SHORT,
        replace(SHORT, market="spot", activity="quiet", seed=2),
        replace(SHORT, depth=500, seed=3),
        replace(SHORT, depth=1, activity="quiet", seed=4),
        replace(SHORT, depth=1000, mid_price=8192 * 0.1, seed=5),  # as low as it may start
        replace(SHORT, mid_price=2.0, tick_size=0.0001, price_decimals=4, size_decimals=0, seed=6),
    ],
    ids=["linear", "spot-quiet", "ob500", "ob1", "ob1000-low", "cheap-coin"],
)
def test_the_book_holds_after_every_message(spec: StreamSpec) -> None:
    messages = []
    for step in replay(make(spec)):
        assert len(step.bids) == len(step.asks) == spec.depth
        assert max(step.bids) < min(step.asks)
        assert step.level_count > 0
        assert step.kinds["absent"] == 0
        assert step.message["cts"] <= step.message["ts"]
        messages.append(step.message)
    for name, rises in (("ts", messages), ("seq", [m["data"] for m in messages])):
        assert np.all(np.diff([one[name] for one in rises]) > 0), name
    update_ids = [m["data"]["u"] for m in messages]
    assert update_ids[0] == spec.first_update_id
    assert set(np.diff(update_ids[:-1])) == {1}


@pytest.mark.parametrize("seed", range(8))
def test_day_edges(seed: int) -> None:
    spec = replace(SHORT, end_ms=SHORT.start_ms + 3_000, seed=seed)
    lines = make(spec)
    opening, *deltas, closing = read_messages(lines)
    late = [m for m in deltas if m["ts"] >= spec.end_ms]
    assert opening["type"] == closing["type"] == "snapshot"
    assert {m["type"] for m in deltas} == {"delta"}
    assert 100 <= opening["ts"] - spec.start_ms <= 1_500
    assert 1 <= len(late) <= 7
    assert 90 <= closing["ts"] - spec.end_ms <= 1_500
    assert closing["data"]["u"] == deltas[-1]["data"]["u"]
    books = copy_books(lines)
    assert books[-1] == books[-2], "the closing snapshot is the book that the deltas built"
    inside = lines[: -len(late) - 1]
    assert make(replace(spec, closing=False)) == inside


DIGITS = {
    "linear": (rb"[0-9]+\.[0-9]{2}", rb"(?:[0-9]+\.[0-9]{3}|0)"),
    "spot": (rb"[0-9]+(?:\.[0-9]?[1-9])?", rb"(?:[0-9]+(?:\.[0-9]*[1-9])?)"),
}
KEYS = {
    "linear": rb'"type":"(?:snapshot|delta)","ts":[0-9]{13}',
    "spot": rb'"ts":[0-9]{13},"type":"(?:snapshot|delta)"',
}


def make_pattern(flavour: str, price: bytes, size: bytes) -> re.Pattern[bytes]:
    side = rb'\[(?:(?:\["%b","%b"\],)*\["%b","%b"\])?\]' % (price, size, price, size)
    data = rb'"data":\{"s":"[A-Z]+","b":%b,"a":%b,"u":[0-9]+,"seq":[0-9]+\}' % (side, side)
    head = rb'\{"topic":"orderbook\.[0-9]+\.[A-Z]+",' + KEYS[flavour]
    return re.compile(head + b"," + data + rb',"cts":[0-9]{13}\}\r?\n')


@pytest.mark.parametrize("flavour", ["linear", "spot"])
def test_lines_are_laid_out_as_the_venue_does(flavour: Any) -> None:
    pattern = make_pattern(flavour, *DIGITS[flavour])
    lines = make(replace(SHORT, market=flavour))
    assert [line for line in lines if not pattern.fullmatch(line)] == []
    for side, sign in (("b", -1), ("a", 1)):
        for message in read_messages(lines):
            prices = [sign * float(price) for price, _ in message["data"][side]]
            assert prices == sorted(set(prices)), "best first"


@pytest.mark.parametrize("name", RECORDINGS)
def test_that_layout_is_the_recordings_layout(name: str) -> None:
    lines = read_recording(name)
    number = rb"[0-9]+(?:\.[0-9]+)?"  # other coins, other decimals
    pattern = make_pattern(name.split("/")[1], number, number)
    assert [line for line in lines if not pattern.fullmatch(line)] == []


# --- statistics ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "mean_levels", "p95_levels"),
    [
        (replace(LONG, activity="quiet"), 16, 51),
        (LONG, 54, 214),
        (replace(LONG, depth=500), 82, 309),
    ],
    ids=["quiet", "busy", "ob500-busy"],
)
def test_statistics_are_those_of_the_contract(
    spec: StreamSpec, mean_levels: float, p95_levels: float
) -> None:
    found = measure(make(spec))
    assert found.mean_levels == pytest.approx(mean_levels, rel=0.2)
    assert found.p95_levels == pytest.approx(p95_levels, rel=0.2)
    assert found.updates == pytest.approx(0.55, abs=0.05)
    assert found.inserts == pytest.approx(0.22, abs=0.04)
    assert found.deletes == pytest.approx(0.22, abs=0.04)
    assert found.beyond_90 == pytest.approx(0.5, abs=0.13)
    assert 0.2 <= found.autocorrelation <= 0.6
    assert 5.5 <= found.move_factor <= 15
    assert 5 <= found.deflate_ratio <= 7
    assert found.on_grid >= 0.97
    assert 0.97 <= found.beats_used <= 1
    assert found.log_size_spread == pytest.approx(2.1, abs=0.3)


@pytest.mark.parametrize("name", RECORDINGS)
def test_recordings_hold_the_invariants_that_the_generator_keeps(name: str) -> None:
    lines = read_recording(name)
    depth = int(json.loads(lines[0])["topic"].split(".")[1])
    for step in replay(lines):
        assert (len(step.bids), len(step.asks), step.kinds["absent"]) == (depth, depth, 0)


def test_the_measure_gives_the_contracts_figures_on_the_busy_recording() -> None:
    found = measure(read_recording(BUSY_RECORDING))
    assert found.mean_levels == pytest.approx(54, abs=1)
    assert found.p95_levels == pytest.approx(214, abs=1)
    assert found.beyond_90 == pytest.approx(0.5, abs=0.02)
    assert 0.2 <= found.autocorrelation <= 0.6
    assert 5.5 <= found.move_factor <= 15
    assert 5 <= found.deflate_ratio <= 7
    assert found.on_grid >= 0.97


# --- consecutive days ---------------------------------------------------------------------------


def test_two_days_go_on_over_midnight_while_the_depth_changes() -> None:
    first = replace(SHORT, depth=500)
    second = first.following(MIDNIGHT + 10_000, depth=200)
    third = second.following(MIDNIGHT + 20_000, depth=500, activity="quiet")
    texts = dict.fromkeys((first, second, third), b"")
    for spec, chunk in generate_days(list(texts)):
        texts[spec] += chunk
    assert texts[first] == b"".join(make(first)), "a day depends on none after it"
    for before, after in ((first, second), (second, third)):
        closing = json.loads(texts[before].splitlines()[-1])
        opening = json.loads(texts[after].splitlines()[0])
        shared = min(before.depth, after.depth)
        assert opening["topic"] == f"orderbook.{after.depth}.BTCUSDT"
        for side in "ba":
            assert len(opening["data"][side]) == after.depth
            assert opening["data"][side][:shared] == closing["data"][side][:shared]
        for name in ("u", "seq"):
            assert opening["data"][name] == closing["data"][name]
        assert (opening["ts"], opening["cts"]) == (closing["ts"], closing["cts"])
    for spec, text in texts.items():
        assert all(len(step.asks) == spec.depth for step in replay(text.splitlines()))


def test_streams_that_do_not_follow_each_other_are_refused() -> None:
    gap = replace(SHORT, start_ms=SHORT.end_ms + 1, end_ms=SHORT.end_ms + 5_000)
    with pytest.raises(ValueError, match="not consecutive"):
        generate_days([SHORT, gap])


# --- faults -------------------------------------------------------------------------------------


def test_drop_lines_leaves_a_gap_in_u() -> None:
    lines = make(SHORT)
    bad = list(drop_lines(lines, at=5, count=2))
    assert bad == lines[:5] + lines[7:]
    assert read_ids(bad)[5] - read_ids(bad)[4] == 3


def test_insert_line_adds_garbage_and_nothing_else() -> None:
    lines = make(SHORT)
    assert list(insert_line(lines, at=3, line=b"\xff{]\n")) == [*lines[:3], b"\xff{]\n", *lines[3:]]


def test_tear_line_leaves_a_line_that_is_no_json() -> None:
    lines = make(SHORT)
    bad = list(tear_line(lines, at=4, keep=50))
    assert bad == [*lines[:4], lines[4][:50] + b"\n", *lines[5:]]
    with pytest.raises(json.JSONDecodeError):
        json.loads(bad[4])


def test_truncate_ends_the_text_at_the_byte() -> None:
    whole = b"".join(make(SHORT))
    for size in (0, 1, len(make(SHORT)[0]), 100_000, len(whole) + 5):
        assert b"".join(truncate(make(SHORT), size=size)) == whole[:size]


def test_pause_moves_all_later_stamps_and_loses_nothing() -> None:
    good = read_messages(make(SHORT))
    bad = read_messages(pause(make(SHORT), at=8, silence_ms=30_000))
    assert [m["ts"] for m in bad[:8]] == [m["ts"] for m in good[:8]]
    assert [m["ts"] for m in bad[8:]] == [m["ts"] + 30_000 for m in good[8:]]
    assert [m["data"] for m in bad] == [m["data"] for m in good]


def test_set_back_stamps_one_line_out_of_order() -> None:
    lines = make(SHORT)
    bad = list(set_back(lines, at=8, back_ms=500))
    assert bad[:8] + bad[9:] == lines[:8] + lines[9:]
    before, after = json.loads(lines[8]), json.loads(bad[8])
    assert (after["ts"], after["cts"]) == (before["ts"] - 500, before["cts"] - 500)
    assert after["ts"] < json.loads(bad[7])["ts"]
    assert after["data"] == before["data"]


@pytest.mark.parametrize("flavour", ["linear", "spot"])
def test_rename_symbol_changes_one_lines_symbol_and_topic(flavour: Any) -> None:
    lines = make(replace(SHORT, market=flavour))
    bad = list(rename_symbol(lines, at=6, symbol="ETHUSDT"))
    assert bad[:6] + bad[7:] == lines[:6] + lines[7:]
    assert bad[6] == lines[6].replace(b"BTCUSDT", b"ETHUSDT")


def test_insert_snapshot_repeats_the_book_in_mid_stream() -> None:
    lines = make(SHORT)
    bad = list(insert_snapshot(lines, at=20))
    assert bad[:20] + bad[21:] == lines
    assert json.loads(bad[20])["type"] == "snapshot"
    books = copy_books(bad)
    assert books[20] == books[19]
    assert read_ids(bad)[20] == read_ids(bad)[19]


def test_restart_service_counts_u_from_one_and_keeps_the_book() -> None:
    lines = make(SHORT)
    bad = list(restart_service(lines, at=20))
    assert bad[:20] == lines[:20]
    assert json.loads(bad[20])["type"] == "snapshot"
    assert read_ids(bad)[20:-1] == list(range(1, len(bad) - 20))
    assert read_ids(bad)[-1] == read_ids(bad)[-2]
    assert all(len(step.bids) == 200 and not step.kinds["absent"] for step in replay(bad))


def test_cross_book_crosses_it_between_the_two_lines() -> None:
    crossed = [
        max(step.bids) >= min(step.asks)
        for step in replay(cross_book(make(SHORT), at=10, until=15))
    ]
    assert [i for i, is_crossed in enumerate(crossed) if is_crossed] == [10, 11, 12, 13, 14]


def test_drop_side_leaves_no_asks_between_the_two_lines() -> None:
    bad = list(drop_side(make(SHORT), at=10, until=15))
    asks = [len(step.asks) for step in replay(bad)]
    assert asks == [0 if 10 <= i < 15 else 200 for i in range(len(asks))]
    assert read_ids(bad) == read_ids(make(SHORT))
    assert bad[:10] + bad[16:] == make(SHORT)[:10] + make(SHORT)[16:]


def test_faults_nest() -> None:
    bad = list(tear_line(drop_lines(make(SHORT), at=5), at=9))
    assert len(bad) == len(make(SHORT)) - 1
    assert bad[8] == make(SHORT)[9]
    assert bad[9].startswith(make(SHORT)[10][:100])
