"""Stage: messages + book → as-of samples on the grid."""

from quantgod.orderbook.book.order_book import OrderBook
from quantgod.orderbook.messages import Parsed
from quantgod.orderbook.recipe import SampleRule
from quantgod.orderbook.sampling import Sampled, take_samples
from tasks.stage import Step, stage


@stage("sample {step}")
def sample(step: Step, parsed: Parsed, book: OrderBook, rule: SampleRule) -> Sampled:
    """Sample a window; return the book at its end too, and leave the given book unchanged."""
    return take_samples(parsed.messages, parsed.more_inside, book, step.window, rule)
