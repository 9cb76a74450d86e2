"""A window's arrays are freed before the next window's are made, also by Prefect."""

from __future__ import annotations

import gc
import weakref
from contextvars import Context, copy_context
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import quantgod.orderbook.sampling
from flows import bars_phase
from tests.support.flow_runs import run_pipeline, statuses
from tests.support.market_files import two_days, write_source

pytestmark = pytest.mark.usefixtures("prefect_server")


class Alive:
    """Counts a stage's results that are still referenced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
        self._results: list[weakref.ref[Any]] = []
        self.most = 0
        run = getattr(bars_phase, stage)

        def counted(*args: Any, **keys: Any) -> Any:
            result = run(*args, **keys)
            self._results.append(weakref.ref(result))
            gc.collect()  # an unreferenced cycle is not alive
            self.most = max(self.most, sum(ref() is not None for ref in self._results))
            return result

        monkeypatch.setattr(bars_phase, stage, counted)

    @property
    def windows(self) -> int:
        return len(self._results)


def keep_contexts(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> list[Context]:
    """Copy the context of each call, as Prefect does for each event in its queue."""
    contexts: list[Context] = []
    run = getattr(module, name)

    def kept(*args: Any, **keys: Any) -> Any:
        contexts.append(copy_context())
        return run(*args, **keys)

    monkeypatch.setattr(module, name, kept)
    return contexts


def test_no_window_outlives_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For any number of windows, also if no event is sent: memory does not grow with archives."""
    stages = [Alive(monkeypatch, name) for name in ("stream_parse", "sample", "cut_levels")]
    contexts = keep_contexts(monkeypatch, quantgod.orderbook.sampling, "cut_levels")
    write_source(tmp_path / "raw", two_days())
    report = run_pipeline(tmp_path, tmp_path / "raw", etl__window="1min", execution__workers=1)
    assert set(statuses(report).values()) == {"made"}
    for alive in stages:
        assert alive.windows > 4
        assert alive.most <= 2
        assert len(contexts) == alive.windows
