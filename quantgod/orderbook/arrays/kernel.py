"""How kernels are compiled: once, to machine code that is kept beside the sources.

numba keeps compiled code by the file a kernel stands in and does not see that a kernel *called*
from another file has changed. So the cache folder is named by all sources together: an edited or
updated project never runs old code.
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
_SOURCES = (_LIBRARY / "orderbook", _LIBRARY / "synthetic")  # where kernels are


def _sources_digest() -> str:
    digest = sha256()
    for source in sorted(path for folder in _SOURCES for path in folder.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


CACHE = _LIBRARY / "__pycache__" / f"kernels-{_sources_digest()}"

# numba sets its options dynamically: no type checker sees them.
setattr(config, "CACHE_DIR", str(CACHE))  # noqa: B010


# ``_nrt``: kernels make no arrays, so numba need not count references to those that they are given.
# It would do so at each call and each slice, atomically, which takes more time than all the rest.
# ``error_model``: division by zero gives inf or NaN, as in numpy, without a test before it.
_OPTIONS: Any = {"cache": True, "nogil": True, "_nrt": False, "error_model": "numpy"}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function to machine code that holds no lock and touches no Python object.

    It must not make arrays: they are made by who calls it.
    """
    return numba.njit(**_OPTIONS)(function)


def inlined_kernel(function: Callable[..., Any]) -> Any:
    """A kernel whose code is copied to where it is called: for each level, or each message."""
    return numba.njit(forceinline=True, **_OPTIONS)(function)


def _count_trailing_zeros(word: Any) -> int:
    return (int(word) & -int(word)).bit_length() - 1 if word else 64


# Zero bits below the lowest set bit of a uint64, 64 of 0: one instruction, or plain Python where
# kernels are not compiled, to be debugged or counted.
trailing_zeros: Any = (
    _count_trailing_zeros if getattr(config, "DISABLE_JIT", False) else numbers.trailing_zeros
)
