"""Archives in parallel: a killed process fails the archive it was working on, and no other."""

from __future__ import annotations

import os
import signal
import time
from typing import Any
from uuid import UUID

import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from flows.runtime.pool import Workers
from quantgod.errors import WorkerKilledError

pytestmark = [pytest.mark.usefixtures("prefect_server"), pytest.mark.slow]

FATAL = 1
CALLS = 5


@task
def square(n: int) -> int:
    """Square a number; one call kills its process, once the server has recorded its start."""
    if n == FATAL:
        time.sleep(3)
        os.kill(os.getpid(), signal.SIGKILL)
    return n * n


@flow
def squares(workers: int) -> dict[int, Any]:
    """Square all numbers."""
    with Workers(workers) as pool:
        return dict(pool.run(square, [{"n": n} for n in range(CALLS)]))


def test_a_killed_process_fails_only_its_call() -> None:
    """The pool breaks without naming the cause; a new pool repeats the other calls."""
    state = squares(2, return_state=True)
    results = state.result()
    error = results.pop(FATAL)
    assert isinstance(error, WorkerKilledError)
    assert "was killed (SIGKILL)" in str(error)
    assert results == {n: n * n for n in range(CALLS) if n != FATAL}
    flow_run = state.state_details.flow_run_id
    assert flow_run
    recorded = states_of(flow_run)
    assert recorded.count("COMPLETED") == CALLS - 1
    assert set(recorded) == {"COMPLETED", "CRASHED"}, "no task run is Running for ever"


def states_of(flow_run: UUID) -> list[str]:
    """Ask the server how each task run of a flow run ended."""
    with get_client(sync_client=True) as client:
        of_flow = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run]))
        runs = client.read_task_runs(flow_run_filter=of_flow)
    return [run.state.type.value for run in runs if run.state]
