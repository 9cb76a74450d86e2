"""The fast core equals the slow, obvious twin on generated streams of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.errors import MixedStreamError
from quantgod.orderbook.book.ladder import RUNGS
from quantgod.orderbook.features import LastBar, add_features, times_ms
from tests.support import streams
from tests.support.core import cut_day, rebuild_with_core
from tests.support.effort import examples
from tests.support.same_day import assert_same_day, assert_same_features, assert_uncut, cuts
from tests.support.streams import DAY, NEXT_DAY, Case
from tests.support.twin import MixedStream, TwinSettings, dataset, rebuild_day, warmup_rows

LADDERS = (64, 128, RUNGS)


@examples(300)
@given(st.data(), streams.cases())
def test_core_equals_twin_however_the_stream_is_cut(data: st.DataObject, case: Case) -> None:
    """Bars, samples and counts are equal for windows and text pieces of any size.

    Windows never affect the result, to the bit.
    """
    twin = rebuild_day(case.text, DAY, case.settings)
    windows = cut_day(DAY, data.draw(cuts(case.settings.bar_interval_ms)))
    piece = data.draw(st.sampled_from((1, 100, 300, 700, 1 << 20)))
    rungs = data.draw(st.sampled_from(LADDERS))
    core = rebuild_with_core(case.text, windows, case.settings, twin.topic, piece, rungs)
    assert_same_day(core, twin, case.settings.levels)
    assert_uncut(core, rebuild_with_core(case.text, cut_day(DAY), case.settings, twin.topic))


@examples(150)
@given(streams.two_day_texts())
def test_features_equal_the_twin_over_midnight(texts: tuple[bytes, bytes]) -> None:
    """The second day's first return uses the first day's last bar."""
    rules = streams.TYPICAL
    days = [rebuild_day(text, day, rules) for text, day in zip(texts, (DAY, NEXT_DAY), strict=True)]
    left_out = warmup_rows(days, rules)
    before: LastBar | None = None
    for text, day, rows, count in zip(
        texts, (DAY, NEXT_DAY), dataset(days, rules), left_out, strict=True
    ):
        core = rebuild_with_core(text, cut_day(day), rules, None)
        featured = add_features(core.bars, rules.bar_interval_ms, rules.levels, before)
        assert featured.warmup_rows == count
        assert_same_features(featured.table.to_pylist(), rows)
        last = core.bars.num_rows - 1
        before = (
            LastBar(int(times_ms(core.bars)[last]), core.bars["close"][last].as_py())
            if last >= 0
            else None
        )


@examples(100)
@given(streams.mixed_texts())
def test_another_symbol_or_topic_ends_the_stream(text: bytes) -> None:
    """Both refuse it; the core names the line."""
    with pytest.raises(MixedStream):
        rebuild_day(text, DAY, TwinSettings())
    with pytest.raises(MixedStreamError) as caught:
        rebuild_with_core(text, cut_day(DAY), TwinSettings(), None)
    assert caught.value.line is not None
