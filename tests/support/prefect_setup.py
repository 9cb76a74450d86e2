"""Configure Prefect before the first import, because it configures itself on import."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from flows.runtime.launcher import configure_prefect


@cache
def configure() -> None:
    """Let Prefect write its log into a temporary folder."""
    configure_prefect(Path(tempfile.mkdtemp(prefix="l2-test-logs-")))
