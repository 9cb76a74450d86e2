"""Stage: bars + last close of the day before → the feature columns, unscaled."""

from pathlib import Path

from quantgod.orderbook import features
from quantgod.orderbook.features import Featured, LastBar
from quantgod.orderbook.recipe import Recipe
from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.tables import read_table
from tasks.stage import stage


@stage("add_features {stream}")
def add_features(
    stream: Stream,  # noqa: ARG001 - names the run
    bars: Path,
    recipe: Recipe,
    before: LastBar | None,
) -> Featured:
    """Make a stream's output table, before scaling."""
    table = read_table(bars)
    return features.add_features(table, recipe.bar_interval_ms, recipe.orderbook_levels, before)
