"""The temporary server lives exactly as long as its run, or reports why it did not start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.runtime.prefect_server import is_server_configured
from flows.runtime.temporary_server import temporary_server
from quantgod.errors import ServerError
from quantgod.settings.values import PROJECT_ROOT
from tests.support.prefect_installation import STOP_SECONDS, is_met, kill_all, processes_of

OWNER = """
from flows.runtime.temporary_server import temporary_server
with temporary_server() as server:
    server.wait_until_ready()
    print("ready", flush=True)
    input()
"""


def test_a_configured_server_is_used() -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:4200/api"}):
        assert is_server_configured()
    with temporary_settings({PREFECT_API_URL: None}):
        assert not is_server_configured()


def test_a_server_that_does_not_start_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", f"sqlite+aiosqlite:///{tmp_path}")
    with temporary_server() as server, pytest.raises(ServerError, match="temporary Prefect server"):
        server.wait_until_ready()
    assert "PREFECT_API_URL" not in os.environ


@pytest.mark.real
@pytest.mark.slow
def test_it_ends_with_its_owner_however_that_ends(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = kept | {"PREFECT_HOME": str(tmp_path)}
    try:
        with subprocess.Popen(
            [sys.executable, "-c", OWNER], cwd=PROJECT_ROOT, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as owner:  # fmt: skip
            assert owner.stdout is not None
            assert owner.stdout.readline() == b"ready\n"
            assert len(processes_of(tmp_path)) == 2
            owner.send_signal(signal.SIGKILL)
        assert is_met(lambda: not processes_of(tmp_path), STOP_SECONDS), processes_of(tmp_path)
    finally:
        kill_all(tmp_path)
