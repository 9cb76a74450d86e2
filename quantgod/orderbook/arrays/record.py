"""Records: a few named numbers that kernels change in place.

A record is an array of one row, as numba takes 3 µs longer to receive the row itself. Kernels read
and set ``state[0].name``. Python does the same 40 times as fast by ``state["name"][0]``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

Record = NDArray[np.void]  # (1,)


def record_type(*names: str, kind: DTypeLike = np.int64) -> np.dtype[np.void]:
    """The type of a record whose fields have these names, all of one kind.

    >>> int(np.zeros(1, record_type("applied", "snapshots"))[0].applied)
    0
    """
    return np.dtype((np.record, [(name, kind) for name in names]))


def values_of(record: Record) -> dict[str, int]:
    """The fields of a record by name."""
    return dict(zip(record.dtype.names or (), record.item(), strict=True))
