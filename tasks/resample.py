"""Stage: samples → bars."""

from quantgod.orderbook import bars
from quantgod.orderbook.bars import Resampled
from quantgod.orderbook.sampling import Samples
from tasks.stage import Step, stage


@stage("resample {step}")
def resample(step: Step, samples: Samples, bar_interval_ms: int) -> Resampled:  # noqa: ARG001 - names the run
    """Make a window's bars: OHLC, volume, statistics of the samples, the closing book."""
    return bars.resample(samples, bar_interval_ms)
