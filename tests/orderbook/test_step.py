"""The window step: state passes from window to window and is not kept by the bars."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from quantgod.orderbook.formats import bybit
from quantgod.orderbook.recipe import Recipe
from quantgod.orderbook.step import Stages, join, parser_of, plain_stages, walk
from quantgod.orderbook.windows import Extent, plan_windows
from quantgod.synthetic import StreamSpec, generate_text
from tests.support.core import MemoryText

SPEC = StreamSpec("BTCUSDT", "linear", 50, start_ms=0, end_ms=30_000, seed=1, activity="quiet")
RECIPE = Recipe(1_000, 1_000, 10, 10_000, "drop")


def test_no_book_outlives_the_next_window() -> None:
    """Memory does not grow with the number of windows."""
    books: list[weakref.ref[Any]] = []
    most = 0
    rule = RECIPE.sample_rule(50)
    text = MemoryText(b"".join(generate_text(SPEC)))
    plain = plain_stages(parser_of(bybit.DIALECT, text), RECIPE, rule)

    def sample(*given: Any) -> Any:
        nonlocal most
        sampled = plain.sample(*given)
        books.append(weakref.ref(sampled.book))
        gc.collect()
        most = max(most, sum(book() is not None for book in books))
        return sampled

    stages: Stages = plain._replace(sample=sample)
    plan = plan_windows(Extent(0, 0, None), RECIPE, rule, fixed_ms=1_000)
    bars = join(part for _, part in walk(stages, plan))
    assert bars.table.num_rows == 31  # the deltas after the end fall into one more
    assert len(books) > 30
    assert most <= 2
