"""CSV dialects equal their slow, obvious twins on generated streams of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.errors import MixedStreamError
from tests.support.core import cut_day, rebuild_with_core
from tests.support.csv_streams import KINDS, Kind, csv_texts
from tests.support.effort import examples
from tests.support.same_day import assert_same_day, assert_uncut, cuts
from tests.support.streams import DAY, settings_of_cases
from tests.support.twin import MixedStream, rebuild_day

PIECES = (1, 100, 700, 1 << 20)

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.dialect.name)


@each_kind
@examples(240)  # a sixth of them mix streams
@given(st.data())
def test_core_equals_twin_however_the_stream_is_cut(kind: Kind, data: st.DataObject) -> None:
    """Bars, samples and counts are equal for windows and text pieces of any size.

    Neither windows nor the places where the text is torn affect the result, to the bit.
    """
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
    assert_same_day(core, twin, rules.levels)
    assert_uncut(core, rebuild_with_core(text, cut_day(DAY), rules, None, dialect=kind.dialect))
