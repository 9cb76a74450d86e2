"""Retries, failures and exit codes: transient faults are tried again, all others told at once."""

from __future__ import annotations

import errno
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.main import main
from tasks import stage
from tests.flow_runs import outputs, run_pipeline, settings_for, two_days, write_source, write_zip

pytestmark = pytest.mark.usefixtures("prefect_server")

# Each stage, and the function behind it that the world can break.
STAGES = {
    "check_mount": ("tasks.check_mount", "open_folder", 1),
    "list_members": ("tasks.list_members", "read_streams", 2),
    "stream_parse": ("tasks.stream_parse", "text_at", 2),
    "sample": ("tasks.sample", "take_samples", 2),
    "cut_levels": ("tasks.cut_levels", "sampling.cut_levels", 2),
    "resample": ("tasks.resample", "make_bars", 2),
    "add_features": ("tasks.add_features", "features.add_features", 2),
    "scale": ("tasks.scale", "apply_scaler", 2),
    "write": ("tasks.write", "write_table", 2),
    "validate": ("tasks.validate", "read_table", 2),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source")
    write_source(root, two_days())
    return root


@pytest.fixture(scope="module")
def undisturbed(
    source: Path,
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: None,  # noqa: ARG001
) -> dict[str, bytes]:
    """The final files of a run without faults."""
    root = tmp_path_factory.mktemp("undisturbed")
    run_pipeline(root, source, features__apply_zscore=True, etl__window="1min")
    return outputs(root)


def failing_once(monkeypatch: pytest.MonkeyPatch, stage_name: str, error: Exception) -> list[int]:
    """Make one call of a stage's function fail; the list grows with each call."""
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
    """The stage is tried again, with the same values: bit-identical output."""
    calls = failing_once(monkeypatch, stage_name, OSError(errno.EIO, "injected"))
    report = run_pipeline(tmp_path, source, features__apply_zscore=True, etl__window="1min")
    assert not report.failures
    assert len(calls) > STAGES[stage_name][2], "the fault was met, and tried again"
    assert outputs(tmp_path) == undisturbed


def test_a_fault_that_will_stay_is_not_tried_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk fails its archive at once; no partial file stays behind."""
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
    """Faults of networks and mounts pass; what is in the data, or a full disk, does not."""
    assert stage.is_transient(error) is expected


def arguments(root: Path, source: Path, *more: str) -> list[str]:
    """A command line with every output below ``root``."""
    paths = settings_for(root, source).paths
    given = {name: str(path) for name, path in paths.model_dump().items()}
    options = [f"--paths.{name}={value}" for name, value in given.items()]
    return [*options, "--source.mode=folder", "--execution.workers=1", *more]


def test_a_failed_archive_is_named_and_the_run_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason too; the others are done."""
    bad = tmp_path / "source"
    write_source(bad, two_days(), only=[0])
    write_zip(bad / "linear/BTCUSDT/2025-08-21_BTCUSDT_ob20.data.zip", "a.csv", b"x,y\n")
    assert main(arguments(tmp_path, bad)) == 1
    printed = capsys.readouterr()
    assert "1 of 2 archives failed" in printed.out
    assert "no reader for this member; dialects known: Bybit NDJSON" in printed.out
    assert len(outputs(tmp_path)) == 1


def test_a_missing_source_exits_1_with_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The nearest folder that exists is named."""
    assert main(arguments(tmp_path, tmp_path / "nowhere" / "at all")) == 1
    assert f"the nearest folder that exists is {tmp_path}" in capsys.readouterr().err


def test_wrong_settings_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is done."""
    assert main(["--etl.orderbook_level=3"]) == 2
    assert "etl.orderbook_levels" in capsys.readouterr().err


def test_the_plan_lists_and_stops(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is to be read before the run, and what is done after it."""
    assert main(arguments(tmp_path, source, "--plan")) == 0
    before = capsys.readouterr().out
    assert before.count("to read ") >= 2
    assert "2 streams" in before
    assert not outputs(tmp_path)
    run_pipeline(tmp_path, source)
    assert main(arguments(tmp_path, source, "--plan")) == 0
    after = capsys.readouterr().out
    assert after.count(" done ") == 2
    assert "0.0 MB of text to read" in after
    assert main(arguments(tmp_path, source, "--plan", "--etl.compression=none")) == 0
    assert capsys.readouterr().out.count(" to make ") == 2
