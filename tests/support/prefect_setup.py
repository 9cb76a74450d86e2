"""Prefect configures itself when it is imported: rooms that need it set it up before."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from flows.runtime.launcher import configure_prefect


@cache
def configure() -> None:
    """Let Prefect write its log into a temporary folder."""
    configure_prefect(Path(tempfile.mkdtemp(prefix="l2-test-logs-")))
