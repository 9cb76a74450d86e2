"""The slow, obvious twin of the pipeline, written from the data contract alone.

It reads one Bybit NDJSON stream (§1.1, in `twin_messages`), rebuilds the book (§2, in `twin_book`),
samples it (§3), makes bars and features (§4) and the z-score (§6): dicts and plain floats, one
message at a time. Check it against the contract by eye; property tests compare it with the fast
core. docs/decisions.md settles the questions that the contract leaves open.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.twin_book import DAY_MS, Book, time_messages
from tests.support.twin_messages import (
    Levels,
    Message,
    MixedStream,
    name_stream,
    promised_depth,
    read_lines,
)

__all__ = [
    "FEATURES",
    "MixedStream",
    "TwinDay",
    "TwinSettings",
    "dataset",
    "rebuild_day",
    "warmup_rows",
    "zscore",
]

COUNT_NAMES = (
    *("lines", "messages", "unreadable", "out_of_order", "outside_day", "outside_ignored"),
    *("before_snapshot", "sequence_gaps", "sequence_checked", "applied", "snapshots"),
    *("absent_deletes", "unknown", "stale", "one_sided", "crossed", "samples"),
    *("messages_without_sample", "shallow_topic", "shallow_cut"),
    *("reconstruction_snapshots", "reconstruction_levels", "reconstruction_differ"),
)
FEATURES = (
    *("body", "upper_wick", "lower_wick", "log_ret_close", "volatility"),
    *("max_spread", "mean_obi", "mean_deep_obi", "log_volume"),
)

Row = dict[str, Any]
ReadText = Callable[[bytes, dict[str, int]], tuple[list[Message], list[int]]]


@dataclass(frozen=True)
class TwinSettings:
    """The settings of §§2-4 (`levels` is N, the hard cut)."""

    sampling_interval_ms: int = 1000
    bar_interval_ms: int = 60_000
    levels: int = 200
    max_staleness_ms: int = 10_000
    on_sequence_gap: str = "drop"


@dataclass
class TwinDay:
    """The result for one stream: bars before features, samples, and every count."""

    bars: list[Row]
    samples: list[Row]
    counts: dict[str, int]
    unreadable_lines: list[int]
    symbol: str | None
    topic: str | None


def rebuild_day(
    text: bytes, day: dt.date, settings: TwinSettings, read: ReadText = read_lines
) -> TwinDay:
    """Rebuild the day `day` from the text of one member; raises `MixedStream`.

    `read` reads a text of a dialect other than Bybit's.
    """
    counts = dict.fromkeys(COUNT_NAMES, 0)
    messages, unreadable_lines = read(text, counts)
    symbol, topic = name_stream(messages)
    d0 = (day - dt.date(1970, 1, 1)).days * DAY_MS
    timed = time_messages(messages, d0, counts)
    samples, volume_times = sample_book(timed, d0, settings, counts)
    bars = make_bars(samples, volume_times, settings)
    counts["samples"] = len(samples)
    counts["messages_without_sample"] = len(volume_times) - sum(bar["volume"] for bar in bars)
    count_shallow(samples, promised_depth(topic), settings.levels, counts)
    return TwinDay(bars, samples, counts, unreadable_lines, symbol, topic)


# ---------------------------------------------------------------- §3 samples


def sample_book(
    timed: list[tuple[int, Message]], d0: int, settings: TwinSettings, counts: dict[str, int]
) -> tuple[list[Row], list[int]]:
    """Return the samples, and the times of the applied messages inside the day."""
    d1 = d0 + DAY_MS
    book = Book(settings.on_sequence_gap == "drop", counts)
    samples, position = [], 0
    for instant in sample_instants(timed, d0, settings.sampling_interval_ms):
        while position < len(timed) and timed[position][0] < instant:  # every time < T, no other
            book.apply(*timed[position])
            position += 1
        reason = reason_for_no_sample(book, instant, settings)
        if reason is None:
            samples.append(make_sample(book, instant, settings.levels))
        else:
            counts[reason] += 1
    for time, message in timed[position:]:
        book.apply(time, message)
    return samples, [time for time in book.applied_times if d0 <= time < d1]


def sample_instants(timed: list[tuple[int, Message]], d0: int, step: int) -> range:
    """Every T = k·Δ in (d0, d1] after the first snapshot, to the first T after the last message."""
    d1 = d0 + DAY_MS
    snapshots = [time for time, message in timed if message.is_snapshot]
    inside = [time for time, _ in timed if d0 <= time < d1]
    if not snapshots or not inside:
        return range(0)
    first = first_instant_after(max(snapshots[0], d0), step)
    last = min(first_instant_after(inside[-1], step), d1)
    return range(first, last + 1, step)


def first_instant_after(time: int, step: int) -> int:
    """Return the smallest multiple of `step` above `time`."""
    return (time // step + 1) * step


def reason_for_no_sample(book: Book, instant: int, settings: TwinSettings) -> str | None:
    """Return the first reason that holds, in the order of §3, or None."""
    if not book.is_known:
        return "unknown"
    if instant - book.last_time > settings.max_staleness_ms:
        return "stale"
    if not book.bids or not book.asks:
        return "one_sided"
    if max(book.bids) >= min(book.asks):
        return "crossed"
    return None


def make_sample(book: Book, instant: int, levels: int) -> Row:
    """Evaluate the formulas of §3 on the whole book; only the levels kept are cut to N."""
    bids = sorted(book.bids.items(), reverse=True)
    asks = sorted(book.asks.items())
    (pb, qb), (pa, qa) = bids[0], asks[0]
    qb5, qa5 = sum_sizes(bids[:5]), sum_sizes(asks[:5])
    return {
        "ts": instant,
        "micro_price": (pb * qa + pa * qb) / (qb + qa),
        "spread": pa - pb,
        "obi": (qb - qa) / (qb + qa),
        "deep_obi": (qb5 - qa5) / (qb5 + qa5),
        "staleness_ms": instant - book.last_time,
        "bid_count": len(bids),
        "ask_count": len(asks),
        "bids": bids[:levels],
        "asks": asks[:levels],
    }


def sum_sizes(levels: Levels) -> float:
    """Add sizes from level 0 outward (`sum` itself is compensated from Python 3.12 on)."""
    total = 0.0
    for _, size in levels:
        total += size
    return total


def count_shallow(samples: list[Row], promised: int, cut: int, counts: dict[str, int]) -> None:
    """Count the samples in which a side holds fewer levels than promised, or than N (§7)."""
    for sample in samples:
        depth = min(sample["bid_count"], sample["ask_count"])
        counts["shallow_topic"] += depth < promised
        counts["shallow_cut"] += depth < cut


# ---------------------------------------------------------------- §4 bars


def make_bars(samples: list[Row], volume_times: list[int], settings: TwinSettings) -> list[Row]:
    """Return the bars that have a sample: bar t holds the samples with t < T <= t + W."""
    width = settings.bar_interval_ms
    groups: dict[int, list[Row]] = {}
    for sample in samples:
        groups.setdefault((sample["ts"] - 1) // width * width, []).append(sample)
    volumes: dict[int, int] = {}
    for time in volume_times:
        volumes[time // width * width] = volumes.get(time // width * width, 0) + 1
    return [make_bar(t, groups[t], volumes.get(t, 0), settings) for t in sorted(groups)]


def make_bar(t: int, samples: list[Row], volume: int, settings: TwinSettings) -> Row:
    """Return the row of bar `t`, without the columns that need another bar."""
    prices = [sample["micro_price"] for sample in samples]
    return {
        "datetime": t,
        "available_at": t + settings.bar_interval_ms,
        "open": prices[0],
        "high": max(prices),
        "low": min(prices),
        "close": prices[-1],
        "volume": volume,
        "volatility": standard_deviation(prices),
        "max_spread": max(sample["spread"] for sample in samples),
        "mean_obi": mean([sample["obi"] for sample in samples]),
        "mean_deep_obi": mean([sample["deep_obi"] for sample in samples]),
        "sample_count": len(samples),
        "max_staleness_ms": max(sample["staleness_ms"] for sample in samples),
        "levels": level_columns(samples[-1], settings.levels),
    }


def level_columns(sample: Row, levels: int) -> dict[str, float | None]:
    """A level that does not exist is null in price and 0 in size."""
    columns: dict[str, float | None] = {}
    for i in range(levels):
        for name, side in (("bid", sample["bids"]), ("ask", sample["asks"])):
            price, size = side[i] if i < len(side) else (None, 0.0)
            columns[f"{name}_{i}_p"], columns[f"{name}_{i}_s"] = price, size
    return columns


def mean(values: list[float]) -> float:
    """Return the mean."""
    return math.fsum(values) / len(values)


def standard_deviation(values: list[float]) -> float:
    """Two-pass, ddof 1; exactly 0 for one value or when all are equal."""
    if all(value == values[0] for value in values):
        return 0.0
    centre = mean(values)
    return math.sqrt(math.fsum((v - centre) ** 2 for v in values) / (len(values) - 1))


def dataset(days: Sequence[TwinDay], settings: TwinSettings) -> list[list[Row]]:
    """Return the output rows of each day of one series, without the rows that lack prev_close."""
    closes = {bar["datetime"]: bar["close"] for day in days for bar in day.bars}
    width = settings.bar_interval_ms
    return [
        [
            add_features(bar, closes[bar["datetime"] - width])
            for bar in day.bars
            if bar["datetime"] - width in closes
        ]
        for day in days
    ]


def warmup_rows(days: Sequence[TwinDay], settings: TwinSettings) -> list[int]:
    """Return, for each day, how many bars `dataset` leaves out."""
    rows = dataset(days, settings)
    return [len(day.bars) - len(kept) for day, kept in zip(days, rows, strict=True)]


def add_features(bar: Row, prev_close: float) -> Row:
    """Return the bar with `prev_close` and the features of §4 that it still lacks."""
    first, high, low, last = bar["open"], bar["high"], bar["low"], bar["close"]
    return {
        **bar,
        "prev_close": prev_close,
        "body": math.log(last / first),
        "upper_wick": (high - max(first, last)) / prev_close,
        "lower_wick": (min(first, last) - low) / prev_close,
        "log_ret_close": math.log(last / prev_close),
        "log_volume": math.log(1 + bar["volume"]),
    }


# ---------------------------------------------------------------- §6 z-score


def zscore(rows: Sequence[Row]) -> tuple[dict[str, float], dict[str, float]]:
    """Return (means, scales) by feature: population variance, zero variance -> scale 1."""
    means, scales = {}, {}
    for name in FEATURES:
        values = [row[name] for row in rows]
        centre = mean(values)
        variance = math.fsum((value - centre) ** 2 for value in values) / len(values)
        is_constant = all(value == values[0] for value in values)
        means[name] = centre
        scales[name] = 1.0 if is_constant else math.sqrt(variance)
    return means, scales
