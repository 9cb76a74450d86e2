"""A pool process: its start, its end, and a note of its current task run for the parent.

The system kills processes when memory runs out, and a broken pool does not say which one was
killed. So each process writes the id of its current task run to a file, and the parent can name
the archive.
"""

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
    """Initialize a process of the pool.

    Args:
        notes: folder in which each process keeps a file, named by its id.
    """
    global _notes  # noqa: PLW0603 - a process belongs to one pool
    _notes = notes
    # A terminal sends Ctrl-C to all processes; an interrupted task would count as a failed one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """End this process when its parent ends, even by a kill: it would wait for work forever."""
    if parent := parent_process():
        parent.join()
        os._exit(1)


def note_task_run(task: Any, run: Any, state: Any) -> None:  # noqa: ARG001 - a Prefect hook
    """Note the task run that this process begins."""
    if _notes:
        (_notes / str(os.getpid())).write_text(str(run.id))


def find_killed(
    processes: Iterable[BaseProcess], notes: Path, lost: Sequence[UUID]
) -> dict[UUID, int]:
    """Find the task runs whose processes were killed, with the exit codes of those.

    Args:
        processes: all processes of the broken pool, ended. SIGTERM does not count as a kill: the
            pool itself ends the surviving processes with it.
        notes: the folder of their files.
        lost: the task runs that ended with the pool, in the order of submission.
    """
    noted = {file.name: UUID(file.read_text()) for file in notes.iterdir()}
    # A process that was killed before it wrote had taken the first task run that no file names.
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
