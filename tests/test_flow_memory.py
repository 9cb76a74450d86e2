"""A window's arrays are let go before the next one's are made, also by Prefect."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

from flows import bars_phase
from tests.flow_runs import run_pipeline, statuses, two_days, write_source

pytestmark = pytest.mark.usefixtures("prefect_server")


class Alive:
    """Keeps count of a stage's results that somebody still holds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
        self._results: list[weakref.ref[Any]] = []
        self.most = 0
        run = getattr(bars_phase, stage)

        def counted(*args: Any, **keys: Any) -> Any:
            result = run(*args, **keys)
            self._results.append(weakref.ref(result))
            gc.collect()  # a cycle that nobody holds is not alive
            self.most = max(self.most, sum(ref() is not None for ref in self._results))
            return result

        monkeypatch.setattr(bars_phase, stage, counted)

    @property
    def windows(self) -> int:
        return len(self._results)


def test_no_window_outlives_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: memory does not grow with the archive."""
    stages = [Alive(monkeypatch, name) for name in ("stream_parse", "sample", "cut_levels")]
    write_source(tmp_path / "raw", two_days())
    report = run_pipeline(tmp_path, tmp_path / "raw", etl__window="1min", execution__workers=1)
    assert set(statuses(report).values()) == {"made"}
    for alive in stages:
        assert alive.windows > 4
        assert alive.most <= 2
