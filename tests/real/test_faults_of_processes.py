"""Processes that are killed or stopped, as in docs/faults.md, in runs as a user starts them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.faults import documented
from tests.support.flow_runs import outputs
from tests.support.market_files import two_days, write_source
from tests.support.prefect_installation import (
    PROCESSES,
    STOP_SECONDS,
    free_port,
    is_met,
    kill_all,
    processes_of,
)
from tests.support.program import start
from tests.support.scripts import environment_of, recorded_states, run_script, script

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not PROCESSES.is_dir(), reason="it looks for processes there"),
]

ARCHIVES = 4
# Short windows, so that a test can interrupt an archive in the middle.
OPTIONS = ["--etl.resampling_interval=1s", "--etl.window=10s"]
# As on a terminal: a shell's background processes ignore Ctrl-C, and so do their children.
HEEDING_CTRL_C = ["env", "--default-signal=INT"]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: None,  # noqa: ARG001 - of the runs in this process
) -> Iterator[Path]:
    """Create a source, a Prefect home for all runs, and the outputs of an undisturbed run."""
    root = tmp_path_factory.mktemp("processes")
    write_source(root / "source", two_days(), two_days("ETHUSDT"))
    assert start(root / "undisturbed", root / "source", *OPTIONS).exit_code == 0
    yield root
    kill_all(root / "prefect")


@contextmanager
def started(
    root: Path, source: Path, workers: int, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """Start the program, and wait until its first archive has bars while others are under way."""
    root.mkdir(exist_ok=True)
    command = [*HEEDING_CTRL_C, *script(root, source, *OPTIONS, f"--execution.workers={workers}")]
    with subprocess.Popen(
        command, cwd=root, env=environment_of(source.parent) | variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            until_first_bars = iter(process.stdout.readline, "")
            assert any(line.startswith("bars 1/4") for line in until_first_bars)
            yield process
        finally:
            kill_all(source.parent / "prefect")


def pool_processes(home: Path) -> list[int]:
    """Find the pool's processes by their command lines."""
    return [pid for pid, words in processes_of(home).items() if "spawn_main" in words]


def assert_made_whole(root: Path, world: Path) -> None:
    """Check that the same command makes the rest, as in an undisturbed run."""
    again = start(root, world / "source", *OPTIONS)
    assert again.exit_code == 0, again.said
    assert outputs(root) == outputs(world / "undisturbed")
    assert len(outputs(root)) == ARCHIVES


def test_a_killed_worker_costs_one_archive(world: Path) -> None:
    """The system kills it when memory runs out; the run does not end as Completed."""
    root = world / "killed_worker"
    with started(root, world / "source", workers=2) as process:
        os.kill(pool_processes(world / "prefect")[0], signal.SIGKILL)
        output, errors = process.communicate(timeout=120)
    documented("a worker's process is killed").check(output, process.returncode)
    assert "1 of 4 archives failed" in output
    assert len(outputs(root)) == ARCHIVES - 1
    assert errors == ""
    assert recorded_states(world / "prefect") <= {"COMPLETED", "CRASHED", "FAILED"}
    assert_made_whole(root, world)


def test_a_killed_run_is_made_whole_by_the_next(world: Path) -> None:
    """Its workers and its server end too: no process outlives the run."""
    root = world / "killed_run"
    with started(root, world / "source", workers=2) as process:
        assert pool_processes(world / "prefect")
        process.kill()
        output, _ = process.communicate(timeout=STOP_SECONDS)
        left = "processes of the run"
        assert is_met(lambda: not processes_of(world / "prefect"), STOP_SECONDS), left
    shells_code = 128 - process.returncode
    documented("the run's process is killed").check(output, shells_code)
    assert outputs(root) == {}
    assert_made_whole(root, world)


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_stops_at_once(world: Path, workers: int) -> None:
    """Within seconds, in the middle of an archive; no process remains."""
    root = world / f"ctrl_c_{workers}"
    with started(root, world / "source", workers) as process:
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=10)
        assert not pool_processes(world / "prefect")
    documented("Ctrl-C").check(output, process.returncode)
    assert re.search(r"^stopped: [123] of 4 archives have their bars", output, re.MULTILINE)
    assert errors == ""
    assert outputs(root) == {}
    assert_made_whole(root, world)


def test_an_absent_server_starts_nothing(world: Path) -> None:
    """PREFECT_API_URL names a port without a server."""
    root = world / "no_server"
    root.mkdir()
    address = f"http://127.0.0.1:{free_port()}/api"
    done = run_script(root, world / "source", *OPTIONS, PREFECT_API_URL=address)
    documented("no Prefect server").check(done.stderr, done.returncode)
    assert "Traceback" not in done.stderr
    assert not list(root.rglob("*.parquet"))


def test_a_server_that_is_killed(world: Path) -> None:
    """Prefect retries many times, here only once; then the run ends with a sentence."""
    root = world / "killed_server"
    once = {"PREFECT_CLIENT_MAX_RETRIES": "1"}
    with started(root, world / "source", workers=1, **once) as process:
        found = processes_of(world / "prefect").items()
        (server,) = (pid for pid, words in found if "flows.runtime.temporary_server" in words)
        os.kill(server, signal.SIGKILL)
        _, errors = process.communicate(timeout=300)
    documented("the Prefect server is killed").check(errors, process.returncode)
    assert_made_whole(root, world)
