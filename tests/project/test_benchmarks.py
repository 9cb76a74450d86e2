"""The benchmarks measure the right work: contenders agree, and every figure reaches the report."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import archives, core, flow, inflate, parsers, plain
from benchmarks.contender import CONTENDERS, PARSERS, measure
from benchmarks.jobs import PARTS, jobs_of
from benchmarks.measure import Run, make_results
from benchmarks.meter import Meter, Options, StageClock
from benchmarks.processes import run_watched
from benchmarks.report import BEGIN, END, README, render, write_report
from benchmarks.tables import make_tables
from quantgod.settings.settings import load_settings
from quantgod.settings.values import PROJECT_ROOT
from quantgod.synthetic import StreamSpec, generate_text
from quantgod.synthetic.demo import name_of, write_archive
from tests.support.stream_plans import D0

SPEC = StreamSpec("BTCUSDT", "linear", 50, D0, D0 + 70_000, seed=3, activity="quiet")
LEVELS = 60  # more than the stream has, so that some levels do not exist
EXACT = ["open", "high", "low", "close", "volume", "max_spread", "sample_count", "max_staleness_ms"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("benchmarks") / f"{name_of(SPEC)}.zip"
    write_archive(path, name_of(SPEC), generate_text(SPEC))
    return path


@pytest.mark.parametrize("interval_ms", [1000, 100])
def test_plain_and_core_make_the_same_bars(archive: Path, interval_ms: int):
    options = Options(interval_ms, LEVELS)
    table = core.make_table(core.open_stream(archive), options, StageClock())
    theirs = plain.make_bars(archive, options)
    ours = table.drop_columns("available_at").to_pandas().set_index("datetime")
    assert list(ours.columns) == list(theirs.columns)
    assert len(ours) == 2
    exact = [*EXACT, *plain.level_names(LEVELS)]
    assert list(ours.index) == list(theirs.index)
    np.testing.assert_array_equal(ours[exact], theirs[exact])
    others = ours.columns.difference(exact)
    np.testing.assert_allclose(ours[others], theirs[others], rtol=1e-9, atol=1e-12)


def test_core_reads_the_same_with_read_ahead(archive: Path):
    stream = core.open_stream(archive)
    tables = [
        core.make_table(stream, Options(read_ahead=ahead), StageClock()) for ahead in (False, True)
    ]
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize("name", PARSERS)
def test_parsers_make_the_same_columns(archive: Path, name: str):
    pytest.importorskip(PARSERS[name])
    wanted = parsers.contender("parse-json")(archive, Options(), Meter())
    assert parsers.contender(name)(archive, Options(), Meter()) == wanted
    assert min(wanted["checksum"]) > 0


def test_parsers_read_whole_lines_only(archive: Path):
    lines = inflate.first_lines(archive, 50_000)
    assert lines.endswith(b"}\n")
    assert all(json.loads(line)["topic"] == "orderbook.50.BTCUSDT" for line in lines.splitlines())


def test_inflate_reads_the_whole_member_and_checks_it(archive: Path, tmp_path: Path):
    assert inflate.first_lines(archive, 10_000_000) == b"".join(generate_text(SPEC))
    damaged = bytearray(archive.read_bytes())
    damaged[-len(damaged) // 2] ^= 1
    broken = tmp_path / archive.name
    broken.write_bytes(damaged)
    with pytest.raises((zlib.error, EOFError, OSError)):
        inflate.measure(broken, Options(), Meter())


@pytest.mark.parametrize("name", [name for name in CONTENDERS if name not in PARSERS])
def test_contender_reports_time_and_memory(archive: Path, name: str):
    facts = measure(name, archive, archive, Options(levels=LEVELS))
    assert facts["wall"] > 0
    assert facts["cpu"] > 0
    assert facts["memory"] >= facts["memory_before"] > 0
    assert facts["text_bytes"] > facts["archive_bytes"] == archive.stat().st_size
    assert facts.get("bars", 2) == 2


def test_contender_prints_one_line_of_json(archive: Path):
    words = ["-m", "benchmarks.contender", "inflate", str(archive), "--warm-up", str(archive)]
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout)["text_bytes"] == len(b"".join(generate_text(SPEC)))


def test_every_job_has_its_archives():
    for quick in (False, True):
        specs = archives.specs(quick=quick)
        paths = {archives.path_of(name, quick=quick) for name in specs}
        assert len(paths) == len(specs)
        for job in jobs_of(PARTS):
            assert set(job.archives) <= set(specs)
            assert set(map(str, paths)) & set(job.command(quick=quick))
    days = [archives.specs(quick=False)[name] for name in archives.DAYS]
    assert [day.end_ms for day in days[:-1]] == [day.start_ms for day in days[1:]]


def test_settings_of_a_flow_run_keep_all_output_in_its_folder(archive: Path, tmp_path: Path):
    settings = load_settings(flow.prepare(tmp_path, [archive], workers=2, interval_ms=100))
    assert settings.execution.workers == 2
    assert settings.etl.sampling_interval_ms == 100
    assert all(path.is_relative_to(tmp_path) for _, path in settings.paths)
    found = list(settings.paths.rclone_mount.glob(settings.source.include))
    assert [path.name for path in found] == [archive.name]


def test_a_watched_process_counts_with_those_that_it_starts(tmp_path: Path):
    burn = "import time\nkept = b'x' * 50_000_000\nwhile time.process_time() < 0.6: pass"
    start = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\nsys.exit(3)"
    watched = run_watched([sys.executable, "-c", start], tmp_path, {}, tmp_path / "log")
    assert watched.exit_code == 3
    assert min(watched.wall, watched.cpu) > 0.5
    assert watched.memory > 50_000_000
    assert watched.peaks["other"] > 50_000_000 > watched.peaks["flow"]


# ---------------------------------------------------------------- results


def test_ratios_are_taken_within_a_round():
    results = make_results(some_runs(), quick=True)
    ratios = {each["name"]: each for each in results["ratios"]}
    plain_by_core = ratios[f"wall: plain ÷ core, {archives.BUSY}"]
    assert plain_by_core == {**plain_by_core, "median": 40.0, "min": 30.0, "max": 50.0, "rounds": 3}
    assert ratios["seconds an archive adds to the flow, 1 worker"]["median"] == pytest.approx(4.0)
    assert ratios["share of it that is Prefect's, 1 worker"]["median"] == pytest.approx(0.25)
    figures = {(each["contender"], each["archive"]): each for each in results["figures"]}
    assert figures["core", archives.BUSY]["wall"] == {"median": 2.0, "min": 1.0, "max": 3.0}


def test_report_replaces_the_text_between_its_marks():
    results = make_results(some_runs(), quick=False)
    page = render(f"before\n{BEGIN}\nold\n{END}\nafter\n", results)
    assert page.startswith(f"before\n{BEGIN}\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page
    assert all(table.title in page for table in make_tables(results))
    assert render(page, results) == page
    with pytest.raises(ValueError, match="end of results"):
        render("no marks", results)
    assert BEGIN in README.read_text()


def test_report_draws_time_and_memory(tmp_path: Path):
    pytest.importorskip("matplotlib")
    readme, plots = tmp_path / "README.md", tmp_path / "plots"
    readme.write_text(f"{BEGIN}{END}")
    write_report(make_results(some_runs(), quick=False), readme, plots)
    assert sorted(plot.name for plot in plots.iterdir()) == ["memory.svg", "time.svg"]
    assert "Prefect" in readme.read_text()


def some_runs() -> list[Run]:
    """Three rounds in which the machine gets slower."""
    eight = f"8 days of {archives.BUSY}"
    runs = []
    for number, (core_wall, plain_wall) in enumerate([(1.0, 50.0), (2.0, 80.0), (3.0, 90.0)]):
        stages = {"stages": {"parse": core_wall}, "stages_after": {"write": 3.0 - core_wall}}
        seconds = {"run_seconds": 9.0, "archive_seconds": 2.0}
        roles: dict[str, Any] = {"memory_by_role": {"flow": 1.0}, **seconds}
        runs += [
            some_run(number, "core", "core", archives.BUSY, core_wall, **stages, bars=1440),
            some_run(number, "plain", "plain", archives.BUSY, plain_wall, bars=1440),
            some_run(number, "parsers", "parse-json", archives.BUSY, 9.0, checksum=[1, 2]),
            some_run(number, "flow", "flow --workers 1", archives.BUSY, 10.0, **roles),
            some_run(number, "flow", "flow --workers 1", eight, 38.0, **roles),
        ]
    return runs


def some_run(number: int, part: str, contender: str, archive: str, wall: float, **more: Any) -> Run:
    sizes = {"text_bytes": 2_000_000, "archive_bytes": 300_000}
    took = {"wall": wall, "cpu": wall, "memory": 1_000_000, "memory_before": 500_000}
    names = {"part": part, "contender": contender, "archive": archive}
    return {"round": number, **names, **sizes, **took, **more}
