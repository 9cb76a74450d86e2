"""Shared by all tests: Hypothesis profiles, workers, recordings, settings, a Prefect server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from quantgod.settings.readers import ENV_PREFIX
from tests.support.parallel import compile_kernels_once, worker_count

# The first call of a kernel compiles it, so no deadline fits.
settings.register_profile("project", deadline=None)
# Ten times as many examples, new ones each time: tests.support.effort applies the factor to tests
# that set a number of their own.
settings.register_profile(
    "fuzz", deadline=None, max_examples=1000, derandomize=False, print_blob=True
)
settings.load_profile("project")

SLOWEST_FILES = (
    *("test_csv_equals_twin", "test_causality_dialects", "test_causality"),
    *("test_scanner_equals_json", "test_core_equals_twin", "test_side", "test_perturbation"),
)
RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run whole folders in parallel; for named files and `-n N`, obey the caller."""
    workers = worker_count(config)
    if workers > 1:
        config.option.numprocesses = workers
        config.option.dist = "loadfile"  # fixtures of a file are made once
        config.option.loadscopereorder = False  # keep the order below
        compile_kernels_once()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=run_order)


def run_order(item: pytest.Item) -> tuple[bool, int]:
    """Run the slowest files first, so that none is left to one worker while others are idle.

    Run flows last, because Prefect's threads outlive them: they draw random numbers and allocate,
    and other tests measure exactly that.
    """
    rank = {name: place for place, name in enumerate(SLOWEST_FILES)}
    is_flow = "prefect_server" in getattr(item, "fixturenames", ())
    return is_flow, rank.get(item.path.stem, len(rank))


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Return the folder of real recordings next to the project, or skip the test."""
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recordings at {RECORDINGS}: they are not part of the project")
    return RECORDINGS


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove every setting from the environment."""
    for name in [name for name in os.environ if name.upper().startswith(ENV_PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a settings file that sets nothing."""
    path = tmp_path / "settings.yaml"
    path.write_text("")
    return path


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """Start one temporary Prefect server for all flows and tasks that run in this process.

    Two rooms share it. Only a test that uses it imports Prefect.
    """
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a source of two archives: a market's last minutes of a day, the next's first."""
    from tests.support.market_files import two_days, write_source

    root = tmp_path_factory.mktemp("source")
    write_source(root, two_days())
    return root
