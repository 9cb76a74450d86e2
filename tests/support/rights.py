"""File permissions that bind root too, as they bind every other user."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_VERSION = 0x20080522  # of the structures below
_OVERRIDES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@contextmanager
def refused(path: Path, mode: int) -> Iterator[None]:
    """Change the mode of a file or folder and enforce it: root's thread drops its privilege."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        with _without_overrides():
            yield
    finally:
        path.chmod(before)


@contextmanager
def _without_overrides() -> Iterator[None]:
    """Drop two effective capabilities of this thread, then raise them again."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    data = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: 32 bits, then 32 more
    if libc.capget(header, data):
        pytest.skip("capabilities cannot be read here, so root may always write")
    effective = data[0]
    data[0] = effective & ~_OVERRIDES
    if libc.capset(header, data):
        pytest.skip("capabilities cannot be set here, so root may always write")
    try:
        yield
    finally:
        data[0] = effective
        libc.capset(header, data)
