"""``RunContext``: settings, storage and machinery that all phases of a run share."""

from dataclasses import dataclass

from flows.reports.console import Display
from flows.runtime.pool import Workers
from quantgod.orderbook.checks import Limits
from quantgod.settings.keys import Settings
from quantgod.storage.outputs.store import OutputStore


@dataclass
class Tally:
    """Progress of a run, for the message when it is stopped. The one value that phases change."""

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
