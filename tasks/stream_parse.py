"""Stage: the text of one window → columnar messages, read from the archive through memory."""

from quantgod.orderbook.messages import Cursor, Parsed
from quantgod.storage.archives.streams import parse_stream
from quantgod.storage.progress import ProgressSlot
from tasks.stage import Step, stage


@stage("stream_parse {step}")
def stream_parse(
    step: Step, cursor: Cursor, progress: ProgressSlot | None = None, read_ahead: bool = False
) -> Parsed:
    """Parse the messages of one window from the cursor on."""
    return parse_stream(step.stream, step.window, cursor, progress, read_ahead)
