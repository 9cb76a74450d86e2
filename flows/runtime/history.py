"""The run's history in Prefect: wait until it is recorded; end task runs that were killed."""

import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Literal
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.states import Crashed

from flows.runtime.prefect_internals import drain_senders, parents_of
from flows.runtime.temporary_server import FLUSH_SECONDS, SEND_SECONDS

# The states of task runs reach the server as events. It writes them to its database in batches, and
# late after many short tasks. A temporary server ends with the run: a task run whose last state it
# has not written by then is missing, or "Running" forever.
LONGEST_SECONDS = 60.0
QUIET_SECONDS = 2.0 * FLUSH_SECONDS
STUCK_SECONDS = 10.0  # task runs of a killed process never end
FINAL = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]


def wait_until_recorded(state: State[Any]) -> None:
    """Wait until the server has recorded all task runs of a flow run, or records no more.

    Args:
        state: the flow run's, from a call with ``return_state=True``.
    """
    flow_run_id = state.state_details.flow_run_id
    drain_senders(SEND_SECONDS)
    # The work is done, even if its history is lost.
    with suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        if flow_run_id:
            _wait_until_quiet(client, flow_run_id)


def _wait_until_quiet(client: SyncPrefectClient, flow_run_id: UUID) -> None:
    now = changed = time.monotonic()
    until, recorded = now + LONGEST_SECONDS, [-1, -1]
    while now < until:
        found = [_ask(client, "/task_runs/count", flow_run_id, states) for states in (None, FINAL)]
        if found != recorded:
            recorded, changed = found, now
        if now - changed > (QUIET_SECONDS if found[0] == found[1] else STUCK_SECONDS):
            return
        time.sleep(0.2)
        now = time.monotonic()


def mark_crashed(killed: Collection[UUID], flow_run_id: UUID) -> None:
    """Give task runs whose process was killed, and the stages inside them, a final state.

    Otherwise the UI shows them as Running forever.
    """
    time.sleep(QUIET_SECONDS)  # until their start is recorded
    ended = {str(run) for run in killed}
    crashed: State[None] = Crashed(message="The process that worked on it was killed.")
    with suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        for run in _ask(client, "/task_runs/filter", flow_run_id, ["RUNNING", "PENDING"]):
            if ended & {run["id"], *parents_of(run)}:
                client.set_task_run_state(UUID(run["id"]), crashed, force=True)


def _ask(
    client: SyncPrefectClient,
    path: Literal["/task_runs/count", "/task_runs/filter"],
    flow_run_id: UUID,
    states: list[str] | None,
) -> Any:
    """Count or list a flow run's task runs that are in certain states, or in any (None)."""
    wanted: dict[str, object] = {"flow_runs": {"id": {"any_": [str(flow_run_id)]}}}
    if states:
        wanted["task_runs"] = {"state": {"type": {"any_": states}}}
    return client.request("POST", path, json=wanted).raise_for_status().json()
