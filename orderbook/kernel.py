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

_HERE = Path(__file__).parent


def _sources_digest() -> str:
    digest = sha256()
    for source in sorted(_HERE.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


# numba sets its options dynamically: no type checker sees them.
setattr(config, "CACHE_DIR", str(_HERE / "__pycache__" / f"kernels-{_sources_digest()}"))  # noqa: B010


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function to machine code that holds no lock and touches no Python object."""
    return numba.njit(cache=True, nogil=True)(function)
