"""A process of the pool, beside its work: how it ends, and what it leaves behind if it is killed.

The system kills processes when memory runs out, and a pool then says only that one is gone. So each
notes the task run that it is at, and the parent can name the archive.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Sequence
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import UUID

_notes: Path | None = None  # a folder; set once, when the process starts


def begin(notes: Path) -> None:
    """Start as a process of the pool.

    Args:
        notes: folder for the notes of all processes, a file for each.
    """
    global _notes  # noqa: PLW0603 - a process has one pool
    _notes = notes
    # A terminal sends Ctrl-C to all processes; an interrupted task would be taken for a failed one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """A parent that was killed takes its processes along: they would wait for work for ever."""
    if parent := parent_process():
        parent.join()
        os._exit(1)


def note_task_run(task: Any, run: Any, state: Any) -> None:  # noqa: ARG001 - a Prefect hook
    """Note that this process is at a task run from now on."""
    if _notes:
        (_notes / str(os.getpid())).write_text(str(run.id))


def blame(processes: Iterable[BaseProcess], notes: Path, lost: Sequence[UUID]) -> dict[UUID, int]:
    """The task runs that a broken pool's killed processes were at, with their exit codes.

    Args:
        processes: all of the pool, ended; those that the pool ended itself, by SIGTERM, are not
            meant.
        notes: the folder of their notes.
        lost: the task runs that broke with the pool, in the order in which they were given to it.
    """
    noted = {file.name: UUID(file.read_text()) for file in notes.iterdir()}
    # A process that was killed before its note had taken the next that nobody has begun.
    not_begun = (run for run in lost if run not in noted.values())
    killed: dict[UUID, int] = {}
    for process in processes:
        if process.exitcode in (0, -signal.SIGTERM):
            continue
        run = noted.get(str(process.pid))
        run = run if run in lost else next(not_begun, None)
        if run:
            killed[run] = process.exitcode or 0
    return killed
