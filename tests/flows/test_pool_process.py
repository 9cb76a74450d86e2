"""Who is to blame when a pool breaks: the killed process, and what it was at."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from flows.runtime.pool_process import blame

FIRST, SECOND, THIRD = (UUID(int=n) for n in (1, 2, 3))


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    pid: int
    exitcode: int


def blamed(notes: Path, *ended: Ended, lost: list[UUID], noted: dict[int, UUID]) -> dict[UUID, int]:
    for pid, run in noted.items():
        (notes / str(pid)).write_text(str(run))
    processes: Any = ended
    return blame(processes, notes, lost)


@pytest.mark.parametrize("exit_code", [-signal.SIGKILL, -signal.SIGSEGV, 1])
def test_the_killed_one_is_blamed(tmp_path: Path, exit_code: int) -> None:
    """The pool ends the others itself: what they were at is only to be made again."""
    found = blamed(
        tmp_path, Ended(7, -signal.SIGTERM), Ended(8, exit_code),
        lost=[FIRST, SECOND, THIRD], noted={7: FIRST, 8: SECOND},
    )  # fmt: skip
    assert found == {SECOND: exit_code}


def test_two_may_be_killed(tmp_path: Path) -> None:
    """When memory runs out, the system may take more than one."""
    found = blamed(
        tmp_path, Ended(7, -9), Ended(8, -9), lost=[FIRST, SECOND], noted={7: FIRST, 8: SECOND}
    )
    assert found == {FIRST: -9, SECOND: -9}


@pytest.mark.parametrize("noted", [{7: FIRST}, {7: FIRST, 8: UUID(int=9)}])
def test_one_killed_before_its_note_had_the_next(tmp_path: Path, noted: dict[int, UUID]) -> None:
    """Work is handed out in order; an older note is of what is done."""
    found = blamed(
        tmp_path, Ended(7, -signal.SIGTERM), Ended(8, -9), lost=[FIRST, SECOND, THIRD], noted=noted
    )
    assert found == {SECOND: -9}


def test_nobody_is_blamed_where_nobody_was_killed(tmp_path: Path) -> None:
    """All ended by SIGTERM: from outside, or by the pool."""
    ended = [Ended(7, -signal.SIGTERM), Ended(8, -signal.SIGTERM)]
    assert blamed(tmp_path, *ended, lost=[FIRST, SECOND], noted={7: FIRST}) == {}
