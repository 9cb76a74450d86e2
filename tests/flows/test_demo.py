"""The default source: `source.remote: "synthetic:"` fills an empty folder, and reports it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.survey import source_of
from quantgod.errors import SettingsError, SourceError
from quantgod.settings.settings import load_settings
from quantgod.settings.values import PROJECT_ROOT
from quantgod.storage.sources.folder import FolderSource
from quantgod.synthetic import demo
from quantgod.synthetic.demo import SyntheticSource, fill
from tests.support.flow_runs import outputs, settings_for
from tests.support.market_files import two_days, write_source
from tests.support.program import start

CONFIGS = PROJECT_ROOT / "configs"
SYNTHETIC = "--source.remote=synthetic:"


def test_local_config_is_the_demo(bare_environment: None) -> None:  # noqa: ARG001
    """It names the project's own folder as a synthetic source, located at the folder's path."""
    found = source_of(load_settings(CONFIGS / "local.yaml"))
    assert found == SyntheticSource(PROJECT_ROOT / "data" / "L2" / "raw")
    assert (found.location, str(found)) == (str(PROJECT_ROOT / "data/L2/raw"),) * 2


@pytest.mark.parametrize("mode", ["auto", "folder"])
def test_any_other_remote_is_not(tmp_path: Path, mode: str) -> None:
    """A folder is only read, unless `synthetic:` says otherwise."""
    for remote in ("none", "gdrive:L2", "synthetic"):
        settings = settings_for(
            tmp_path, tmp_path / "raw", source__mode=mode, source__remote=remote
        )
        assert source_of(settings) == FolderSource(tmp_path / "raw")
    settings = settings_for(tmp_path, tmp_path / "raw", source__remote="synthetic:")
    assert source_of(settings) == SyntheticSource(tmp_path / "raw")


def test_remotes_that_are_not_sources(tmp_path: Path) -> None:
    """A placeholder, or a mode that is not implemented, also for the demo."""
    keys = {"source__remote": "synthetic:"}
    with pytest.raises(SettingsError, match="in place of the placeholder"):
        source_of(settings_for(tmp_path, Path("/x/..."), **keys))
    with pytest.raises(SourceError, match="'serve' is not implemented yet; known: auto, folder"):
        source_of(settings_for(tmp_path, tmp_path, source__mode="serve", **keys))


def test_the_plan_fills_nothing(tmp_path: Path) -> None:
    """It reports the run's first step; if the folder has archives, it lists them."""
    raw = tmp_path / "raw"
    plan = start(tmp_path, raw, SYNTHETIC, "--plan")
    assert plan.exit_code == 0
    assert f"{raw} is empty: the run would fill it with synthetic archives first\n" in plan.said
    assert not raw.exists()
    write_source(raw, two_days(), only=[0])
    assert "1 streams" in start(tmp_path, raw, SYNTHETIC, "--plan").said


@pytest.mark.usefixtures("prefect_server")
def test_a_run_fills_the_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run reports it; the next one would take the existing archives."""
    monkeypatch.setattr(demo, "fill", lambda folder: fill(folder, [two_days()]))
    raw = tmp_path / "raw"
    first = start(tmp_path, raw, SYNTHETIC)
    assert (first.exit_code, len(outputs(tmp_path))) == (0, 2)
    assert first.said.count(f"{raw} is empty: making synthetic archives there, once") == 1
    again = start(tmp_path, raw, SYNTHETIC, "--plan")
    assert "is empty" not in again.said
    assert again.said.count(" done ") == 2
