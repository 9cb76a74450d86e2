"""What all tests share: Hypothesis without deadlines, recordings, settings, one Prefect server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from flows.runtime.launcher import configure_prefect
from quantgod.settings.given import ENV_PREFIX

# The first call of a kernel compiles it: no deadline fits that.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

# Before anything imports Prefect, which configures itself then.
configure_prefect(Path(tempfile.mkdtemp(prefix="l2-test-logs-")))

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that run flows come last: Prefect's threads go on after them.

    They draw random numbers and allocate while other tests look at just that.
    """
    items.sort(key=lambda item: "prefect_server" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Real recordings that lie beside the project; without them the test is skipped."""
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recordings at {RECORDINGS}: they are not part of the project")
    return RECORDINGS


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which no setting is given."""
    for name in [name for name in os.environ if name.upper().startswith(ENV_PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A settings file in which nothing is set."""
    path = tmp_path / "settings.yaml"
    path.write_text("")
    return path


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """One temporary Prefect server for all tests that run flows or tasks in this process."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source folder of two archives, of a market's last minutes of a day and the next's first."""
    from tests.support.flow_runs import two_days, write_source

    root = tmp_path_factory.mktemp("source")
    write_source(root, two_days())
    return root
