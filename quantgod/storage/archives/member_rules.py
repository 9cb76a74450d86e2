"""Which members of a ZIP are streams, which are litter, and which are refused."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath, PureWindowsPath

# A bomb unpacks to a hundred times its size or more, order-book text to about ten times.
BOMB_RATIO, BOMB_SIZE = 100, 64 << 20

_LITTER = ("__MACOSX", ".")
_ENCRYPTED = 1  # a bit of a member's flags
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def why_refused(entry: zipfile.ZipInfo) -> str | None:
    """Explain why a member of a whole ZIP is refused; None if it is read."""
    if entry.flag_bits & _ENCRYPTED:
        return (
            "expected a member without a password, found an encrypted one; re-create the ZIP "
            "without a password"
        )
    if entry.compress_type not in _COMPRESSIONS:
        method = entry.compress_type
        return (
            f"expected deflate, found compression method {method}; re-create the ZIP with deflate"
        )
    if entry.file_size > max(BOMB_SIZE, BOMB_RATIO * entry.compress_size):
        return (
            f"expected at most {BOMB_RATIO} bytes of text per compressed byte, found "
            f"{entry.file_size:,} in {entry.compress_size:,}: this is not order-book text"
        )
    if _leads_outside(entry.filename):
        return (
            "expected a member name inside the ZIP, found one that leads outside; do not trust "
            "this archive"
        )
    return None


def is_litter(name: str) -> bool:
    """Whether a member is a hidden file or one of macOS's, and no data."""
    parts = PurePosixPath(name).parts
    return not _leads_outside(name) and any(part.startswith(_LITTER) for part in parts)


def _leads_outside(name: str) -> bool:
    """Whether a name leaves its folder: nothing is unpacked, but it is a sign of tampering."""
    path = PureWindowsPath(name)  # knows both kinds of slash, and drives
    return bool(path.anchor) or ".." in path.parts
