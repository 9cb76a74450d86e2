"""A pool of worker processes that runs one Prefect task for many archives."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import active_children
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeVar
from uuid import UUID

from prefect import Task
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import ProcessPoolTaskRunner

from flows.runtime import pool_process
from flows.runtime.failures import result_or_error
from flows.runtime.history import mark_crashed
from flows.runtime.pool_internals import processes_of, writer_lock_of
from flows.runtime.prefect_internals import executor_of, message_queue_of
from quantgod.errors import WorkerKilledError
from quantgod.settings.values import usable_cores

Call = Mapping[str, Any]
Result = TypeVar("Result")

LOCK_SECONDS = 2.0  # a process holds the lock for the milliseconds that a message takes


class Workers:
    """Runs one task for many archives; one that fails leaves the others running.

    With one worker everything runs in this process, where a debugger can follow it.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolTaskRunner | None = None
        self._open = ExitStack()
        self._lost: set[UUID] = set()  # task runs that ended with a broken pool

    def __enter__(self) -> Self:
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
        """Whether this many calls leave an idle core for each busy worker."""
        return 2 * min(self._count, calls) <= usable_cores()

    def run(
        self, task: Task[..., Result], calls: Sequence[Call]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """Run the task once for each call's parameters.

        Yields:
            (index of the call, the task's result or its error), in the order in which they finish.
        """
        if self._count == 1 or len(calls) <= 1:
            for index, call in enumerate(calls):
                yield index, result_or_error(task, **call)
            return
        noted = task.with_options(on_running=[pool_process.note_task_run])
        left = dict(enumerate(calls))
        while left:
            for index, result in self._run_in_pool(noted, left.copy()):
                del left[index]
                yield index, result

    def _run_in_pool(
        self, task: Task[..., Result], calls: Mapping[int, Call]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """Run calls until all are done or the pool breaks.

        Yields:
            As ``run`` does. After a break: the finished calls, and an error for each call whose
            process was killed. The remaining calls need a new pool.
        """
        pool = self._started_pool()
        index_of: dict[UUID, int] = {}
        futures: list[PrefectFuture[Result]] = []
        for index, call in calls.items():
            futures.append(pool.submit(task, dict(call)))
            index_of[futures[-1].task_run_id] = index
        lost: dict[UUID, Exception] = {}
        for future in as_completed(futures):
            result = result_or_error(future.result)
            if isinstance(result, BrokenProcessPool):
                lost[future.task_run_id] = result
            else:
                yield index_of[future.task_run_id], result
        if lost:
            self._lost |= lost.keys()
            killed = self._discard_pool(sorted(lost, key=index_of.__getitem__))
            # If no process was killed, every lost call fails: repeating them might never end.
            yield from ((index_of[run], error) for run, error in (killed or lost).items())

    def _discard_pool(self, lost: Sequence[UUID]) -> dict[UUID, WorkerKilledError]:
        """Shut down a broken pool; return an error for each task run whose process was killed.

        Args:
            lost: the task runs that ended with the pool, in the order of submission.
        """
        executor = executor_of(self._pool)
        processes = processes_of(executor)  # shutting down forgets them
        if executor:
            executor.shutdown()  # all processes have ended then, and have exit codes
        # A dead process may still hold the lock: release it in its place.
        if lock := writer_lock_of(message_queue_of(self._pool)):
            lock.acquire(timeout=LOCK_SECONDS)
            lock.release()
        self._pool = None  # the next call starts a new one
        killed = pool_process.find_killed(processes, self._notes, lost)
        return {run: _killed(exit_code) for run, exit_code in killed.items()}

    def _kill_processes(self) -> None:
        """Kill the pool's processes at once; the next run makes the archives under way.

        The pool's own shutdown would wait for them, for minutes.
        """
        # A process that is killed while it holds the lock would block the shutdown forever.
        lock = writer_lock_of(message_queue_of(self._pool))
        is_held = lock is not None and lock.acquire(timeout=LOCK_SECONDS)
        for process in active_children():
            process.kill()
            process.join()
        if is_held:
            lock.release()

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
        f"({names.get(exit_code, f'exit code {exit_code}')}); the system kills processes when "
        "memory runs out. Run again, and lower execution.workers if it happens again"
    )


@contextmanager
def _server_known_to_children() -> Iterator[None]:
    """Give pool processes the address of this process's server.

    Otherwise each would start a temporary server of its own where none is configured.
    """
    if "PREFECT_API_URL" in os.environ:
        yield
        return
    with get_client(sync_client=True) as client:
        os.environ["PREFECT_API_URL"] = str(client.api_url)
    try:
        yield
    finally:
        del os.environ["PREFECT_API_URL"]
