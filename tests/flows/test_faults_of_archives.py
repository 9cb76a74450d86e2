"""Bad archives, as in docs/faults.md: one run covers them all, and each one fails alone."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from benchmarks.dialects import rewrite
from quantgod.orderbook.formats import tardis
from quantgod.storage.archives import streams
from quantgod.synthetic import generate_text
from tests.support import csv_rows
from tests.support.csv_rows import TARDIS_HEADER
from tests.support.faults import documented
from tests.support.flow_runs import output_table, outputs, run_pipeline
from tests.support.market_files import two_days, write_zip
from tests.support.program import Program, leftovers, start
from tests.support.rights import refused
from tests.support.stream_faults import drop_lines, insert_line, split_lines
from tests.support.zips import DIRECTORY_ENTRY, put_bytes, spoil_middle, wrong_crc

pytestmark = pytest.mark.usefixtures("prefect_server")

DAY = "2025-08-20"
MEMBER = f"{DAY}_BTCUSDT_ob50.data"
GOOD, _ = two_days()
LINES = list(split_lines(generate_text(GOOD)))
REORDERED = TARDIS_HEADER.replace("price,amount", "amount,price")
LEAST_BOMB = 100 << 20

Make = Callable[[Path], object]


def text(lines: Iterable[bytes]) -> bytes:
    """Join lines into a text."""
    return b"".join(lines)


def holding(content: bytes, member: str = MEMBER) -> Make:
    """Write an archive with this text as its only member."""
    return lambda path: write_zip(path, member, content)


def damaged(damage: Callable[[bytes], bytes]) -> Make:
    """Change the bytes of a good archive."""

    def make(path: Path) -> None:
        path.write_bytes(damage(write_zip(path, MEMBER, text(LINES)).read_bytes()))

    return make


def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Make:
    """Write an archive with these members."""

    def make(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content, compression)

    return make


def naming_twice(path: Path) -> None:
    """Write two members of one name, which Python refuses to do."""
    other = MEMBER.replace("BTC", "XXX")
    zipped((MEMBER, text(LINES)), (other, text(LINES)))(path)
    path.write_bytes(path.read_bytes().replace(other.encode(), MEMBER.encode()))


def in_csv(header: str, *rows: str, end: str = "\n") -> Make:
    """Write an archive of one CSV member."""
    return holding(csv_rows.text_of(header, *rows, end=end), f"{DAY}_BTCUSDT.csv")


def cut_gzip(path: Path) -> None:
    """Write half a gzip file."""
    path.parent.mkdir(parents=True)
    whole = gzip.compress(csv_rows.text_of(TARDIS_HEADER, *map(csv_rows.tardis_row, range(1000))))
    path.write_bytes(whole[: len(whole) // 2])


def with_twin(path: Path) -> None:
    """Write two archives of one series and day."""
    write_zip(path, MEMBER, text(LINES))
    write_zip(path.with_name(f"again_{path.name}"), MEMBER, text(LINES))


def renamed_in(line: bytes, old: bytes, new: bytes) -> Iterator[bytes]:
    """Add a twelfth line of another symbol or topic to the good stream."""
    return insert_line(LINES, at=11, line=line.replace(old, new))


FAULTS: dict[str, Make] = {
    "cut short": damaged(lambda z: z[: len(z) // 2]),
    "wrong checksum": damaged(wrong_crc),
    "more text than it says": damaged(
        lambda z: put_bytes(z, DIRECTORY_ENTRY, 24, (1000).to_bytes(4, "little"))
    ),
    "bytes that do not inflate": damaged(spoil_middle),
    "a text named .zip": damaged(lambda _: text(LINES)),
    "an empty file": damaged(lambda _: b""),
    "no member": zipped(),
    "encrypted": damaged(lambda z: put_bytes(z, DIRECTORY_ENTRY, 8, b"\x01\x00")),
    "unknown compression": damaged(lambda z: put_bytes(z, DIRECTORY_ENTRY, 10, b"\x61\x00")),
    "a ZIP bomb": holding(bytes(LEAST_BOMB)),
    "a path-traversal name": zipped(("../" + MEMBER, text(LINES))),
    "an absolute name": zipped(("/" + MEMBER, text(LINES))),
    "one name twice": naming_twice,
    "two archives of one day": with_twin,
    "an empty member": holding(b""),
    "no name, no message": holding(b"", "BTCUSDT.data"),
    "a member in another format": holding(b"a,b\n1,2\n", f"{DAY}.xml"),
    "unknown CSV header": holding(b"a,b\n1,2\n", f"{DAY}.csv"),
    "CSV columns in another order": in_csv(REORDERED, csv_rows.tardis_row(0)),
    "a CSV column missing": in_csv(TARDIS_HEADER.replace(",side", ""), csv_rows.tardis_row(0)),
    "an empty CSV member": holding(b"", f"{DAY}.csv"),
    "another symbol in a CSV member": in_csv(
        TARDIS_HEADER,
        csv_rows.tardis_row(0),
        csv_rows.tardis_row(1, names="deribit,ETH-PERPETUAL"),
    ),
    "a gzip file cut short": cut_gzip,
    "another symbol in mid-stream": holding(
        text(renamed_in(LINES[11], b'"s":"BTCUSDT"', b'"s":"ETHUSDT"'))
    ),
    "another topic in mid-stream": holding(text(renamed_in(LINES[11], b"book.50.", b"book.200."))),
    "a line without an end": zipped(
        (MEMBER, text(LINES) + bytes(65 << 20)), compression=zipfile.ZIP_STORED
    ),
    "no permission to read it": holding(text(LINES)),
}  # fmt: skip


def place(root: Path, fault: str) -> Path:
    """Return the path of a fault's archive: a folder, and so a series, of its own."""
    names = {
        "no name, no message": "BTCUSDT.data.zip", "a gzip file cut short": f"{DAY}_BTCUSDT.csv.gz",
    }  # fmt: skip
    return root / fault.replace(" ", "_") / names.get(fault, f"{DAY}_BTCUSDT_ob50.data.zip")


def said_of(fault: str, program: Program) -> str:
    """Return the lines that name a fault's archive."""
    mark = f"  {place(Path(), fault).parent.name}/"
    return "\n".join(line for line in program.said.splitlines() if line.startswith(mark))


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory, prefect_server: None) -> Program:  # noqa: ARG001
    """Run once over all bad archives and a good one."""
    root = tmp_path_factory.mktemp("failed")
    source = root / "source"
    for fault, make in FAULTS.items():
        make(place(source, fault))
    holding(text(LINES))(place(source, "good"))
    with refused(place(source, "no permission to read it"), 0):
        return start(root, source, "--source.include=**/*.[zg]*[pz]")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_archive_fails_alone(fault: str, failed: Program) -> None:
    """The message has the expected, the found and the place; the final name does not exist."""
    documented(fault).check(said_of(fault, failed), failed.exit_code)
    folder = failed.root / "out" / place(Path(), fault).parent
    assert not list(folder.rglob("*"))


def test_a_good_archive_among_them_is_done(failed: Program) -> None:
    """Nothing else exists: no output, no bars, no temporary file."""
    assert [*outputs(failed.root)] == [f"good/{DAY}_BTCUSDT_ob50.parquet"]
    bars = [path.parent.name for path in (failed.root / "bars").rglob("*.parquet")]
    assert bars == ["good"]
    assert not leftovers(failed.root)
    bad = len(FAULTS) + 1  # one fault is of two archives
    assert f"{bad} of {bad + 1} archives failed" in failed.said


def test_an_archive_that_changes_under_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text read so far comes from two archives, so none of it is kept."""
    source = tmp_path / "source"
    path = write_zip(place(source, "good"), MEMBER, text(LINES))
    text_at = streams.text_at

    def change_and_read(*args: Any, **keys: Any) -> Any:
        os.utime(path, (1, 1))
        return text_at(*args, **keys)

    with monkeypatch.context() as patch:
        patch.setattr(streams, "text_at", change_and_read)
        run = start(tmp_path, source)
    documented("changed while it is read").check(run.said, run.exit_code)
    assert not list(tmp_path.rglob("*.parquet"))
    assert start(tmp_path, source).exit_code == 0


def torn_csv(path: Path) -> None:
    """Return the good stream as Tardis writes it, with two rows torn, quotes and CRLF."""
    rows = b"".join(rewrite([text(LINES)], tardis.DIALECT.name)).splitlines()
    rows[2] = b",".join(b'"%s"' % cell for cell in rows[2].split(b","))
    torn = [*rows[:3], rows[3][:30], rows[3], rows[4][:-5], *rows[4:]]
    write_zip(path, f"{DAY}_BTCUSDT.csv", b"\r\n".join(torn))


WARNED: dict[str, Make] = {
    "unreadable lines": holding(
        text(
            chain(
                LINES[:4], [b"garbage\n"], LINES[4:6], [b"{}\n", LINES[6][:100], b"\n"], LINES[6:]
            )
        )
    ),
    "torn CSV rows": torn_csv,
    "messages lost": holding(text(drop_lines(LINES, at=9, count=3))),
    "macOS metadata": zipped(
        ("__MACOSX/._x", b"x"), (".DS_Store", b"x"), (MEMBER, text(LINES)), ("notes/", b"")
    ),
}


def test_harmless_faults_pass(tmp_path: Path) -> None:
    """Exit code 0: omissions are counted, and files that are not streams are left alone."""
    source = tmp_path / "source"
    for fault, make in WARNED.items():
        make(place(source, fault))
    holding(text(LINES))(place(source, "good"))
    run = start(tmp_path, source)
    report = run_pipeline(tmp_path / "again", source)
    for fault in WARNED:
        (result,) = (
            r for r in report.results if r.name.startswith(place(Path(), fault).parent.name)
        )
        reported = [result.status, *(f"{f.check}: {f.figures}" for f in result.warnings)]
        documented(fault).check("\n".join(reported), run.exit_code)
    assert len(outputs(tmp_path)) == len(WARNED) + 1
    good, finder = (
        output_table(tmp_path, f"{place(Path(), fault).parent}/{DAY}_BTCUSDT_ob50")
        for fault in ("good", "macOS metadata")
    )
    assert good.equals(finder)
