"""A Prefect server for one run, where none is configured.

Prefect would start one itself, but it imports all of the server into this process (100 MB and
seconds), and starts it in this process group, where Ctrl-C ends it before the run's last state.

As a program, this file is the server: ``python -m flows.runtime.temporary_server FD``.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

from flows.runtime.prefect_internals import create_server_app, drain_senders, reload_settings
from quantgod.errors import ServerError

# The first start creates the database, which takes over 20 s on a slow disk.
START_SECONDS = 120.0
SEND_SECONDS = 60.0
STOP_SECONDS = 10.0
# How long the server waits for more task runs before it records them. A whole number: Prefect takes
# less than a second for zero, and loops without a pause.
FLUSH_SECONDS = 1

# A server spends most of its time on services for automations and for viewers, and this one
# has neither. A user's own variables win.
_SETTINGS = {
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED": "false",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    # One by one, it records fewer task runs a second than short windows make.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": str(FLUSH_SECONDS),
}


@dataclass(frozen=True)
class TemporaryServer:
    """A server that is starting, or has started."""

    process: subprocess.Popen[bytes]
    url: str

    def wait_until_ready(self) -> None:
        """Wait until the server answers.

        Raises:
            ServerError: it ended, or does not answer in time.
        """
        import httpx

        try:
            # The port is open from the start, so the request waits until the server answers.
            httpx.get(f"{self.url}/health", timeout=START_SECONDS).raise_for_status()
        except httpx.HTTPError as error:
            code = self.process.poll()
            how = "does not answer" if code is None else f"ended with exit code {code}"
            raise ServerError(
                f"the temporary Prefect server {how} ({error}); see the log, or set PREFECT_API_URL"
                " to the server to use"
            ) from error


@contextmanager
def temporary_server() -> Iterator[TemporaryServer]:
    """Run a server for this process and its children, and stop it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        process = _start(listener.fileno())
    with process, _used(url):
        try:
            yield TemporaryServer(process, url)
        finally:
            if process.poll() is None:  # otherwise the server is gone
                drain_senders(SEND_SECONDS)


def _start(listener: int) -> subprocess.Popen[bytes]:
    """Start the server's process, which ends with its standard input, however this one ends."""
    return subprocess.Popen(  # noqa: S603 - this very file
        [sys.executable, "-m", "flows.runtime.temporary_server", str(listener)],
        env=_SETTINGS | os.environ, stdin=subprocess.PIPE, pass_fds=[listener],
        start_new_session=True,
    )  # fmt: skip


@contextmanager
def _used(url: str) -> Iterator[None]:
    """Make this whole process use a server, including Prefect's own threads."""
    os.environ["PREFECT_API_URL"] = url
    reload_settings()
    try:
        yield
    finally:
        del os.environ["PREFECT_API_URL"]
        reload_settings()


def _serve(listener: int) -> None:
    """Serve on an open socket until the owner ends."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(create_server_app(), log_level="error", lifespan="on"))
    Thread(target=_end_with_owner, args=[server], daemon=True).start()
    server.run(sockets=[socket.socket(fileno=listener)])


def _end_with_owner(server: object) -> None:
    sys.stdin.buffer.read()  # returns when the owner closes it or dies
    server.should_exit = True  # type: ignore[attr-defined]
    time.sleep(STOP_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
