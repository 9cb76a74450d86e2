"""The command that checks an archive: its output, its findings, its exit code."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantgod.causality.check import main
from quantgod.causality.trials import windows_until
from quantgod.orderbook import step
from quantgod.orderbook.calendar import Window
from quantgod.orderbook.recipe import Recipe
from quantgod.orderbook.sampling import Sampled
from quantgod.orderbook.scaling import Moments
from quantgod.orderbook.schema import FEATURES
from quantgod.storage.outputs.scaler_files import FitRange, save_scaler
from quantgod.synthetic import StreamSpec, generate_text
from quantgod.synthetic.demo import write_archive
from tests.support.stream_faults import rename_symbol, split_lines
from tests.support.streams import D0, NOON

SPEC = StreamSpec("BTCUSDT", "linear", 10, NOON, NOON + 20_000, seed=11, activity="quiet")
NAME = "2024-08-08_BTCUSDT_ob10_synthetic.data"
FAST = (
    "--etl.resampling_interval=1s", "--etl.sampling_interval_ms=100", "--etl.window=3s",
    "--etl.orderbook_levels=5",
)  # fmt: skip
RECIPE = Recipe(100, 1000, 5, 10_000, "drop")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 20 s of a stream under a name that a glob would misread."""
    path = tmp_path_factory.mktemp("source") / "[real]" / f"{NAME}.zip"
    write_archive(path, NAME, generate_text(SPEC))
    return path


def test_a_causal_archive_is_called_so(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(archive), *FAST, "--trials", "3"]) == 0
    title, heading, *trials, verdict = capsys.readouterr().out.splitlines()
    assert title.startswith("2024-08-08_BTCUSDT_ob10_synthetic: 20 bars of 1s")
    assert heading.split("  ")[-1] == "differences"
    assert [line.split()[0] for line in trials] == ["1", "2", "3"]
    assert all(line.endswith(" 0") for line in trials)
    assert verdict.startswith("causal: ")


def test_equal_seeds_give_equal_trials(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for seed in ("1", "1", "2"):
        assert main([str(archive), *FAST, f"--seed={seed}"]) == 0
        printed.append(capsys.readouterr().out.splitlines()[1:])
    assert printed[0] == printed[1] != printed[2]


def test_a_look_ahead_is_reported_with_its_place(
    archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples take messages with ``time <= T`` instead of ``time < T``."""
    take_samples = step.take_samples

    def look_ahead(messages: Any, more_inside: bool, book: Any, window: Any, rule: Any) -> Sampled:
        early = np.maximum(messages.time_ms - 1, window.start_ms)
        return take_samples(replace(messages, time_ms=early), more_inside, book, window, rule)

    monkeypatch.setattr(step, "take_samples", look_ahead)
    assert main([str(archive), *FAST]) == 1
    printed = capsys.readouterr().out
    assert "bars: " in printed
    assert " of the row 2024-08-08 12:00:" in printed
    assert "NOT CAUSAL: " in printed
    assert "--trials 5 --seed 0" in printed


def test_a_scaler_that_is_there_is_applied(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scaler.pkl"
    scaled = (str(archive), *FAST, "--features.apply_zscore=true", f"--paths.scaler_path={path}")
    assert main(scaled) == 0
    assert "is not there yet" in capsys.readouterr().out
    ones = (1.0,) * len(FEATURES)
    save_scaler(path, Moments(ones, ones, ones, 5), FitRange(0, 1, None, ()), RECIPE)
    assert main(scaled) == 0
    assert capsys.readouterr().out.startswith(f"scaler: {path}\n")
    assert main([*scaled, "--etl.max_staleness_ms=5"]) == 2
    assert "was fitted with other settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "no archive"),
        (["--trials", "3"], "'--trials' in place of the archive"),
        (["ARCHIVE", "--trials", "0"], "--trials 0"),
        (["ARCHIVE", "--trials", "x"], "--trials"),
        (["ARCHIVE", "--plan"], "--plan"),
        (["ARCHIVE", "--etl.windows", "3s"], "etl.window"),
        (["ARCHIVE", "another.zip"], "another.zip"),
        (["nowhere.zip"], "nowhere.zip"),
        (["ARCHIVE", "--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_use_exits_2(
    archive: Path, capsys: pytest.CaptureFixture[str], argv: list[str], told: str
) -> None:
    assert main([str(archive) if each == "ARCHIVE" else each for each in argv]) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.out == ""


def test_an_archive_that_cannot_be_read_exits_2(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message has the archive's name and the reason."""
    torn, mixed, other = (tmp_path / f"{name}.zip" for name in ("torn", "mixed", "other"))
    torn.write_bytes(archive.read_bytes()[:-500])
    lines = split_lines(generate_text(SPEC))
    write_archive(mixed, NAME, rename_symbol(lines, at=50, symbol="ETHUSDT"))
    write_archive(other, "trades.parquet", iter([b"x"]))
    for path, reason in (
        (torn, "expected a whole ZIP archive"),
        (mixed, "topic 'orderbook.10.ETHUSDT' in a stream of topic"),
        (other, "no reader for this member"),
    ):
        assert main([str(path), *FAST]) == 2
        told = capsys.readouterr().err
        assert reason in told
        assert path.name in told


def test_an_archive_without_a_past_exits_2(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No message follows a single bar."""
    short = archive.with_name("short.zip")
    write_archive(short, NAME, generate_text(replace(SPEC, closing=False)))
    assert main([str(short), "--etl.resampling_interval=1D"]) == 2
    assert "nothing was checked" in capsys.readouterr().out


def test_the_window_of_an_instant_is_joined_with_the_next() -> None:
    hours = [D0 + 3_600_000 * hour for hour in range(4)]
    windows = [Window(D0, start, end) for start, end in pairwise(hours)]
    joined = Window(D0, hours[0], hours[2])
    assert windows_until(D0 + 1, windows) == [joined]
    assert windows_until(hours[1], windows) == [joined]
    assert windows_until(hours[1] + 1, windows) == [windows[0], Window(D0, hours[1], hours[3])]
    assert windows_until(hours[3] + 1, windows) == windows


def test_help_names_the_settings_that_matter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert "--etl.max_staleness_ms" in printed
    assert "--execution.workers" not in printed


def test_it_runs_as_a_script_from_any_folder(archive: Path) -> None:
    """It does so without Prefect, which would start a server."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "quantgod.causality", archive.name, *FAST],
        cwd=archive.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "causal: " in done.stdout
    assert "quantgod.causality.comparison" in done.stderr
    assert "prefect" not in done.stderr
