"""Stage: the text of one window → columnar messages, read from the ZIP through memory."""

from __future__ import annotations

from quantgod.errors import ArchiveError
from quantgod.orderbook.messages import Cursor, Parsed
from quantgod.storage.archives.line_reader import close_reader, text_at
from quantgod.storage.progress import ProgressSlot
from tasks.stage import Step, stage


@stage("stream_parse {step}")
def stream_parse(
    step: Step, cursor: Cursor, progress: ProgressSlot | None = None, read_ahead: bool = False
) -> Parsed:
    """The messages of one window from the cursor on, and the cursor behind them."""
    stream = step.stream
    with text_at(stream.archive, stream.member, cursor.offset, progress, read_ahead) as text:
        try:
            parsed = stream.dialect.parse_window(text, cursor, step.window)
        except ArchiveError as error:
            # The parser knows the line; only here is it known of which archive.
            where = (stream.archive.path, stream.member.name, error.line)
            raise type(error)(error.reason, *where) from None
    if parsed.at_end:
        close_reader()
        stream.archive.check_unchanged()
    return parsed
