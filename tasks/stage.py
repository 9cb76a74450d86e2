"""What all stages share: how they are named, and which errors are worth trying again."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from quantgod.orderbook.calendar import Window
from quantgod.storage.archives.streams import Stream
from tasks.lending import lend_to, on_loan

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 4
FIRST_DELAY_SECONDS = 1

# Faults of a network, a mount or a busy machine. A full disk, a missing right or a damaged
# archive will be the same in a minute: they fail at once, with their reason.
_TRANSIENT = frozenset(
    {
        errno.EAGAIN, errno.EBUSY, errno.ECONNABORTED, errno.ECONNREFUSED, errno.ECONNRESET,
        errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EINTR, errno.EIO, errno.ENETDOWN,
        errno.ENETRESET, errno.ENETUNREACH, errno.ENOTCONN, errno.EPIPE, errno.EREMOTEIO,
        errno.ESTALE, errno.ETIMEDOUT,
    }
)  # fmt: skip


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed in a moment."""
    if isinstance(error, TimeoutError | ConnectionError):
        return True
    return isinstance(error, OSError) and error.errno in _TRANSIENT


def _retry(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    return isinstance(state.data, BaseException) and is_transient(state.data)


@dataclass(frozen=True)
class Step:
    """One window of one stream: what a stage works on, and how it is named in the UI."""

    stream: Stream
    window: Window

    def __str__(self) -> str:
        return f"{self.stream} {self.window}"


def stage(run_name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a stage: a Prefect task that retries transient errors and caches nothing.

    Prefect is lent what the stage is given and gives, and holds none of it afterwards.

    Args:
        run_name: name of its runs; may hold parameters, ``"sample {step}"``.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        run = task(
            task_run_name=run_name,
            retries=RETRIES,
            retry_delay_seconds=exponential_backoff(FIRST_DELAY_SECONDS),
            retry_jitter_factor=0.5,
            retry_condition_fn=_retry,
            # Without this Prefect would hash every table it is given.
            cache_policy=NO_CACHE,
            persist_result=False,
        )(on_loan(function))
        return lend_to(run, function)

    return decorate
