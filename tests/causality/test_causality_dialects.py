"""No row depends on its future, in any dialect; and there is another future for each."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.dialects import WRITERS, rewrite
from quantgod.causality.check import main
from quantgod.causality.future import KINDS
from quantgod.orderbook.formats import DIALECTS, dialect_named
from quantgod.orderbook.formats.dialect import Dialect
from tests.causality.test_causality import EDGES, FOREVER, RULES, TEXT, compare, tables_of
from tests.orderbook.test_core_equals_twin import cuts
from tests.orderbook.test_csv_equals_twin import is_of_one_stream
from tests.support.core import cut_day
from tests.support.csv_streams import KINDS as CSV_KINDS
from tests.support.csv_streams import Kind, csv_texts
from tests.support.futures import SEEDS, SOME_KINDS, change, instants, messages_of
from tests.support.streams import DAY, Case, settings_of_cases

HARMLESS = ("doubled", "other update id")  # a level set twice, an id that no row has


@pytest.mark.parametrize("kind", CSV_KINDS, ids=lambda kind: kind.dialect.name)
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_is_known_stays(kind: Kind, data: st.DataObject) -> None:
    """Whatever comes at T or after, and however either text is cut into windows."""
    rules = data.draw(settings_of_cases())
    text = data.draw(csv_texts(kind, rules))
    assume(is_of_one_stream(kind, text))
    instant_ms = data.draw(instants(Case(text, rules), kind.dialect))
    changed = change(text, instant_ms, data.draw(SEEDS), data.draw(SOME_KINDS), kind.dialect)
    mine, theirs = (
        tables_of(each, rules, cut_day(DAY, data.draw(cuts(rules.bar_interval_ms))), kind.dialect)
        for each in (text, changed.text)
    )
    assert compare(mine, theirs, instant_ms).first == ()


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_alone(name: str, kind: str) -> None:
    """It happens, and leaves the known rows; some trial changes later ones."""
    dialect, text = dialect_named(name), b"".join(rewrite([TEXT], name))
    original, differing = tables_of(text, RULES, None, dialect), 0
    for seed, instant_ms in enumerate(EDGES[::2]):
        changed = change(text, instant_ms, seed, (kind,), dialect)
        tables = tables_of(changed.text, RULES, None, dialect)
        assert changed.rewriter.kinds[kind] > 5
        assert compare(original, tables, instant_ms).first == ()
        differing += compare(original, tables, FOREVER).differing
    assert differing > 0 or kind in HARMLESS


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_line_is_read_back_as_it_was_written(dialect: Dialect) -> None:
    """In whatever dialect."""
    name = dialect.name
    text = b"".join(rewrite([TEXT], name)) if name in WRITERS else TEXT
    for line, message in messages_of(text, dialect):
        if message:
            assert dialect.words.read(dialect.words.write(line, message)) == message


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
