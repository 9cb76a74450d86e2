"""Stage: z-score the feature columns with a fitted scaler."""

import pyarrow as pa

from quantgod.orderbook.scaling import Moments, apply_scaler
from quantgod.storage.archives.streams import Stream
from tasks.stage import stage


@stage("scale {stream}")
def scale(stream: Stream, table: pa.Table, moments: Moments) -> pa.Table:  # noqa: ARG001 - names the run
    """Scale the feature columns of a table."""
    return apply_scaler(table, moments)
