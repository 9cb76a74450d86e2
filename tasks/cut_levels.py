"""Stage: keep exactly the best N levels per side."""

from quantgod.orderbook import sampling
from quantgod.orderbook.sampling import Samples
from tasks.stage import Step, stage


@stage("cut_levels {step}")
def cut_levels(step: Step, samples: Samples, levels: int) -> Samples:  # noqa: ARG001 - names the run
    """Cut samples to ``levels`` levels per side."""
    return sampling.cut_levels(samples, levels)
