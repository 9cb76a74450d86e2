"""Compile kernels once, to machine code that is cached next to the sources.

numba caches compiled code by the file that defines a kernel, and misses changes of kernels that it
*calls* in other files. So a digest of all sources names the cache folder: an edited project never
runs old code.

Only this module uses undocumented parts of numba: ``config.CACHE_DIR``, ``config.DISABLE_JIT``, the
option ``_nrt`` and ``trailing_zeros``. ``tests/project/test_private_parts.py`` explains the failure
when an upgrade removes one.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.cpython.unsafe import numbers

_LIBRARY = Path(__file__).parents[2]
_SOURCES = (_LIBRARY / "orderbook", _LIBRARY / "synthetic")  # the folders that define kernels


def _sources_digest() -> str:
    digest = sha256()
    for source in sorted(path for folder in _SOURCES for path in folder.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


CACHE = _LIBRARY / "__pycache__" / f"kernels-{_sources_digest()}"

# numba documents only the environment variable NUMBA_CACHE_DIR, which child processes inherit. Type
# checkers do not see the attribute: numba sets it dynamically.
setattr(config, "CACHE_DIR", str(CACHE))  # noqa: B010


# ``_nrt``: kernels allocate no arrays, so numba need not count references to their arguments. The
# atomic counting at each call and slice would take more time than all the rest.
# ``error_model``: division by zero gives inf or NaN, as in numpy, without a test before it.
_OPTIONS: Any = {"cache": True, "nogil": True, "_nrt": False, "error_model": "numpy"}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function, which must not allocate arrays, to machine code that releases the GIL."""
    return numba.njit(**_OPTIONS)(function)


def inlined_kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel inlined into its callers, for code that runs per level or per message."""
    return numba.njit(forceinline=True, **_OPTIONS)(function)


def _count_trailing_zeros(word: Any) -> int:
    return (int(word) & -int(word)).bit_length() - 1 if word else 64


# Zero bits below the lowest set bit of a uint64, or 64 for 0: one instruction, which numba offers
# only here. Plain Python if kernels are not compiled, for a debugger or for coverage.
trailing_zeros: Any = (
    _count_trailing_zeros if getattr(config, "DISABLE_JIT", False) else numbers.trailing_zeros
)
