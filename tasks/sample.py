"""Stage: messages + book → as-of samples on the grid."""

from __future__ import annotations

from orderbook.book import OrderBook
from orderbook.messages import Parsed
from orderbook.sampling import Sampled, SampleRule, take_samples
from tasks.stage import Step, stage


@stage("sample {step}")
def sample(step: Step, parsed: Parsed, book: OrderBook, rule: SampleRule) -> Sampled:
    """The window's samples, and the book behind it; the book given is left as it is."""
    return take_samples(parsed.messages, parsed.more_inside, book, step.window, rule)
