"""A pool of memory for large arrays.

Each window's arrays are about as large as those of the window before. New memory for them takes as
long as filling them: the system clears every page before it hands it out. So the pool keeps its
blocks, and a block that no array uses any more serves the next one. A cache, never state.
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

_SMALLEST = 1 << 20  # bytes; below, the allocator does well
_SLACK = 1.25  # windows differ a little in size

_blocks: list[mmap.mmap] = []
_lock = Lock()


def empty_pooled(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Make an array like ``np.empty(shape, dtype)``, in memory of the pool if it is large."""
    count, kind = prod(shape), np.dtype(dtype)
    if count * kind.itemsize < _SMALLEST or sys.platform != "linux":
        return np.empty(shape, kind)
    with _lock:
        block = _find_block(count * kind.itemsize)
        return np.frombuffer(block, kind, count).reshape(shape)


def release_unused() -> None:
    """Return the blocks that no array uses to the system."""
    with _lock:
        _blocks[:] = [block for block in _blocks if _is_in_use(block)]


def _find_block(size: int) -> mmap.mmap:
    """The smallest free block that is large enough, or a new one that replaces the free ones."""
    free = [block for block in _blocks if not _is_in_use(block)]
    fitting = [block for block in free if len(block) >= size]
    if fitting:
        return min(fitting, key=len)
    _blocks[:] = [block for block in _blocks if not any(block is each for each in free)]
    block = mmap.mmap(-1, int(size * _SLACK), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # advice for speed; a kernel may know no huge pages
        block.madvise(mmap.MADV_HUGEPAGE)
    _blocks.append(block)
    return block


def _is_in_use(block: mmap.mmap) -> bool:
    """Whether an array uses a block: Python refuses to resize memory that has a view."""
    try:
        block.resize(len(block))
    except BufferError:
        return True
    return False
