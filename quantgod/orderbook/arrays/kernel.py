"""How kernels are compiled: once, to machine code that is cached next to the sources.

numba caches compiled code by the file that defines a kernel, and does not notice that a kernel
*called* from another file has changed. So a digest of all sources names the cache folder: an edited
or updated project never runs old code.

Undocumented parts of numba are reached from here alone: ``config.CACHE_DIR``,
``config.DISABLE_JIT``, the option ``_nrt`` and ``trailing_zeros``.
``tests/project/test_private_parts.py`` fails with a clear message when an upgrade removes one.
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


# ``_nrt``: kernels make no arrays, so numba need not count references to their arguments. It would
# do so at each call and each slice, atomically, which takes more time than all the rest.
# ``error_model``: division by zero gives inf or NaN, as in numpy, without a test before it.
_OPTIONS: Any = {"cache": True, "nogil": True, "_nrt": False, "error_model": "numpy"}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function to machine code that holds no lock and touches no Python object.

    It must not make arrays: its caller does.
    """
    return numba.njit(**_OPTIONS)(function)


def inlined_kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel whose code is copied into its callers: for each level, or each message."""
    return numba.njit(forceinline=True, **_OPTIONS)(function)


def _count_trailing_zeros(word: Any) -> int:
    return (int(word) & -int(word)).bit_length() - 1 if word else 64


# Zero bits below the lowest set bit of a uint64, or 64 for 0: one instruction, which numba offers
# nowhere else. Plain Python where kernels are not compiled, for a debugger or for coverage.
trailing_zeros: Any = (
    _count_trailing_zeros if getattr(config, "DISABLE_JIT", False) else numbers.trailing_zeros
)
