"""Order-book archives to bars, as a library: everything here works without Prefect.

>>> import quantgod
>>> bars = quantgod.bars_of(archive, resampling_interval="1s", orderbook_levels=10)
>>> bars.table.column_names[:6]
['datetime', 'available_at', 'open', 'high', 'low', 'close']
>>> bars.table.num_rows > 0, bars.counts.unreadable
(True, 0)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported when they are used, so that importing the library takes no time
    from quantgod.orderbook.step import StreamBars

__all__ = ["bars_of"]


def bars_of(path: Path | str, *, member: str | None = None, **recipe: Any) -> StreamBars:
    """Make the bars of an archive.

    Args:
        path: a ZIP or gzip file of order-book messages; it is read through memory.
        member: the member to read, where the archive holds several.
        **recipe: keys of the section ``etl`` with the defaults of configs/README.md, such as
            ``sampling_interval_ms=100``, ``resampling_interval="5min"``, ``orderbook_levels=50``.

    Returns:
        ``table``: an Arrow table with one row per bar, as docs/data.md §5 describes bars;
        ``counts``: everything counted on the way, such as unreadable lines.

    Raises:
        SettingsError: a key of the recipe is unknown, or its value is wrong.
        SourceError: there is no file at ``path``, or several members and none was chosen.
        ArchiveError: the archive is damaged, or no reader knows its format.
    """
    from quantgod.settings.settings import etl_settings
    from quantgod.storage.archives.streams import make_stream_bars, open_stream

    return make_stream_bars(open_stream(Path(path), member), etl_settings(recipe).recipe)
