"""Archives in parallel: a process that is killed costs what it was at, and no more."""

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
    """One of them takes its process with it, once the server knows that it has begun."""
    if n == FATAL:
        time.sleep(3)
        os.kill(os.getpid(), signal.SIGKILL)
    return n * n


@flow
def squares(workers: int) -> dict[int, Any]:
    """All of them."""
    with Workers(workers) as pool:
        return dict(pool.run(square, [{"n": n} for n in range(CALLS)]))


def test_a_killed_process_costs_what_it_was_at() -> None:
    """A pool says only that it is broken; what the others were at is made in a new one."""
    state = squares(2, return_state=True)
    outcomes = state.result()
    error = outcomes.pop(FATAL)
    assert isinstance(error, WorkerKilledError)
    assert "was killed (SIGKILL)" in str(error)
    assert outcomes == {n: n * n for n in range(CALLS) if n != FATAL}
    flow_run = state.state_details.flow_run_id
    assert flow_run
    recorded = states_of(flow_run)
    assert recorded.count("COMPLETED") == CALLS - 1
    assert set(recorded) == {"COMPLETED", "CRASHED"}, "nothing is Running for ever"


def states_of(flow_run: UUID) -> list[str]:
    """How each of its task runs ended, as the server has it."""
    with get_client(sync_client=True) as client:
        of_flow = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run]))
        runs = client.read_task_runs(flow_run_filter=of_flow)
    return [run.state.type.value for run in runs if run.state]
