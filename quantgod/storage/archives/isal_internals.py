"""The private part of isal, igzip's raw reader, reached from here alone.

``tests/project/test_private_parts.py`` fails with a sentence when an upgrade takes it away.
"""

from __future__ import annotations

from typing import Any

from isal.isal_zlib import _GzipReader


def igzip_reader(file: Any, piece: int) -> Any:
    """Inflate a gzip file straight into buffers of the caller's, with ``readinto``.

    The public ``IGzipFile`` inflates into a buffer of its own first and copies from there.

    Args:
        file: a binary file, read with its ``readinto``.
        piece: bytes of the file to read at once.
    """
    return _GzipReader(file, piece)
