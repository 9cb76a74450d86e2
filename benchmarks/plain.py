"""The plain alternative: zipfile, json, two dicts, pandas.

It reads the member line by line, keeps the book in dicts, sorts it at each sample, and resamples a
DataFrame of all samples. It makes the same columns as the core. The rules for faulty data (gaps,
stamps that fall, crossed or stale books) are left out, so it does less work.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from benchmarks.meter import Facts, Meter, Options

Level = tuple[float, float]
Row = list[float]

BAR = "1min"
_NO_LEVEL: Level = (float("nan"), 0.0)
_DAY_MS = 86_400_000
_FIGURES = ["time_ms", "micro_price", "spread", "obi", "deep_obi", "staleness_ms"]


def measure(archive: Path, options: Options, meter: Meter) -> Facts:
    """Make the bars of an archive's member."""
    with meter:
        bars = make_bars(archive, options)
    return {"bars": len(bars)}


def make_bars(archive: Path, options: Options) -> pd.DataFrame:
    """Return the bars of an archive's only member."""
    with zipfile.ZipFile(archive) as opened:
        (name,) = opened.namelist()
        with opened.open(name) as lines:
            rows, message_times = sample_book(lines, day_end_ms(name), options)
    names = level_names(options.levels)
    samples = pd.DataFrame(rows, columns=[*_FIGURES, *names])
    return resample(samples, names, message_times)


def day_end_ms(name: str) -> int:
    """Return the midnight that ends the day at the start of a member's name."""
    day = datetime.strptime(name[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    return int(day.timestamp()) * 1000 + _DAY_MS


def level_names(levels: int) -> list[str]:
    """Return the columns of the book, level by level."""
    kinds = ("bid_{}_p", "bid_{}_s", "ask_{}_p", "ask_{}_s")
    return [kind.format(level) for level in range(levels) for kind in kinds]


def sample_book(
    lines: Iterable[bytes], end_ms: int, options: Options
) -> tuple[list[Row], list[int]]:
    """Return a row for each instant of the grid, and the times of all messages inside the day."""
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    rows: list[Row] = []
    message_times: list[int] = []
    step, instant = options.interval_ms, 0
    for line in lines:
        message = json.loads(line)
        time = message["ts"]
        if time >= end_ms:
            break
        if not message_times:
            instant = (time // step + 1) * step
        while instant <= time:
            rows.append(sample(instant, message_times[-1], bids, asks, options.levels))
            instant += step
        if message["type"] == "snapshot":
            bids.clear()
            asks.clear()
        update(bids, message["data"]["b"])
        update(asks, message["data"]["a"])
        message_times.append(time)
    rows.append(sample(instant, message_times[-1], bids, asks, options.levels))
    return rows, message_times


def update(side: dict[float, float], levels: list[tuple[str, str]]) -> None:
    """Set each level's size; a size of 0 deletes the level."""
    for price_text, size_text in levels:
        price, size = float(price_text), float(size_text)
        if size == 0.0:
            side.pop(price, None)
        else:
            side[price] = size


def sample(
    instant: int, last_ms: int, bids: dict[float, float], asks: dict[float, float], levels: int
) -> Row:
    """Return the book at an instant: its figures and its best levels."""
    best_bids = sorted(bids.items(), reverse=True)[:levels]
    best_asks = sorted(asks.items())[:levels]
    (bid, bid_size), (ask, ask_size) = best_bids[0], best_asks[0]
    micro_price = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    deep_bids, deep_asks = sum(s for _, s in best_bids[:5]), sum(s for _, s in best_asks[:5])
    figures = [
        instant,
        micro_price,
        ask - bid,
        (bid_size - ask_size) / (bid_size + ask_size),
        (deep_bids - deep_asks) / (deep_bids + deep_asks),
        instant - last_ms,
    ]
    return figures + list(flatten(best_bids, best_asks, levels))


def flatten(bids: list[Level], asks: list[Level], levels: int) -> Iterator[float]:
    """Return price and size of bid and ask, level by level, for the given number of levels."""
    bids = bids + [_NO_LEVEL] * (levels - len(bids))
    asks = asks + [_NO_LEVEL] * (levels - len(asks))
    for bid, ask in zip(bids, asks, strict=True):
        yield from bid
        yield from ask


def resample(samples: pd.DataFrame, names: list[str], message_times: list[int]) -> pd.DataFrame:
    """Resample to bars; the last sample's book closes each bar."""
    samples.index = pd.DatetimeIndex(pd.to_datetime(samples["time_ms"], unit="ms", utc=True))
    groups = samples.resample(BAR, closed="right", label="left")
    bars = groups["micro_price"].ohlc()
    bars["volume"] = count_by_bar(message_times)
    bars["volatility"] = groups["micro_price"].std().fillna(0.0)
    bars["max_spread"] = groups["spread"].max()
    bars["mean_obi"] = groups["obi"].mean()
    bars["mean_deep_obi"] = groups["deep_obi"].mean()
    bars["sample_count"] = groups.size()
    bars["max_staleness_ms"] = groups["staleness_ms"].max()
    return bars.join(groups[names].last(skipna=False)).dropna(subset="open")


def count_by_bar(message_times: list[int]) -> pd.Series:
    """Count the messages in each bar."""
    times = pd.DatetimeIndex(pd.to_datetime(message_times, unit="ms", utc=True))
    return pd.Series(1, times).resample(BAR).sum()
