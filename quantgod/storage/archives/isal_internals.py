"""The private part of isal, igzip's raw reader, reached from here alone.

``tests/project/test_private_parts.py`` fails with a clear message when an upgrade removes it.
"""

from typing import Any

from isal.isal_zlib import _GzipReader

_PIECE = 128 << 10  # bytes of the file read at once


def igzip_reader(file: Any) -> Any:
    """Inflate a gzip file with ``readinto``, straight into buffers of the caller's.

    The public ``IGzipFile`` inflates into a buffer of its own first and copies from there.
    """
    return _GzipReader(file, _PIECE)
