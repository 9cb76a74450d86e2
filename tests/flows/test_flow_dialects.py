"""One run on archives of every dialect and container: the same market, the same table."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pytest

from benchmarks.dialects import rewrite
from flows.plan import describe_plan
from quantgod.orderbook.formats import binance, bybit, okx, tardis
from quantgod.storage.archives.streams import read_streams
from quantgod.storage.outputs.tables import read_metadata
from quantgod.storage.sources.folder import FolderSource
from quantgod.synthetic import StreamSpec, generate_text
from tests.support.flow_runs import output_table, run_pipeline, settings_for, statuses
from tests.support.market_files import write_zip
from tests.support.stream_plans import D0

pytestmark = pytest.mark.usefixtures("prefect_server")

BOTH = "**/*.[zg]*[pz]"
DAY = "2024-08-08"
SPEC = StreamSpec("BTCUSDT", "linear", 50, D0, D0 + 200_000, seed=5, activity="quiet")
# The path of each archive, and the name of its output.
OUTPUTS = {
    bybit.DIALECT.name: f"bybit/{DAY}_BTCUSDT_ob50",
    okx.DIALECT.name: f"okx/BTCUSDT-L2orderbook-400lv-{DAY}",
    tardis.DIALECT.name: f"tardis/{DAY}_BTCUSDT",
    binance.SPOT.name: f"spot/BTCUSDT_T_DEPTH_{DAY}.csv",
    binance.FUTURES.name: f"futures/BTCUSDT_T_DEPTH_{DAY}",
}


def write_all(source: Path) -> None:
    """Write the market once in each dialect: ZIPs with and without ``.data``, and gzip files."""
    text = b"".join(generate_text(SPEC))
    texts = {name: b"".join(rewrite([text], name)) for name in OUTPUTS if name in REWRITTEN}
    texts[bybit.DIALECT.name] = text
    for name in (bybit.DIALECT.name, okx.DIALECT.name):
        path = source / f"{OUTPUTS[name]}.data.zip"
        write_zip(path, path.stem, texts[name])
    spot = source / f"{OUTPUTS[binance.SPOT.name]}.zip"
    write_zip(spot, spot.stem, texts[binance.SPOT.name])
    for name in (tardis.DIALECT.name, binance.FUTURES.name):
        path = source / f"{OUTPUTS[name]}.csv.gz"
        path.parent.mkdir(parents=True)
        middle = texts[name].index(b"\n", len(texts[name]) // 2) + 1
        parts = texts[name][:middle], texts[name][middle:]
        path.write_bytes(b"".join(map(gzip.compress, parts)))


REWRITTEN = frozenset(OUTPUTS) - {bybit.DIALECT.name}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source")
    write_all(root)
    return root


def test_a_run_on_every_dialect(tmp_path: Path, source: Path) -> None:
    """Tables are equal to the bit; metadata names the topic only if there is one."""
    report = run_pipeline(
        tmp_path, source, source__include=BOTH, etl__resampling_interval="5s", etl__window="1min"
    )
    assert statuses(report) == dict.fromkeys(OUTPUTS.values(), "made")
    wanted = output_table(tmp_path, OUTPUTS[bybit.DIALECT.name])
    assert wanted.num_rows > 30
    for name, output in OUTPUTS.items():
        assert output_table(tmp_path, output).equals(wanted), name
        metadata = read_metadata(tmp_path / "out" / f"{output}.parquet")
        assert metadata is not None
        is_bybit = name == bybit.DIALECT.name
        assert metadata["topic"] == ("orderbook.50.BTCUSDT" if is_bybit else "")
        assert (metadata["member_size"] == "") == output.startswith(("tardis", "futures"))
    findings = {result.name: {f.check: f for f in result.findings} for result in report.results}
    for output in (OUTPUTS[okx.DIALECT.name], OUTPUTS[tardis.DIALECT.name]):
        assert findings[output]["gaps in update ids"].figures.startswith("not checkable")
        assert findings[output]["gaps in update ids"].severity == "info"
    again = run_pipeline(
        tmp_path, source, source__include=BOTH, etl__resampling_interval="5s", etl__window="1min"
    )
    assert set(statuses(again).values()) == {"unchanged"}


def test_unreadable_archives_do_not_stop_the_others(tmp_path: Path, source: Path) -> None:
    """An unknown header, another symbol in mid-stream, a gzip file that breaks off."""
    root = tmp_path / "source"
    good = (source / f"{OUTPUTS[tardis.DIALECT.name]}.csv.gz").read_bytes()
    text = gzip.decompress(good)
    mixed = text + text.splitlines(keepends=True)[-1].replace(b"BTCUSDT", b"ETHUSDT")
    write_zip(root / "a" / f"{DAY}_A.zip", "a.csv", b"time,price\n1,2\n")
    write_zip(root / "b" / f"{DAY}_B.zip", "b.csv", mixed)
    for folder, file in (("c", good[:-10]), ("d", good)):
        (root / folder).mkdir()
        (root / folder / f"{DAY}_BTCUSDT.csv.gz").write_bytes(file)
    report = run_pipeline(tmp_path, root, source__include=BOTH, etl__resampling_interval="5s")
    reasons = {result.name[0]: result.reason for result in report.results}
    assert reasons["a"].startswith("unknown CSV header 'time,price'; dialects known: Bybit NDJSON")
    assert "symbol 'ETHUSDT' in a stream of symbol 'BTCUSDT'" in reasons["b"]
    assert f"line {len(text.splitlines()) + 1}" in reasons["b"]
    assert reasons["c"].startswith("expected a whole gzip file, found: ")
    assert statuses(report)[f"d/{DAY}_BTCUSDT"] == "made"


def test_the_plan_marks_estimated_sizes(tmp_path: Path, source: Path) -> None:
    """The text of a gzip file is estimated at ten times the file."""
    plan = describe_plan(settings_for(tmp_path, source, source__include=BOTH)).splitlines()
    sizes = {line.split()[-1]: line.split()[1] for line in plan[:-1]}
    assert set(sizes) == set(OUTPUTS.values())
    about = {output for output, size in sizes.items() if size.startswith("~")}
    assert about == {OUTPUTS[tardis.DIALECT.name], OUTPUTS[binance.FUTURES.name]}


def test_a_stream_keeps_its_dialect_between_processes(source: Path) -> None:
    """By name: its text need not be read again."""
    for archive in FolderSource(source).list(BOTH):
        (stream,) = read_streams(archive)
        assert pickle.loads(pickle.dumps(stream)).dialect is stream.dialect  # noqa: S301
