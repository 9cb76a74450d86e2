"""A Prefect server for one run, where none is configured.

Prefect would start one itself, but by importing all of the server into this process (100 MB and
seconds), and in its process group, where Ctrl-C ends it before it is told how the run ended.

Run as a program, this file is the server: ``python -m flows.runtime.temporary_server FD``.
"""

from __future__ import annotations

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

# The first start makes the database, which takes over 20 s on a slow disk.
START_SECONDS = 120.0
SEND_SECONDS = 60.0
STOP_SECONDS = 10.0
# How long it waits for more task runs before it writes them down: a whole number, as less than a
# second it would take for none, and turn round and round.
FLUSH_SECONDS = 1

# What a server does for each event of each task run, beside writing down what became of the runs,
# takes more time than that. It is for automations and for people who look on, and this server has
# neither. What a user has set stays.
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
            # The port is open from the first moment on: what asks is kept waiting.
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
    """Start a server, make it the one this process and its children use, and end it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        process = _start(listener.fileno())
    with process, _used(url):
        try:
            yield TemporaryServer(process, url)
        finally:
            if process.poll() is None:  # else nobody is left to send it to
                drain_senders(SEND_SECONDS)


def _start(listener: int) -> subprocess.Popen[bytes]:
    """The server's process: it lives until its standard input ends, however this process ends."""
    return subprocess.Popen(  # noqa: S603 - this very file
        [sys.executable, "-m", "flows.runtime.temporary_server", str(listener)],
        env=_SETTINGS | os.environ, stdin=subprocess.PIPE, pass_fds=[listener],
        start_new_session=True,
    )  # fmt: skip


@contextmanager
def _used(url: str) -> Iterator[None]:
    """Set for the whole process: Prefect's own threads do not see settings of a context."""
    os.environ["PREFECT_API_URL"] = url
    reload_settings()
    try:
        yield
    finally:
        del os.environ["PREFECT_API_URL"]
        reload_settings()


def _serve(listener: int) -> None:
    """The child's part."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(create_server_app(), log_level="error", lifespan="on"))
    Thread(target=_end_with_owner, args=[server], daemon=True).start()
    server.run(sockets=[socket.socket(fileno=listener)])


def _end_with_owner(server: object) -> None:
    sys.stdin.buffer.read()  # nothing ever comes: it returns when the owner closes it, or dies
    server.should_exit = True  # type: ignore[attr-defined]
    time.sleep(STOP_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
