"""``python flows/l2_flow.py`` as a user starts it: its own process, its own Prefect home."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.flow_runs import outputs
from tests.support.market_files import two_days, write_source
from tests.support.scripts import recorded_states, run_script

pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_a_run_from_nothing_to_files(tmp_path: Path) -> None:
    """Two archives in two processes: exit 0, a table, a log, and no stack trace."""
    source = tmp_path / "source"
    write_source(source, two_days())
    done = run_script(tmp_path, source, "--execution.workers=2", "--features.apply_zscore=true")
    assert done.returncode == 0, done.stderr
    assert "made" in done.stdout
    assert "coverage" in done.stdout
    assert done.stderr == ""
    log = (tmp_path / "logs" / "l2.log").read_text()
    assert "stream_parse linear/BTCUSDT/2025-08-20_BTCUSDT_ob50_synthetic" in log
    assert "Starting temporary server" not in log, "pool processes use the run's own server"
    assert recorded_states(tmp_path / "prefect") == {"COMPLETED"}
    assert len(outputs(tmp_path)) == 2


def test_help_names_every_setting_and_needs_no_server(tmp_path: Path) -> None:
    """It answers without Prefect."""
    done = run_script(tmp_path, tmp_path / "source", "--help")
    assert done.returncode == 0
    assert "--etl.orderbook_levels" in done.stdout
    assert not (tmp_path / "prefect").exists()
