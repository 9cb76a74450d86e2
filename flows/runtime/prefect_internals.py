"""The undocumented parts of Prefect: only this module uses them.

``tests/project/test_private_parts.py`` fails with a clear message when an upgrade removes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Prefect takes seconds to import, and configures itself when it is imported
    from fastapi import FastAPI
    from prefect.task_runners import ProcessPoolTaskRunner


def drain_senders(timeout: float) -> None:
    """Wait until Prefect's threads have sent the events and log lines that they hold.

    Prefect itself does so only at exit. A temporary server has ended by then, and the threads
    would retry for a minute.

    Args:
        timeout: seconds to wait for each of the two.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for sender in (EventsWorker, APILogWorker):
        sender.drain_all(timeout=timeout)


def reload_settings() -> None:
    """Make Prefect read its settings from the environment again, for all threads.

    The public ``temporary_settings`` holds for one context only: the threads that send events and
    log lines do not see it.
    """
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()


def create_server_app() -> FastAPI:
    """Create the application of a server that lives for one run.

    ``ephemeral`` leaves out the UI and the services that nothing here needs; ``final`` lets
    Prefect optimize, as this process creates no other application. ``prefect server start``
    offers neither, and cannot serve a socket that is already open.
    """
    from prefect.server.api.server import create_app

    return create_app(ephemeral=True, final=True)


def executor_of(runner: ProcessPoolTaskRunner | None) -> Any:
    """The ``ProcessPoolExecutor`` of a task runner; None if it has none.

    The runner reports only that its pool is broken. The executor knows its processes.
    """
    return getattr(runner, "_executor", None)


def message_queue_of(runner: ProcessPoolTaskRunner | None) -> Any:
    """The queue in which a task runner's processes send events to this one; None if it has none.

    A process that is killed while it holds the queue's lock blocks all others.
    """
    return getattr(runner, "_subprocess_message_queue", None)


def parents_of(task_run: Mapping[str, Any]) -> set[str]:
    """The ids of the task runs around a task run, as the server's API gives it.

    The API has no field for them: Prefect keeps them among the inputs, under a name of its own.
    """
    return {parent["id"] for parent in task_run["task_inputs"].get("__parents__", [])}
