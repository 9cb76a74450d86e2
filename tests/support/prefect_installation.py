"""A private Prefect for tests: server, pool, deployment, worker, and the runs that they start.

Runs start as a user starts them, by ``prefect deployment run … --watch``; the server reports how
they ended. All processes share one ``PREFECT_HOME``, by which tests find and end them, no matter
which process started them.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from quantgod.settings.values import PROJECT_ROOT

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import Artifact, FlowRun, TaskRun

PROCESSES = Path("/proc")

# Most of the time goes into starting Python processes, which is slow on a busy machine.
START_SECONDS = 180
RUN_SECONDS = 300
SETTLE_SECONDS = 60
STOP_SECONDS = 15


# --- processes ---------------------------------------------------------------------------------


def processes_of(home: Path) -> dict[int, str]:
    """Return the command lines, by process id, of all live processes under a ``PREFECT_HOME``."""
    mark = f"PREFECT_HOME={home}".encode()
    found = {}
    for folder in PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = words.decode(errors="replace").strip()
    return found


def is_met(condition: Callable[[], object], seconds: float) -> bool:
    """Return whether a condition becomes true in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


def kill_all(home: Path) -> None:
    """Kill all live processes under a ``PREFECT_HOME``; a survivor is an error."""
    for process in processes_of(home):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    assert is_met(lambda: not processes_of(home), STOP_SECONDS), processes_of(home)


@contextmanager
def running(
    name: str, words: list[str], environment: dict[str, str], logs: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in its own group, with output in ``logs``; end the group afterwards."""
    with (
        (logs / f"{name}.log").open("wb") as output,
        subprocess.Popen(
            words, cwd=PROJECT_ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
                if not is_met(lambda: process.poll() is not None, STOP_SECONDS):
                    os.killpg(process.pid, signal.SIGKILL)


# --- server, pool, deployment, worker ----------------------------------------------------------


@dataclass(frozen=True)
class Installation:
    """A server with a worker: their folder, the environment that reaches them, a client."""

    home: Path
    environment: dict[str, str]
    client: SyncPrefectClient

    def said(self) -> str:
        """Return the end of each process's output."""
        logs = sorted(self.home.glob("*.log"))
        ends = (f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)
        return "\n".join(ends)

    def wait(self, what: str, condition: Callable[[], object], seconds: float) -> None:
        """Wait until a condition holds; on a time-out, name the missing event and all output."""
        if not is_met(condition, seconds):
            pytest.fail(f"no {what} within {seconds:.0f} s\n{self.said()}")

    def prefect(self, *words: str, seconds: float = START_SECONDS) -> tuple[int, str]:
        """Return exit code and output of a ``prefect`` command."""
        try:
            done = subprocess.run(
                [sys.executable, "-m", "prefect", *words], cwd=PROJECT_ROOT, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True, timeout=seconds, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            said = (error.output or b"").decode(errors="replace")
            pytest.fail(f"prefect {words[0]} took over {seconds:.0f} s\n{said}\n{self.said()}")
        return done.returncode, done.stdout.decode(errors="replace")

    def must(self, *words: str) -> None:
        """Run a ``prefect`` command that must succeed."""
        code, said = self.prefect(*words)
        assert code == 0, f"prefect {' '.join(words)} ended with {code}\n{said}\n{self.said()}"

    def run(self, name: str, overrides: Mapping[str, object]) -> Run:
        """Run the deployment under a name and watch it to its end."""
        code, said = self.prefect(
            "deployment", "run", "l2/l2", "--flow-run-name", name,
            "--param", "config=configs/cloud_config.yaml",
            "--param", f"overrides={json.dumps(overrides)}",
            "--watch", seconds=RUN_SECONDS,
        )  # fmt: skip
        found = [each for each in self.client.read_flow_runs() if each.name == name]
        assert len(found) == 1, f"{len(found)} runs named {name}\n{said}\n{self.said()}"
        return Run(self, found[0], code, said)


@contextmanager
def installed(home: Path) -> Iterator[Installation]:
    """Start server, pool, deployment and worker of prefect.yaml in a new folder; end them later."""
    from prefect.client.orchestration import SyncPrefectClient

    port = free_port()
    environment = environment_of(home, port)
    command = [sys.executable, "-m", "prefect"]
    server = [*command, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    worker = [*command, "worker", "start", "--pool", "l2-pool"]
    with ExitStack() as stack:
        stack.callback(kill_all, home)
        process = stack.enter_context(running("server", server, environment, home))
        client = stack.enter_context(SyncPrefectClient(environment["PREFECT_API_URL"]))
        ours = Installation(home, environment, client)
        is_up = lambda: process.poll() is not None or client.api_healthcheck() is None  # noqa: E731
        ours.wait("healthy server", is_up, START_SECONDS)
        assert process.poll() is None, f"the server ended\n{ours.said()}"
        ours.must("work-pool", "create", "l2-pool", "--type", "process")
        stack.enter_context(running("worker", worker, environment, home))
        ours.must("--no-prompt", "deploy", "--all")
        yield ours


def environment_of(home: Path, port: int) -> dict[str, str]:
    """Return this environment, pointed at a server's port, without the user's Prefect settings."""
    ours = ("PREFECT_", "QUANTGOD_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        # The log folder of the worker's runs: without it they log into the project's own folder.
        "PREFECT_LOGGING_HANDLERS_FILE_FILENAME": str(home / "l2.log"),
    }


def free_port() -> int:
    """Return a port on which no process listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


# --- runs --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A flow run that has ended, as the server knows it."""

    installation: Installation
    flow_run: FlowRun
    exit_code: int  # of `prefect deployment run --watch`
    output: str  # of the same

    @property
    def state(self) -> str:
        """Return the name of the final state."""
        return self.flow_run.state_name or ""

    @property
    def message(self) -> str:
        """Return the message of the final state."""
        return (self.flow_run.state.message if self.flow_run.state else None) or ""

    def artifact(self, key: str) -> Artifact:
        """Return the run's only artifact of a key; there must be exactly one."""
        artifacts = self.installation.client.read_artifacts()
        mine = [each for each in artifacts if each.flow_run_id == self.flow_run.id]
        found = [each for each in mine if each.key == key]
        assert len(found) == 1, f"{len(found)} artifacts {key} of {[each.key for each in mine]}"
        return found[0]

    def results(self) -> dict[str, dict[str, Any]]:
        """Return the rows of the validation results by archive."""
        artifact = self.artifact("validation-results")
        assert artifact.type == "table"
        return {row["archive"]: row for row in json.loads(str(artifact.data))}

    def task_runs(self) -> list[TaskRun]:
        """Return all task runs, once the server has recorded how each ended."""
        what = f"final state of all task runs of {self.flow_run.name}"
        self.installation.wait(what, lambda: all(map(is_final, self._recorded())), SETTLE_SECONDS)
        return self._recorded()

    def _recorded(self) -> list[TaskRun]:
        task_runs = self.installation.client.read_task_runs()
        return [each for each in task_runs if each.flow_run_id == self.flow_run.id]


def is_final(run: TaskRun) -> bool:
    """Return whether a task run has ended, in any state."""
    return run.state is not None and run.state.is_final()
