"""The private parts of Python's process pool and queue: only this module uses them.

``tests/project/test_private_parts.py`` fails with a clear message when an upgrade removes one.
"""

from multiprocessing.process import BaseProcess
from typing import Any


def processes_of(executor: Any) -> list[BaseProcess]:
    """The processes of a ``ProcessPoolExecutor``; none if there is no executor.

    A broken pool does not say which process was killed: their exit codes do.
    """
    return [*(getattr(executor, "_processes", None) or {}).values()]


def writer_lock_of(queue: Any) -> Any:
    """The lock under which processes write to a ``multiprocessing.Queue``; None if there is none.

    A process that is killed while it holds this lock never releases it, and blocks all others.
    """
    return getattr(queue, "_wlock", None)
