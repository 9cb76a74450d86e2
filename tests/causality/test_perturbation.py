"""A perturbed stream, and the times of single lines on which it depends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.dialects import rewrite
from quantgod.causality.perturbation import Perturbation
from quantgod.causality.stamps import begins_message, restamp, time_of
from quantgod.orderbook.formats import DIALECTS, bybit, okx, tardis
from quantgod.orderbook.formats.dialect import Dialect
from tests.support import streams
from tests.support.bybit_lines import Line, render
from tests.support.csv_rows import tardis_row
from tests.support.effort import examples
from tests.support.okx_lines import OKX_LINE, render_okx
from tests.support.perturbed import (
    SEEDS,
    SOME_KINDS,
    TEXT,
    Perturbed,
    instants,
    perturb,
    read_stamp,
    stamps_of,
)
from tests.support.streams import D0, D1, NOON, Case

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)

# ---------------------------------------------------------------- a perturbed stream


@examples(100)
@given(st.data(), streams.cases())
def test_a_stream_perturbed_from_an_instant_on(data: st.DataObject, case: Case) -> None:
    instant_ms = data.draw(instants(case))
    perturbed = perturb(case.text, instant_ms, data.draw(SEEDS), data.draw(SOME_KINDS))
    assert_only_later_lines_change(case.text, perturbed)
    assert_it_begins_at_the_first_later_message(case.text, perturbed, instant_ms)
    assert_the_first_message_stays_on_its_side_of_midnight(case.text, perturbed, instant_ms)


def assert_only_later_lines_change(text: bytes, perturbed: Perturbed) -> None:
    """The text before stays byte by byte; lines of the stream, or parts of them, follow."""
    past, later = text[: perturbed.start], text[perturbed.start :].split(b"\n")
    assert perturbed.text[: len(past)].rstrip(b"\n") == past.rstrip(b"\n")
    _, *others = perturbed.text[perturbed.start :].split(b"\n")
    assert all(any(whole.startswith(line) for whole in later) for line in others)


def assert_it_begins_at_the_first_later_message(
    text: bytes, perturbed: Perturbed, instant_ms: int
) -> None:
    past, later = text[: perturbed.start], text[perturbed.start :]
    assert all(stamp < instant_ms for stamp in stamps_of(past))
    first = read_stamp(later.split(b"\n")[0], bybit.DIALECT)
    assert (first is not None and first >= instant_ms) or not later


def assert_the_first_message_stays_on_its_side_of_midnight(
    text: bytes, perturbed: Perturbed, instant_ms: int
) -> None:
    """Otherwise earlier rows would show it: samples end with the day's last message."""
    texts = (text[perturbed.start :], perturbed.text[perturbed.start :])
    before, after = (read_stamp(each.split(b"\n")[0], bybit.DIALECT) for each in texts)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert instant_ms <= after
        assert (before < D1) == (after < D1)


@every_dialect
def test_the_first_message_comes_at_the_instant(dialect: Dialect) -> None:
    text = b"".join(rewrite([TEXT], dialect.name))
    for seed in range(20):
        instant_ms = NOON + 3000 + seed
        perturbed = perturb(text, instant_ms, seed, dialect=dialect)
        first = perturbed.text[perturbed.start :].split(b"\n")[0]
        assert read_stamp(first, dialect) == instant_ms


@every_dialect
def test_streams_with_late_stamps_begin_at_the_instant_too(dialect: Dialect) -> None:
    """Later lines with ``ts < T`` take its time, so they may not begin the perturbed part."""
    past, late = (
        [line for line in TEXT.split(b"\n") if line][part] for part in (slice(50), slice(50, None))
    )
    lines = [late[-1], *past[25:], *late]
    text = b"".join(rewrite([b"".join(line + b"\n" for line in past[:25] + lines)], dialect.name))
    instant_ms = bybit.read_message(late[-1]).ts  # type: ignore[union-attr]
    for seed in range(20):
        perturbed = perturb(text, instant_ms, seed, dialect=dialect)
        first = perturbed.text[perturbed.start :].split(b"\n")[0]
        assert read_stamp(first, dialect) == instant_ms


def test_equal_seeds_give_equal_texts() -> None:
    texts = [perturb(TEXT, NOON + 4000, seed).text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_only_a_share_changes() -> None:
    lines = TEXT.count(b"\n")
    few, many = (
        perturb(TEXT, NOON, 7, ("torn",), share=share).perturbation.changes.total()
        for share in (0.2, 0.9)
    )
    assert 0 < few < lines / 2 < many <= lines


def test_a_first_line_without_digits_of_time_stays_as_it_is() -> None:
    """Escapes hide them: the line is readable, but cannot take another time."""
    line = render_okx(OKX_LINE).replace(str(D0).encode(), b"\\u0031" + str(D0).encode()[1:])
    assert time_of(okx.DIALECT, line) == D0
    assert restamp(okx.DIALECT, line, D0 + 1) is None
    perturbation = Perturbation(okx.DIALECT, D0 - 5, D1, 0, ("torn",))
    assert perturbation.rewrite(line + b"\n") == line + b"\n"
    assert perturbation.changes.total() == 0


def test_a_row_that_would_join_the_past_does_not_begin_it() -> None:
    """Rows of Tardis with one arrival time are one message, whatever their stamps."""
    past = tardis_row(0, local=9).encode() + b"\n"
    rows = [tardis_row(ms, local=local).encode() for ms, local in ((5, 10), (6, 9), (7, 9))]
    for seed in range(20):
        perturbation = Perturbation(tardis.DIALECT, D0 + 4, D1, seed, ("dropped",))
        perturbation.pass_by(past)
        first = perturbation.rewrite(b"".join(row + b"\n" for row in rows)).split(b"\n")[0]
        assert first == tardis_row(4, local=10).encode()


# ---------------------------------------------------------------- the time of a line


@every_dialect
def test_only_the_time_of_a_line_changes(dialect: Dialect) -> None:
    """In any unit, and with any number of other times in the line."""
    for line in b"".join(rewrite([TEXT], dialect.name)).split(b"\n"):
        stamp = read_stamp(line, dialect)
        assert time_of(dialect, line) == stamp
        stamped = restamp(dialect, line, NOON + 77)
        assert (stamped is None) == (stamp is None)
        if stamped is not None:
            digits, other = str(stamp).encode(), str(NOON + 77).encode()
            assert read_stamp(stamped, dialect) == NOON + 77
            assert stamped in [
                line[:at] + line[at:].replace(digits, other, 1)
                for at in range(len(line))
                if line.startswith(digits, at)
            ]


@pytest.mark.parametrize(
    ("dialect", "line", "stamped"),
    [
        (
            bybit.DIALECT,
            render(Line("delta", D0)).replace(str(D0 - 3).encode(), str(D0).encode()),
            render(Line("delta", D0 + 8)).replace(str(D0 + 5).encode(), str(D0).encode()),
        ),
        (
            tardis.DIALECT,
            tardis_row(0.5, local=0.7).encode(),
            tardis_row(8, local=0.7).encode(),
        ),
    ],
    ids=["ts and cts", "timestamp and local_timestamp"],
)
def test_of_equal_times_the_one_that_counts_changes(
    dialect: Dialect, line: bytes, stamped: bytes
) -> None:
    assert restamp(dialect, line, D0 + 8) == stamped


def test_rows_of_one_message_are_one() -> None:
    past, row = (tardis_row(0, price=price).encode() for price in ("99", "98"))
    assert not begins_message(tardis.DIALECT, past + b"\n", row)
    assert begins_message(tardis.DIALECT, past + b"\n", tardis_row(1).encode())
    assert begins_message(tardis.DIALECT, b"", row)
