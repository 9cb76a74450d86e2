"""CSV dialects equal their slow, obvious twins on generated streams of every kind."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quantgod.errors import MixedStreamError
from tests.support.core import cut_day, rebuild_with_core
from tests.support.csv_streams import KINDS, Kind, csv_texts, is_of_one_stream
from tests.support.effort import examples
from tests.support.same_day import assert_same_bars, assert_same_counts, assert_same_samples, cuts
from tests.support.streams import DAY, settings_of_cases
from tests.support.twin import MixedStream, rebuild_day

PIECES = (1, 100, 700, 1 << 20)

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.dialect.name)


@each_kind
@examples(200)
@given(st.data())
def test_core_equals_twin_however_the_stream_is_cut(kind: Kind, data: st.DataObject) -> None:
    """Bars, samples and counts are equal for windows and text pieces of any size."""
    rules = data.draw(settings_of_cases())
    text = data.draw(csv_texts(kind, rules))
    windows = cut_day(DAY, data.draw(cuts(rules.bar_interval_ms)))
    piece = data.draw(st.sampled_from(PIECES))
    try:
        twin = rebuild_day(text, DAY, rules, kind.read)
    except MixedStream:
        with pytest.raises(MixedStreamError):
            rebuild_with_core(text, windows, rules, None, piece, dialect=kind.dialect)
        return
    core = rebuild_with_core(text, windows, rules, None, piece, dialect=kind.dialect)
    assert_same_counts(core, twin)
    assert_same_samples(core, twin)
    assert_same_bars(core, twin, rules.levels)


@each_kind
@examples(200)
@given(st.data())
def test_bars_are_bit_identical_however_the_stream_is_cut(kind: Kind, data: st.DataObject) -> None:
    """Neither windows nor the places where the text is torn affect the result."""
    rules = data.draw(settings_of_cases())
    text = data.draw(csv_texts(kind, rules))
    assume(is_of_one_stream(kind, text))
    whole = rebuild_with_core(text, cut_day(DAY), rules, None, dialect=kind.dialect)
    windows = cut_day(DAY, data.draw(cuts(rules.bar_interval_ms)))
    piece = data.draw(st.sampled_from(PIECES))
    parts = rebuild_with_core(text, windows, rules, None, piece, dialect=kind.dialect)
    assert parts.bars.equals(whole.bars)
    assert parts.counts == whole.counts
    assert parts.cursor == whole.cursor
