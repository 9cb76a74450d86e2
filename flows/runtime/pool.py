"""Archives in parallel: tasks in a pool of processes, or one after the other in this one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import active_children
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

from prefect import Task
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import ProcessPoolTaskRunner

from flows.runtime import pool_process
from flows.runtime.history import mark_crashed
from flows.runtime.outcome import outcome_of
from quantgod.errors import WorkerKilledError
from quantgod.settings.values import usable_cores

Call = Mapping[str, Any]
Result = TypeVar("Result")

LOCK_SECONDS = 2.0  # a message is written in milliseconds


class Workers:
    """Runs one task for many archives; one that fails leaves the others going.

    With one worker all runs in this process, where a debugger sees it.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolTaskRunner | None = None
        self._open = ExitStack()
        self._lost: set[UUID] = set()  # task runs that broke with a pool

    def __enter__(self) -> Workers:
        self._notes = Path(self._open.enter_context(TemporaryDirectory(prefix="l2-pool-")))
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is not None and not isinstance(error, Exception):
            self._kill_processes()  # Ctrl-C, or the system ends this run
        self._open.__exit__(kind, error, trace)
        self._pool = None
        if self._lost and (context := FlowRunContext.get()) and context.flow_run:
            mark_crashed(self._lost, context.flow_run.id)

    def leave_a_core_each(self, calls: int) -> bool:
        """Whether beside every worker that will be busy with so many calls a core is idle."""
        return 2 * min(self._count, calls) <= usable_cores()

    def run(
        self, task: Task[..., Result], calls: Sequence[Call]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """Run the task once for each call's parameters.

        Yields:
            (index of the call, what the task returned or the error that it ended with), as they
            finish.
        """
        if self._count == 1 or len(calls) <= 1:
            for index, call in enumerate(calls):
                yield index, outcome_of(lambda call=call: task(**call))  # type: ignore[misc]
            return
        noted = task.with_options(on_running=[pool_process.note_task_run])
        left = dict(enumerate(calls))
        while left:
            for index, outcome in self._run_in_pool(noted, left.copy()):
                del left[index]
                yield index, outcome

    def _run_in_pool(
        self, task: Task[..., Result], calls: Mapping[int, Call]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """Outcomes of all calls; if a process is killed, of what it was at and what was done."""
        pool = self._started_pool()
        index_of: dict[UUID, int] = {}
        futures: list[PrefectFuture[Result]] = []
        for index, call in calls.items():
            futures.append(pool.submit(task, dict(call)))
            index_of[futures[-1].task_run_id] = index
        lost: dict[UUID, Exception] = {}
        for future in as_completed(futures):
            outcome = outcome_of(future.result)
            if isinstance(outcome, BrokenProcessPool):
                lost[future.task_run_id] = outcome
            else:
                yield index_of[future.task_run_id], outcome
        if lost:
            self._lost |= lost.keys()
            killed = self._bury_pool(sorted(lost, key=index_of.__getitem__))
            # Where nobody can be blamed, all are: else the same would begin again and again.
            yield from ((index_of[run], error) for run, error in (killed or lost).items())

    def _bury_pool(self, lost: Sequence[UUID]) -> dict[UUID, WorkerKilledError]:
        """Drop a broken pool; what each killed process was at, among the lost task runs."""
        executor: Any = getattr(self._pool, "_executor", None)
        processes = [*(getattr(executor, "_processes", None) or {}).values()]
        if executor:
            executor.shutdown()  # all have ended then, and it is known how
        if queue := self._messages():  # nobody is left who could hold its lock
            queue._wlock.acquire(timeout=LOCK_SECONDS)
            queue._wlock.release()
        self._pool = None  # what comes next starts one of its own
        killed = pool_process.blame(processes, self._notes, lost)
        return {run: _killed(exit_code) for run, exit_code in killed.items()}

    def _kill_processes(self) -> None:
        """End the pool's processes; what they have not finished, the next run makes.

        The pool itself would wait for the archives under way, and for more: minutes.
        """
        # They share a queue for what Prefect is told, and its lock: one that were killed with the
        # lock in its hand would let the pool wait for ever.
        queue = self._messages()
        is_held = queue is not None and queue._wlock.acquire(timeout=LOCK_SECONDS)
        for process in active_children():
            process.kill()
            process.join()
        if is_held:
            queue._wlock.release()

    def _messages(self) -> Any:
        """Prefect's queue of what the pool's processes tell the parent."""
        return getattr(self._pool, "_subprocess_message_queue", None)

    def _started_pool(self) -> ProcessPoolTaskRunner:
        if self._pool is None:
            self._open.enter_context(_server_known_to_children())
            runner = ProcessPoolTaskRunner(
                max_workers=self._count, initializer=pool_process.begin, initargs=(self._notes,)
            )
            self._pool = self._open.enter_context(runner)
        return self._pool


def _killed(exit_code: int) -> WorkerKilledError:
    names = {-number: number.name for number in signal.Signals}
    return WorkerKilledError(
        "the process that worked on it was killed "
        f"({names.get(exit_code, f'exit code {exit_code}')}); the system does so when memory runs "
        "out. Run again, with fewer execution.workers if it happens again"
    )


@contextmanager
def _server_known_to_children() -> Iterator[None]:
    """Give pool processes the address of this process's server.

    Without it each would start a temporary server of its own where none is configured.
    """
    with get_client(sync_client=True) as client:
        url = str(client.api_url)
    if "PREFECT_API_URL" in os.environ:
        yield
        return
    os.environ["PREFECT_API_URL"] = url
    try:
        yield
    finally:
        del os.environ["PREFECT_API_URL"]
