"""How a stream is sampled."""

from __future__ import annotations

from quantgod.orderbook.sampling import FEATURE_DEPTH, SampleRule
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.manifest import Recipe


def sample_rule(stream: Stream, recipe: Recipe) -> SampleRule:
    """How a stream is sampled: whole books, as deep as its topic promises or the cut needs."""
    promised = stream.dialect.promised_depth(stream.topic)
    return SampleRule(
        interval_ms=recipe.sampling_interval_ms,
        max_staleness_ms=recipe.max_staleness_ms,
        drop_on_gap=recipe.on_sequence_gap == "drop",
        depth=max(promised, recipe.orderbook_levels, FEATURE_DEPTH),
        levels=recipe.orderbook_levels,
        promised_depth=promised,
    )
