"""Archives in parallel: tasks in a pool of processes, or one after the other in this one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import active_children
from typing import Any, TypeVar

from prefect import Task
from prefect.client.orchestration import get_client
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import ProcessPoolTaskRunner

from flows.outcome import outcome_of
from flows.setting_values import usable_cores

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

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is not None and not isinstance(error, Exception):
            self._kill_processes()  # Ctrl-C, or the system ends this run
        self._open.__exit__(kind, error, trace)
        self._pool = None

    def leave_a_core_each(self, calls: int) -> bool:
        """Whether beside every worker that will be busy with so many calls a core is idle."""
        return 2 * min(self._count, calls) <= usable_cores()

    def run(
        self, task: Task[..., Result], calls: Sequence[Mapping[str, Any]]
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
        pool = self._started_pool()
        futures: list[PrefectFuture[Result]] = [pool.submit(task, dict(call)) for call in calls]
        index_of = {future.task_run_id: index for index, future in enumerate(futures)}
        for future in as_completed(futures):
            outcome = outcome_of(future.result)
            yield index_of[future.task_run_id], outcome
            if isinstance(outcome, BrokenProcessPool):
                self._pool = None  # a process died: what comes next needs a pool of its own

    def _kill_processes(self) -> None:
        """End the pool's processes; what they have not finished, the next run makes.

        The pool itself would wait for the archives under way, and for more: minutes.
        """
        # They share a queue for what Prefect is told, and its lock: one that were killed with the
        # lock in its hand would let the pool wait for ever.
        queue: Any = getattr(self._pool, "_subprocess_message_queue", None)
        is_held = queue is not None and queue._wlock.acquire(timeout=LOCK_SECONDS)
        for process in active_children():
            process.kill()
            process.join()
        if is_held:
            queue._wlock.release()

    def _started_pool(self) -> ProcessPoolTaskRunner:
        if self._pool is None:
            self._open.enter_context(_server_known_to_children())
            runner = ProcessPoolTaskRunner(
                max_workers=self._count, initializer=_leave_ctrl_c_to_the_parent
            )
            self._pool = self._open.enter_context(runner)
        return self._pool


def _leave_ctrl_c_to_the_parent() -> None:
    """A terminal sends it to all processes; an interrupted task would be taken for a failed one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
