"""No row depends on a later message, in any dialect."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.dialects import WRITERS, rewrite
from quantgod.causality.check import main
from quantgod.orderbook.formats import dialect_named
from tests.support.core import cut_day
from tests.support.csv_streams import KINDS as CSV_KINDS
from tests.support.csv_streams import Kind, csv_texts, is_of_one_stream
from tests.support.effort import examples
from tests.support.known_rows import compare, tables_of
from tests.support.perturbed import SEEDS, SOME_KINDS, TEXT, instants, perturb
from tests.support.same_day import cuts
from tests.support.streams import DAY, Case, settings_of_cases


@pytest.mark.parametrize("kind", CSV_KINDS, ids=lambda kind: kind.dialect.name)
@examples(150)
@given(st.data())
def test_known_rows_stay(kind: Kind, data: st.DataObject) -> None:
    """For any messages at T or later, and any cut of either text into windows."""
    rules = data.draw(settings_of_cases())
    text = data.draw(csv_texts(kind, rules))
    assume(is_of_one_stream(kind, text))
    instant_ms = data.draw(instants(Case(text, rules), kind.dialect))
    perturbed = perturb(text, instant_ms, data.draw(SEEDS), data.draw(SOME_KINDS), kind.dialect)
    mine, theirs = (
        tables_of(each, rules, cut_day(DAY, data.draw(cuts(rules.bar_interval_ms))), kind.dialect)
        for each in (text, perturbed.text)
    )
    assert compare(mine, theirs, instant_ms).first == ()


@pytest.mark.parametrize("name", WRITERS)
def test_the_check_of_an_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Of a gzip file in any dialect."""
    suffix = dialect_named(name).suffixes[0]
    path = tmp_path / f"2024-08-08_BTCUSDT{suffix}.gz"
    path.write_bytes(gzip.compress(b"".join(rewrite([TEXT], name))))
    options = ("--trials=3", "--etl.sampling_interval_ms=100", "--etl.resampling_interval=1s")
    assert main([str(path), *options]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("causal: ")
