"""When a pool breaks, the killed processes' exit codes and notes say which archives failed."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from flows.runtime.pool_process import find_killed

FIRST, SECOND, THIRD = (UUID(int=n) for n in (1, 2, 3))


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    pid: int
    exitcode: int


def killed(notes: Path, *ended: Ended, lost: list[UUID], noted: dict[int, UUID]) -> dict[UUID, int]:
    for pid, run in noted.items():
        (notes / str(pid)).write_text(str(run))
    processes: Any = ended
    return find_killed(processes, notes, lost)


@pytest.mark.parametrize("exit_code", [-signal.SIGKILL, -signal.SIGSEGV, 1])
def test_the_killed_process_fails_its_task_run(tmp_path: Path, exit_code: int) -> None:
    """The pool itself ends the other processes: their task runs are merely repeated."""
    found = killed(
        tmp_path, Ended(7, -signal.SIGTERM), Ended(8, exit_code),
        lost=[FIRST, SECOND, THIRD], noted={7: FIRST, 8: SECOND},
    )  # fmt: skip
    assert found == {SECOND: exit_code}


def test_two_may_be_killed(tmp_path: Path) -> None:
    """When memory runs out, the system may kill more than one."""
    found = killed(
        tmp_path, Ended(7, -9), Ended(8, -9), lost=[FIRST, SECOND], noted={7: FIRST, 8: SECOND}
    )
    assert found == {FIRST: -9, SECOND: -9}


@pytest.mark.parametrize("noted", [{7: FIRST}, {7: FIRST, 8: UUID(int=9)}])
def test_a_process_killed_before_its_note_had_the_next(
    tmp_path: Path, noted: dict[int, UUID]
) -> None:
    """The pool assigns work in order; an older note names a finished task run."""
    found = killed(
        tmp_path, Ended(7, -signal.SIGTERM), Ended(8, -9), lost=[FIRST, SECOND, THIRD], noted=noted
    )
    assert found == {SECOND: -9}


def test_no_task_run_fails_where_no_process_was_killed(tmp_path: Path) -> None:
    """All ended by SIGTERM: from outside, or by the pool."""
    ended = [Ended(7, -signal.SIGTERM), Ended(8, -signal.SIGTERM)]
    assert killed(tmp_path, *ended, lost=[FIRST, SECOND], noted={7: FIRST}) == {}
