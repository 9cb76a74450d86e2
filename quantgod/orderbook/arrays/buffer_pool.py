"""Large arrays in memory that is used again.

The arrays of a window are as large as those of the window before. New memory for them costs as much
time as filling them does: the system clears every page before it hands it out. So blocks of memory
are kept, and one that no array lives in any more serves the next. A cache, never state.
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

_SMALLEST = 1 << 20  # below, the allocator does well
_SLACK = 1.25  # windows differ a little in size

_blocks: list[mmap.mmap] = []
_lock = Lock()


def empty_reused(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array like ``np.empty(shape, dtype)``, in memory that may have served before."""
    count, kind = prod(shape), np.dtype(dtype)
    if count * kind.itemsize < _SMALLEST or sys.platform != "linux":
        return np.empty(shape, kind)
    with _lock:
        block = _find_block(count * kind.itemsize)
        return np.frombuffer(block, kind, count).reshape(shape)


def let_go() -> None:
    """Give back to the system what no array lives in: what comes next is of another kind."""
    with _lock:
        _blocks[:] = [block for block in _blocks if _is_in_use(block)]


def _find_block(size: int) -> mmap.mmap:
    """The smallest block that is free and large enough; else a new one, for those too small."""
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
    """Whether an array lives in it: Python lets no memory change its size under a view."""
    try:
        block.resize(len(block))
    except BufferError:
        return True
    return False
