"""The run's history in Prefect: a temporary server is given time to write down what it was told."""

from __future__ import annotations

import time
from contextlib import suppress
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State

from flows.temporary_server import FLUSH_SECONDS, send_what_waits

# The states of task runs reach the server as events, which it writes to its database in its own
# time: behind, after many short tasks, and in batches. A temporary server ends with the run;
# what is not written then is missing, or "Running" for ever.
LONGEST_SECONDS = 60.0
QUIET_SECONDS = 2.0 * FLUSH_SECONDS
STUCK_SECONDS = 10.0  # a process that was killed leaves task runs that never end
FINAL = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]


def wait_until_recorded(state: State[None]) -> None:
    """Wait until the server has recorded all task runs of a flow run, or does no more.

    Args:
        state: the flow run's, as ``return_state=True`` gives it.
    """
    flow_run_id = state.state_details.flow_run_id
    send_what_waits()
    # The work is done whatever becomes of its history.
    with suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        if flow_run_id:
            _wait_until_quiet(client, flow_run_id)


def _wait_until_quiet(client: SyncPrefectClient, flow_run_id: UUID) -> None:
    now = changed = time.monotonic()
    until, recorded = now + LONGEST_SECONDS, (-1, -1)
    while now < until:
        found = (_count(client, flow_run_id), _count(client, flow_run_id, FINAL))
        if found != recorded:
            recorded, changed = found, now
        if now - changed > (QUIET_SECONDS if found[0] == found[1] else STUCK_SECONDS):
            return
        time.sleep(0.2)
        now = time.monotonic()


def _count(client: SyncPrefectClient, flow_run_id: UUID, states: list[str] | None = None) -> int:
    """How many task runs of a flow run the server knows, in some states or in any."""
    wanted: dict[str, object] = {"flow_runs": {"id": {"any_": [str(flow_run_id)]}}}
    if states:
        wanted["task_runs"] = {"state": {"type": {"any_": states}}}
    return int(client.request("POST", "/task_runs/count", json=wanted).raise_for_status().json())
