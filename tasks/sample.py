"""Stage: messages + book → as-of samples on the grid."""

from __future__ import annotations

from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.messages import Parsed
from quantgod.orderbook.recipe import SampleRule
from quantgod.orderbook.sampling import Sampled, take_samples
from tasks.stage import Step, stage


@stage("sample {step}")
def sample(step: Step, parsed: Parsed, book: OrderBook, rule: SampleRule) -> Sampled:
    """The window's samples, and the book behind it; the book given is left as it is."""
    return take_samples(parsed.messages, parsed.more_inside, book, step.window, rule)
