"""The tools of the causality check: another future for a text, and a comparison to the bit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantgod.causality.comparison import Comparison, Difference, compare_known
from quantgod.causality.future import Future, FutureRewriter
from quantgod.orderbook.formats import bybit
from quantgod.orderbook.schema import TIME
from quantgod.synthetic import StreamSpec, generate_text
from tests.support import streams
from tests.support.bybit_lines import Line
from tests.support.bybit_lines import render as write
from tests.support.futures import SEEDS, SOME_KINDS, change, instants, messages_of, start_of
from tests.support.streams import D1, NOON, Case

WORDS = bybit.DIALECT.words
MANY = settings(max_examples=100, deadline=None)

# ---------------------------------------------------------------- another future


@MANY
@given(st.data(), streams.cases())
def test_only_the_future_changes(data: st.DataObject, case: Case) -> None:
    """The text before it stays byte by byte, and behind that every line that is not of it."""
    instant_ms = data.draw(instants(case))
    kinds = tuple(kind for kind in data.draw(SOME_KINDS) if kind != "torn")
    changed = change(case.text, instant_ms, data.draw(SEEDS), kinds)
    start = start_of(case.text, instant_ms)
    assert changed.text[:start].rstrip(b"\n") == case.text[:start].rstrip(b"\n")

    def past(text: bytes) -> list[bytes]:
        lines = [line for line, m in messages_of(text) if m is None or m.ts < instant_ms]
        return [line for line in lines if line]

    assert past(changed.text) == past(case.text)


@MANY
@given(st.data(), streams.cases())
def test_the_future_starts_at_its_first_message(data: st.DataObject, case: Case) -> None:
    instant_ms = data.draw(instants(case))
    start = start_of(case.text, instant_ms)
    assert all(m is None or m.ts < instant_ms for _, m in messages_of(case.text[:start]))
    first = messages_of(case.text[start:])[0][1]
    assert (first is not None and first.ts >= instant_ms) or not case.text[start:]


@MANY
@given(st.data(), streams.cases())
def test_the_first_message_stays_on_its_side_of_midnight(data: st.DataObject, case: Case) -> None:
    """Or the rows before would have to know of it: samples end with the day's last message."""
    instant_ms = data.draw(instants(case))
    changed = change(case.text, instant_ms, data.draw(SEEDS), data.draw(SOME_KINDS)).text
    firsts = [
        next((m for _, m in messages_of(text) if m and m.ts >= instant_ms), None)
        for text in (case.text, changed)
    ]
    assert (firsts[0] is None) == (firsts[1] is None)
    if firsts[0] and firsts[1]:
        assert (firsts[0].ts < D1) == (firsts[1].ts < D1)


@MANY
@given(streams.cases())
def test_a_message_is_read_back_as_it_was_written(case: Case) -> None:
    for _, message in messages_of(case.text):
        assert message is None or bybit.read_message(WORDS.write(b"", message)) == message


def test_huge_numbers_stay_decimals() -> None:
    huge = write(Line("delta", NOON, (("1" + "0" * 308, "1" + "0" * 308),), ()))
    rewriter = FutureRewriter(WORDS, Future(NOON, D1), 0, ("other values", "crossed"))
    lines = b"".join(rewriter.rewrite(huge + b"\n") for _ in range(20)).split(b"\n")[:-1]
    assert all(bybit.read_message(line) for line in lines)


def test_later_messages_change_by_share() -> None:
    """The first ones all, then a few: enough to lead a book astray."""
    text = b"".join(generate_text(StreamSpec("X", "spot", 5, NOON, NOON + 20_000, seed=1)))
    rewriter = FutureRewriter(WORDS, Future(NOON, D1), 0, ("no levels",), dense=10, share=0.2)
    rewriter.rewrite(text)
    assert 15 < rewriter.changed < 100 < text.count(b"\n")


# ---------------------------------------------------------------- to the bit

OTHER_NAN = float(np.uint64(0x7FF8000000000001).view(np.float64))


def table(closes: list[float | None], first_row: int = 0) -> pa.Table:
    """Rows of a bar a second from NOON on; ``NOON + 1000`` is when the first is known."""
    opens = [NOON + 1000 * (first_row + row) for row in range(len(closes))]
    ends = [open_ms + 1000 for open_ms in opens]
    volumes = pa.array([1] * len(closes), pa.int64())
    columns = [pa.array(opens, TIME), pa.array(ends, TIME), pa.array(closes, pa.float64()), volumes]
    return pa.table(columns, names=["datetime", "available_at", "close", "volume"])


@pytest.mark.parametrize("value", [1.5, float("nan"), OTHER_NAN, -0.0, None])
def test_a_value_equals_itself(value: float | None) -> None:
    assert compare_known(table([value]), table([value]), NOON + 1000) == Comparison(rows=1)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [(0.0, -0.0), (0.3, 0.1 + 0.2), (float("nan"), OTHER_NAN), (None, 0.0), (None, float("nan"))],
)
def test_one_bit_is_a_difference(mine: float | None, theirs: float | None) -> None:
    found = compare_known(table([1.0, mine]), table([1.0, theirs]), NOON + 2000)
    assert (found.rows, found.differing) == (2, 1)
    (difference,) = found.first
    assert (difference.datetime_ms, difference.column) == (NOON + 1000, "close")
    told, other_told = str(difference).split(": ")[1].split(" became ")
    assert told != other_told


def test_only_what_is_known_counts() -> None:
    mine, theirs = table([1.0, 2.0, 3.0]), table([1.0, 2.5])
    assert compare_known(mine, theirs, NOON + 1999) == Comparison(rows=1)
    assert compare_known(mine, theirs, NOON + 2000).differing == 1
    assert compare_known(mine, theirs, NOON + 3000).differing == 2


def test_a_row_that_only_one_has_is_a_difference() -> None:
    lost = compare_known(table([1.0, 2.0]), table([2.0], first_row=1), NOON + 2000)
    assert (lost.rows, lost.differing) == (2, 1)
    assert lost.first == (Difference(NOON, "datetime", "2024-08-08 12:00:00", None),)
    new = compare_known(table([2.0], first_row=1), table([1.0, 2.0]), NOON + 2000)
    assert new.first == (Difference(NOON, "datetime", None, "2024-08-08 12:00:00"),)
    assert str(new.first[0]).endswith("nothing became 2024-08-08 12:00:00")


def test_comparisons_add_up_and_keep_the_first_differences() -> None:
    found = compare_known(table([1.0] * 8), table([2.0] * 8), NOON + 8000)
    both = found + compare_known(table([1.0] * 5, 8), table([2.0] * 5, 8), NOON + 99_000)
    assert (both.rows, both.differing, len(both.first)) == (13, 13, 10)
    assert both.first[9].datetime_ms == NOON + 9000


def test_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="schema"):
        compare_known(table([1.0]), table([1.0]).drop_columns(["close"]), NOON)
