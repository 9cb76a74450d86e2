"""The generator: equal bytes for equal specs, a valid book, the venue's layout, its days."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantgod.settings.values import PROJECT_ROOT
from quantgod.synthetic import StreamSpec, generate_days, generate_text
from tests.support.replay import (
    LONG,
    MIDNIGHT,
    RECORDINGS,
    SHORT,
    copy_books,
    make,
    read_messages,
    read_recording,
    replay,
)


def test_same_spec_same_bytes_other_seed_other_bytes() -> None:
    first = b"".join(generate_text(SHORT))
    assert b"".join(generate_text(SHORT)) == first
    assert b"".join(generate_text(replace(SHORT, seed=2))) != first


def test_another_process_makes_the_same_bytes() -> None:
    code = (
        "import hashlib, sys; from quantgod.synthetic import *;"
        f"spec = StreamSpec('BTCUSDT', 'linear', 200, {SHORT.start_ms}, {SHORT.end_ms}, seed=1);"
        "print(hashlib.sha256(b''.join(generate_text(spec))).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
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
def test_that_layout_is_the_recordings_layout(recordings: Path, name: str) -> None:
    lines = read_recording(recordings / name)
    number = rb"[0-9]+(?:\.[0-9]+)?"  # other coins, other decimals
    pattern = make_pattern(name.split("/")[1], number, number)
    assert [line for line in lines if not pattern.fullmatch(line)] == []


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
