"""Stage: the hard cut — exactly the best N levels a side."""

from __future__ import annotations

from quantgod.orderbook import sampling
from quantgod.orderbook.sampling import Samples
from tasks.stage import Step, stage


@stage("cut_levels {step}")
def cut_levels(step: Step, samples: Samples, levels: int) -> Samples:  # noqa: ARG001 - names the run
    """The same samples with ``levels`` levels a side."""
    return sampling.cut_levels(samples, levels)
