"""Shared by all stages: names of runs, the retry policy, and the release of values.

Prefect keeps the parameters and the result of a task run in several places: in the transaction of
the task around it until that ends, and in the context copied with each of its events until the
event is sent, which takes long with a slow server. Windows held there would pile up without bound.
So Prefect gets handles, which are emptied when the stage ends.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, Generic, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from quantgod.orderbook.calendar import Window
from quantgod.storage.archives.streams import Stream

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

# The retry policy.
RETRIES = 4
FIRST_DELAY_SECONDS = 1  # doubles with each retry
JITTER_FACTOR = 0.5

# Faults of a network, a mount or a busy machine. A full disk, a missing right or a damaged
# archive would fail again: they fail at once, with their reason.
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
    """One window of one stream: the work of one task run, and its name in the UI."""

    stream: Stream
    window: Window

    def __str__(self) -> str:
        return f"{self.stream} {self.window}"


def stage(run_name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a stage: a Prefect task that retries transient errors and caches nothing.

    Args:
        run_name: name of its runs, with parameters in braces: ``"sample {step}"``.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        run = task(
            task_run_name=run_name,
            retries=RETRIES,
            retry_delay_seconds=exponential_backoff(FIRST_DELAY_SECONDS),
            retry_jitter_factor=JITTER_FACTOR,
            retry_condition_fn=_retry,
            # Otherwise Prefect would hash every table that it gets.
            cache_policy=NO_CACHE,
            persist_result=False,
        )(on_handles(function))
        return releasing(run, function)

    return decorate


class Handle(Generic[T]):
    """Holds a value until it is released; formats as the value, for the names of task runs."""

    def __init__(self, value: T) -> None:
        self._value: T | None = value

    def __str__(self) -> str:
        return str(self._value)

    def get(self) -> Any:
        """The value; None once it is released."""
        return self._value

    def release(self) -> Any:
        """Return the value and forget it."""
        value, self._value = self._value, None
        return value


def on_handles(function: Callable[..., R]) -> Callable[..., Handle[R]]:
    """Make a function take and return handles instead of values."""

    @wraps(function)
    def run(**parameters: Handle[Any]) -> Handle[R]:
        return Handle(function(**{name: handle.get() for name, handle in parameters.items()}))

    return run


def releasing(run: Callable[..., Handle[R]], function: Callable[P, R]) -> Callable[P, R]:
    """Make a function of handles take values again, and release all handles when it ends.

    Args:
        run: runs ``on_handles(function)``, perhaps several times.
        function: has the signature.
    """
    names = signature(function)

    @wraps(function)
    def call(*args: P.args, **keys: P.kwargs) -> R:
        bound = names.bind(*args, **keys)
        bound.apply_defaults()
        handles = {name: Handle(value) for name, value in bound.arguments.items()}
        try:
            result: R = run(**handles).release()
        finally:
            for handle in handles.values():
                handle.release()
        return result

    return call
