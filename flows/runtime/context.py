"""``RunContext``: what every phase of a run works with."""

from dataclasses import dataclass

from flows.reports.console import Display
from flows.runtime.pool import Workers
from quantgod.orderbook.checks import Limits
from quantgod.settings.settings import Settings
from quantgod.storage.outputs.store import OutputStore


@dataclass
class Tally:
    """How far a run is, for the message that it was stopped. The one value that phases change."""

    streams: int
    with_bars: int = 0
    files_made: int = 0

    def __str__(self) -> str:
        return (
            f"stopped: {self.with_bars} of {self.streams} archives have their bars, "
            f"{self.files_made} final files were made; the next run makes the rest"
        )


@dataclass(frozen=True)
class RunContext:
    """Settings, and the machinery of one run."""

    settings: Settings
    store: OutputStore
    limits: Limits
    display: Display
    workers: Workers
    tally: Tally
