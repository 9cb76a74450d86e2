"""Counts of one stream: every dropped line, message and sample is counted.

The table of counts in docs/data.md is generated from the annotations: ``make docs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import add
from typing import Annotated


@dataclass(frozen=True)
class Counts:
    """Counts of one window, or their sum over a stream (contract §1–§3, §7).

    Each stage sets its own fields and leaves the others 0; ``+`` adds field by field.
    """

    # text
    lines: Annotated[int, "non-blank lines"] = 0
    messages: Annotated[int, "messages; in CSV, each is one or more rows"] = 0
    unreadable: Annotated[
        int, "non-blank lines that are neither a header nor part of a message"
    ] = 0
    slow_lines: Annotated[int, "lines read by the slow path instead of the compiled scanner"] = 0
    # time
    out_of_order: Annotated[int, "messages stamped before the latest stamp"] = 0
    outside_day: Annotated[int, "messages outside `[d0, d1)`"] = 0
    outside_ignored: Annotated[int, "of these, more than one hour outside: not applied"] = 0
    closing_deltas: Annotated[int, "deltas up to one hour after `d1`"] = 0
    closing_snapshots: Annotated[int, "snapshots up to one hour after `d1`"] = 0
    # book
    applied: Annotated[int, "messages applied to the book"] = 0
    snapshots: Annotated[int, "snapshots applied"] = 0
    level_updates: Annotated[int, "levels in applied messages"] = 0
    before_snapshot: Annotated[int, "deltas ignored before the first snapshot"] = 0
    sequence_checked: Annotated[int, "deltas whose update id could be checked"] = 0
    sequence_gaps: Annotated[int, "of these, gaps"] = 0
    absent_deletes: Annotated[int, "deletes, in deltas, of levels that the book did not hold"] = 0
    reconstruction_snapshots: Annotated[int, "later snapshots compared with the rebuilt book"] = 0
    reconstruction_levels: Annotated[int, "levels in either of the two books"] = 0
    reconstruction_differ: Annotated[
        int, "of these, levels missing in one book or different in size"
    ] = 0
    # samples
    samples: Annotated[int, "samples taken"] = 0
    unknown: Annotated[
        int, "grid instants without a sample, because a gap made the book unknown"
    ] = 0
    stale: Annotated[int, "the same, because the last message was too old"] = 0
    one_sided: Annotated[int, "the same, because there was no bid or no ask"] = 0
    crossed: Annotated[int, "the same, because best bid >= best ask"] = 0
    shallow_topic: Annotated[int, "samples with fewer levels on a side than the topic promises"] = 0
    shallow_cut: Annotated[int, "samples with fewer levels on a side than the hard cut keeps"] = 0
    # bars
    messages_without_sample: Annotated[int, "applied messages in bars that have no sample"] = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*map(add, vars(self).values(), vars(other).values()))
