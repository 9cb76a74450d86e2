"""Memory pool for large arrays.

Each window's arrays are about as large as those of the window before. New memory for them takes as
long as filling them: the system clears every page first. So the pool keeps its blocks, and reuses a
block once no array uses it. A cache, never state.
"""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress
from math import prod
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_SMALLEST = 1 << 20  # bytes; the allocator does well below this
_SLACK = 1.25  # windows differ a little in size

_blocks: list[mmap.mmap] = []
_lock = Lock()


def empty_pooled(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return ``np.empty(shape, dtype)``, in pooled memory if it is large."""
    count, kind = prod(shape), np.dtype(dtype)
    if count * kind.itemsize < _SMALLEST or sys.platform != "linux":
        return np.empty(shape, kind)
    with _lock:
        block = _find_block(count * kind.itemsize)
        return np.frombuffer(block, kind, count).reshape(shape)


def release_unused() -> None:
    """Return unused blocks to the system."""
    with _lock:
        _blocks[:] = [block for block in _blocks if _is_in_use(block)]


def _find_block(size: int) -> mmap.mmap:
    """Return the smallest free block that fits, or replace the free ones by a new one."""
    for block in sorted(_blocks, key=len):
        if len(block) >= size and not _is_in_use(block):
            return block
    _blocks[:] = [block for block in _blocks if _is_in_use(block)]
    block = mmap.mmap(-1, int(size * _SLACK), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a hint for speed; some systems have no huge pages
        block.madvise(mmap.MADV_HUGEPAGE)
    _blocks.append(block)
    return block


def _is_in_use(block: mmap.mmap) -> bool:
    """Test whether an array uses a block: Python refuses to resize memory that has a view."""
    try:
        block.resize(len(block))
    except BufferError:
        return True
    return False
