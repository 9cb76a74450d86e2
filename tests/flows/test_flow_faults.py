"""Retries: transient faults are retried and change nothing; all others are reported at once."""

from __future__ import annotations

import errno
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks import stage
from tests.support.flow_runs import outputs, run_pipeline
from tests.support.program import start

pytestmark = pytest.mark.usefixtures("prefect_server")

# Each stage, and the function in it that can fail from outside.
STAGES = {
    "check_mount": ("quantgod.storage.sources.folder", "FolderSource.list", 1),
    "list_members": ("tasks.list_members", "read_streams", 2),
    # The two calls before it list the members of the two archives.
    "stream_parse": ("quantgod.storage.archives.streams", "text_at", 4),
    "sample": ("tasks.sample", "take_samples", 2),
    "cut_levels": ("tasks.cut_levels", "sampling.cut_levels", 2),
    "resample": ("tasks.resample", "bars.resample", 2),
    "add_features": ("tasks.add_features", "features.add_features", 2),
    "scale": ("tasks.scale", "apply_scaler", 2),
    "write": ("tasks.write", "write_table", 2),
    "validate": ("tasks.validate", "read_table", 2),
}


@pytest.fixture(scope="module")
def undisturbed(
    source: Path,
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: None,  # noqa: ARG001
) -> dict[str, bytes]:
    """Return the final files of a run without faults."""
    root = tmp_path_factory.mktemp("undisturbed")
    run_pipeline(root, source, features__apply_zscore=True, etl__window="1min")
    return outputs(root)


def failing_once(monkeypatch: pytest.MonkeyPatch, stage_name: str, error: Exception) -> list[int]:
    """Make one call of a stage's function fail; the list gains one entry per call."""
    module_name, path, at_call = STAGES[stage_name]
    owner: Any = importlib.import_module(module_name)
    *owners, name = path.split(".")
    for part in owners:
        owner = getattr(owner, part)
    function: Callable[..., Any] = getattr(owner, name)
    calls: list[int] = []

    def fail_once(*args: Any, **keys: Any) -> Any:
        calls.append(1)
        if len(calls) == at_call:
            raise error
        return function(*args, **keys)

    monkeypatch.setattr(owner, name, fail_once)
    return calls


@pytest.mark.parametrize("stage_name", STAGES)
def test_a_transient_fault_in_mid_archive_changes_nothing(
    stage_name: str,
    source: Path,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stage is retried with the same values: bit-identical output."""
    calls = failing_once(monkeypatch, stage_name, OSError(errno.EIO, "injected"))
    report = run_pipeline(tmp_path, source, features__apply_zscore=True, etl__window="1min")
    assert not report.failures
    assert len(calls) > STAGES[stage_name][2], "the fault was met, and tried again"
    assert outputs(tmp_path) == undisturbed


def test_a_fault_that_will_stay_is_not_tried_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk fails its archive at once; no partial file remains."""
    calls = failing_once(monkeypatch, "write", OSError(errno.ENOSPC, "No space left on device"))
    report = run_pipeline(tmp_path, source)
    assert "No space left on device" in report.failures[0].reason
    assert len(calls) == 2 + 1  # both bars files, one of them in vain; then one output
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EIO, ""), True),
        (OSError(errno.ENOTCONN, ""), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (OSError(errno.ENOSPC, ""), False),
        (PermissionError(errno.EACCES, ""), False),
        (FileNotFoundError(errno.ENOENT, ""), False),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_which_errors_are_transient(error: Exception, expected: bool) -> None:
    """Faults of networks and mounts pass; faults in the data, or a full disk, do not."""
    assert stage.is_transient(error) is expected


def test_the_plan_lists_and_stops(source: Path, tmp_path: Path) -> None:
    """Archives to read before the run; archives already done after it."""
    before = start(tmp_path, source, "--plan")
    assert before.exit_code == 0
    assert before.said.count("to read ") >= 2
    assert "2 streams" in before.said
    assert not outputs(tmp_path)
    run_pipeline(tmp_path, source)
    after = start(tmp_path, source, "--plan")
    assert after.exit_code == 0
    assert after.said.count(" done ") == 2
    assert "0.0 MB of text to read" in after.said
    assert start(tmp_path, source, "--plan", "--etl.compression=none").said.count(" to make ") == 2
