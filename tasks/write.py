"""Stage: a table → Parquet under a temporary name, fsynced."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from quantgod.storage.archives.streams import Stream
from quantgod.storage.outputs.tables import Compression, write_table
from tasks.stage import stage


@stage("write {stream}")
def write(
    stream: Stream,  # noqa: ARG001 - names the run
    table: pa.Table,
    final: Path,
    metadata: Mapping[str, str],
    compression: Compression,
) -> Path:
    """Write a temporary file next to ``final``; a rename publishes it later."""
    return write_table(table, final, metadata, compression)
