"""Fuzz the scanner with atheris, guided by coverage: find text that it reads unlike the twin.

python -m tests.support.fuzz_scanner --minutes 10

The kernels run as plain Python, so that atheris sees each of their branches and looks for bytes
that take others. Texts arrive in torn pieces. A difference ends the run, and the input is kept
as ``data/fuzz/crash-…``. Hypothesis edits lines at random; this looks for branches it never takes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is imported

import atheris

with atheris.instrument_imports(include=["quantgod.orderbook"]):
    from quantgod.errors import MixedStreamError
    from quantgod.orderbook.calendar import DAY_MS, HOUR_MS
    from quantgod.orderbook.formats import bybit

from quantgod.settings.values import PROJECT_ROOT
from tests.support.bybit_lines import LINEAR_ORDER, SPOT_ORDER, Style, render
from tests.support.core import MemoryText
from tests.support.parsed import LINE, NAMED, REAL, WINDOW, Fact, facts_of
from tests.support.stream_plans import D0
from tests.support.twin_messages import Message, MixedStream, name_stream, read_lines

STYLES = (
    Style(order=LINEAR_ORDER),
    Style(order=SPOT_ORDER, missing=("cts",)),
    Style(data_order=("u", "seq", "a", "s", "b")),
    Style(space=" "),
)
CORPUS = PROJECT_ROOT / "data" / "fuzz"  # inputs that took new branches; the next run starts there
SEEDS = (REAL, *(render(LINE, style) for style in STYLES))


def check(given: bytes) -> None:
    """Read a text in pieces, after a line that teaches its form, and compare with the twin.

    Args:
        given: a byte for the length of the pieces, then the text.
    """
    piece, text = 1 + (given[0] if given else 0), REAL + b"\n" + given[1:]
    counts = dict.fromkeys(("lines", "unreadable", "messages"), 0)
    messages, unreadable = read_lines(text, counts)
    try:
        name_stream(messages)
    except MixedStream:
        is_mixed = True
    else:
        is_mixed = False
    try:
        parsed = bybit.parse_window(MemoryText(text, piece), NAMED, WINDOW)
    except MixedStreamError:
        assert is_mixed
        return
    assert not is_mixed
    found = parsed.counts
    assert counts == {name: getattr(found, name) for name in counts}
    assert parsed.unreadable_lines == tuple(unreadable[:10])
    assert facts_of(parsed.messages) == list(expected_facts(messages))


def expected_facts(messages: Sequence[Message]) -> list[Fact]:
    """Contract §2: time never falls; messages over an hour outside the day are ignored."""
    latest, facts = -(2**63), list[Fact]()
    for message in messages:
        latest = max(latest, message.ts)
        if D0 - HOUR_MS <= latest <= D0 + DAY_MS + HOUR_MS:
            head = latest, message.is_snapshot, message.update_id
            facts.append((*head, message.bids, message.asks))
    return facts


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; never return."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fuzz_scanner")
    parser.add_argument("--minutes", type=float, default=10.0)
    given = parser.parse_args(argv)
    CORPUS.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        for piece in (0, 255):
            (CORPUS / f"seed-{number}-{piece}").write_bytes(bytes([piece]) + seed + b"\n" + seed)
    options = [f"-max_total_time={60 * given.minutes:.0f}", "-max_len=1500"]
    atheris.Setup([sys.argv[0], str(CORPUS), f"-artifact_prefix={CORPUS}/", *options], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
