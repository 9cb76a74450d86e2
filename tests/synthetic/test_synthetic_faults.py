"""Each fault changes what its name says, at the given line, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.support.replay import SHORT, copy_books, make, read_ids, read_messages, replay
from tests.support.stream_faults import (
    cross_book,
    drop_lines,
    drop_side,
    insert_line,
    insert_snapshot,
    pause,
    rename_symbol,
    restart_service,
    set_back,
    tear_line,
    truncate,
)


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
