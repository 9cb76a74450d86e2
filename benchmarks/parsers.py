"""Text → numeric columns, by libraries that could do the work and by our own scanner.

All read the same lines, already inflated: 128 MB of the member. All return the same columns: the
time of each message, price and size of each level.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.inflate import first_lines
from benchmarks.meter import Contender, Facts, Meter, Options
from quantgod.storage.archives.line_reader import CHUNK

MOST_BYTES = 128_000_000

Floats = NDArray[np.float64]


class Columns(NamedTuple):
    """``n`` messages with ``m`` levels in all, in any order."""

    time_ms: NDArray[np.int64]  # (n,)
    price: Floats  # (m,)
    size: Floats  # (m,)


class Source(NamedTuple):
    """The same lines in memory and in a file: libraries differ in their input."""

    lines: bytearray  # not bytes: the scanner is compiled for writable text
    file: Path


def contender(name: str) -> Contender:
    """Return the contender that reads with the function of a name."""
    parse = PARSERS[name]

    def measure(archive: Path, options: Options, meter: Meter) -> Facts:  # noqa: ARG001
        lines = first_lines(archive, MOST_BYTES)
        with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
            file.write(lines)
            file.flush()
            source = Source(lines, Path(file.name))
            with meter:
                columns = parse(source)
        return {"text_bytes": len(lines), "checksum": checksum(columns)}

    return measure


def checksum(columns: Columns) -> list[int]:
    """Return counts of messages and levels, and sums that no level order or rounding changes."""
    bits = (np.ascontiguousarray(column).view(np.uint64) for column in columns)
    sums = [int(column.sum(dtype=np.uint64)) for column in bits]
    return [len(columns.time_ms), len(columns.price), *sums]


def with_json(source: Source) -> Columns:
    """Read with the standard library."""
    return _from_objects(map(json.loads, source.lines.splitlines()))


def with_orjson(source: Source) -> Columns:
    """Read with the fastest parser into Python objects."""
    import orjson

    return _from_objects(map(orjson.loads, source.lines.splitlines()))


def _from_objects(messages: Iterator[dict[str, Any]]) -> Columns:
    times: list[int] = []
    prices: list[float] = []
    sizes: list[float] = []
    for message in messages:
        times.append(message["ts"])
        for side in (message["data"]["b"], message["data"]["a"]):
            prices += [float(price) for price, _ in side]
            sizes += [float(size) for _, size in side]
    return Columns(np.array(times), np.array(prices), np.array(sizes))


def with_msgspec(source: Source) -> Columns:
    """Decode by type: only the fields needed, and numbers where the text has strings."""
    import msgspec

    levels = list[tuple[float, float]]
    data = msgspec.defstruct("Data", [("b", levels), ("a", levels)])
    message = msgspec.defstruct("Message", [("ts", int), ("data", data)])
    decode = msgspec.json.Decoder(message, strict=False).decode
    times: list[int] = []
    pairs: list[tuple[float, float]] = []
    for line in source.lines.splitlines():
        found: Any = decode(line)
        times.append(found.ts)
        pairs += found.data.b
        pairs += found.data.a
    return _from_pairs(np.array(times), np.array(pairs))


def _from_pairs(times: NDArray[np.int64], numbers: Floats) -> Columns:
    """Return columns from numbers that alternate between price and size."""
    pairs = numbers.reshape(-1, 2)
    return Columns(times, pairs[:, 0], pairs[:, 1])


def with_polars(source: Source) -> Columns:
    """Read with a DataFrame library in Rust, on all cores."""
    import polars as pl

    side = pl.List(pl.List(pl.String))
    schema = {"ts": pl.Int64(), "data": pl.Struct({"b": side, "a": side})}
    frame = pl.read_ndjson(io.BytesIO(source.lines), schema=schema)
    data = frame["data"].struct
    texts = pl.concat([data.field(name).explode().explode() for name in ("b", "a")])
    return _from_pairs(frame["ts"].to_numpy(), texts.drop_nulls().cast(pl.Float64).to_numpy())


def with_duckdb(source: Source) -> Columns:
    """Read with a database, on all cores."""
    import duckdb

    query = """
        select ts, flatten(data.b || data.a)::double[] as numbers
        from read_json(
            ?, format = 'newline_delimited',
            columns = {ts: 'bigint', data: 'struct(b varchar[][], a varchar[][])'}
        )
    """
    with duckdb.connect() as database:
        table = database.sql(query, params=[str(source.file)]).to_arrow_table()
    numbers = table["numbers"].combine_chunks().flatten()
    return _from_pairs(table["ts"].to_numpy(), numbers.to_numpy())


def with_pyarrow(source: Source) -> Columns:
    """Read with Arrow's own reader, on all cores."""
    import pyarrow as pa
    import pyarrow.json

    side = pa.list_(pa.list_(pa.string()))
    schema = pa.schema({"ts": pa.int64(), "data": pa.struct({"b": side, "a": side})})
    table = pa.json.read_json(
        pa.BufferReader(source.lines),
        pa.json.ReadOptions(block_size=8 << 20),
        pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )
    sides = [side for chunk in table["data"].chunks for side in chunk.flatten()]
    numbers = [side.flatten().flatten().cast(pa.float64()).to_numpy() for side in sides]
    return _from_pairs(table["ts"].to_numpy(), np.concatenate(numbers))


def with_scanner(source: Source) -> Columns:
    """Read with the pipeline's compiled scanner."""
    from quantgod.orderbook.calendar import Window, day_of, day_start_ms
    from quantgod.orderbook.formats.bybit import DIALECT, read_message
    from quantgod.orderbook.messages import Cursor

    first = read_message(bytes(source.lines.partition(b"\n")[0]))
    if first is None:
        raise ValueError("the text does not open with a message")
    day = day_start_ms(day_of(first.ts))
    whole_day = Window(day, day, day + 86_400_000)
    messages = DIALECT.parse_window(Lines(source.lines), Cursor(), whole_day).messages
    return Columns(messages.time_ms, messages.price, messages.size)


class Lines:
    """Text in memory, served as the pipeline serves it to a dialect."""

    def __init__(self, lines: bytearray) -> None:
        self._lines = lines
        self.offset = 0

    def lines(self) -> NDArray[np.uint8]:
        """Return whole lines after the offset, as many as the pipeline's reader returns at once."""
        last = min(self.offset + CHUNK, len(self._lines)) - 1
        end = self._lines.find(b"\n", max(last, 0)) + 1
        return np.frombuffer(self._lines, np.uint8)[self.offset : end]

    def advance(self, count: int) -> None:
        """Drop the first bytes of ``lines()``."""
        self.offset += count


PARSERS: dict[str, Callable[[Source], Columns]] = {
    "parse-json": with_json,
    "parse-orjson": with_orjson,
    "parse-msgspec": with_msgspec,
    "parse-polars": with_polars,
    "parse-duckdb": with_duckdb,
    "parse-pyarrow": with_pyarrow,
    "parse-scanner": with_scanner,
}
