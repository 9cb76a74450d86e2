"""Wrong settings, as in docs/faults.md: the run reports them all and starts nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.faults import documented
from tests.support.program import main

OPTIONS = {
    "misspelt key": "--etl.orderbook_level=3",
    "wrong type": "--etl.orderbook_levels=many",
    "no levels": "--etl.orderbook_levels=0",
    "Δ does not divide W": "--etl.sampling_interval_ms=700",
    "W does not divide a day": "--etl.resampling_interval=7min",
}
FILES = {
    "misspelt key in the file": "etl:\n  orderbook_level: 5\n",
    "settings file is not YAML": "etl: {x",
}


def start(tmp_path: Path, *options: str) -> int:
    """Run the program with an existing source and separate outputs."""
    outputs = [f"--paths.{name}={tmp_path / name}" for name in ("bars", "processed_output", "logs")]
    source = [f"--paths.rclone_mount={tmp_path}"]
    return main([*source, *outputs, *options])


@pytest.mark.parametrize("fault", OPTIONS)
def test_a_wrong_setting_starts_nothing(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does not create a single folder."""
    code = start(tmp_path, OPTIONS[fault])
    documented(fault).check(capsys.readouterr().err, code)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fault", FILES)
def test_a_wrong_file_starts_nothing(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the line."""
    file = tmp_path / "settings.yaml"
    file.write_text(FILES[fault])
    code = start(tmp_path, f"--config={file}")
    documented(fault).check(capsys.readouterr().err, code)
    assert list(tmp_path.iterdir()) == [file]


def test_a_missing_file_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run does not fall back on defaults."""
    code = start(tmp_path, f"--config={tmp_path / 'settings.yaml'}")
    documented("no such settings file").check(capsys.readouterr().err, code)
    assert not list(tmp_path.iterdir())


def test_the_placeholder_starts_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """configs/cloud_config.yaml in its original state."""
    monkeypatch.delenv("QUANTGOD_PATHS__RCLONE_MOUNT", raising=False)
    code = main([])
    documented("the placeholder `...`").check(capsys.readouterr().err, code)
