"""Convert between Arrow columns and numpy arrays without copying.

pyarrow's own conversions import pandas to test for its types, which takes every worker process a
second or more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def to_arrow(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Convert a numpy array to an Arrow array; NaN becomes null.

    Args:
        values: (n,) numbers; times in milliseconds.
        kind: float64, int64, int32, or a timestamp in milliseconds.
    """
    stored = np.ascontiguousarray(values, dtype=_dtype_of(kind))
    missing = np.isnan(stored)
    validity = _pack(~missing) if missing.any() else None
    return pa.Array.from_buffers(kind, len(stored), [validity, pa.py_buffer(stored)])


def to_mask(chosen: NDArray[np.bool_]) -> pa.Array:
    """Convert a selection of rows to a mask for ``Table.filter``."""
    return pa.Array.from_buffers(pa.bool_(), len(chosen), [None, _pack(chosen)])


def to_numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    """Convert a column of one of these types to a numpy array; null becomes NaN.

    Raises:
        ValueError: a null in a column of integers.
    """
    array = column.combine_chunks()
    kind, rows = _dtype_of(array.type), slice(array.offset, array.offset + len(array))
    validity, data = array.buffers()
    values = np.frombuffer(data, kind)[rows] if data else np.empty(0, kind)
    if array.null_count == 0:
        return values
    valid = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")[rows]
    if kind is not np.float64:
        raise ValueError(f"{array.null_count} nulls in a column of {array.type}")
    return np.where(valid.astype(bool), values, np.nan)


def _pack(bits: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(bits, bitorder="little"))


def _dtype_of(kind: pa.DataType) -> Any:
    if kind == pa.float64():
        return np.float64
    if kind == pa.int32():
        return np.int32
    if kind == pa.int64() or (pa.types.is_timestamp(kind) and kind.unit == "ms"):
        return np.int64
    raise TypeError(f"no numpy array shares its memory with a column of {kind}")
