"""What was counted on the way through one stream: nothing is dropped without a count here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Counts:
    """Counts of one window, or the sum over a stream (contract §1–§3, §7). All are plain counts.

    Stages fill the fields that they know and leave the others 0; ``+`` adds them up.
    """

    # text
    lines: int = 0  # non-blank lines
    messages: int = 0  # a line each; in CSV the rows of one key
    unreadable: int = 0  # non-blank lines that are no message, nor part of one, nor a header
    slow_lines: int = 0  # lines read by the slow path instead of the fast scanner
    # time
    out_of_order: int = 0  # stamp below the latest seen, taken as the latest
    outside_day: int = 0  # outside [d0, d1)
    outside_ignored: int = 0  # of these, more than one hour outside: not applied
    closing_deltas: int = 0  # of outside_day: up to one hour after d1 (a real day ends with 1–7)
    closing_snapshots: int = 0  # the same of snapshots (a real day ends with one)
    # book
    applied: int = 0
    snapshots: int = 0  # applied snapshots
    level_updates: int = 0
    before_snapshot: int = 0  # deltas ignored before the first snapshot
    sequence_checked: int = 0  # deltas whose update id could be checked
    sequence_gaps: int = 0
    absent_deletes: int = 0  # deltas' deletes of levels that the book did not hold
    reconstruction_snapshots: int = 0  # snapshots compared with the rebuilt book
    reconstruction_levels: int = 0  # union of the levels of both
    reconstruction_differ: int = 0  # of these, missing in one or of another size
    # samples
    samples: int = 0
    unknown: int = 0
    stale: int = 0
    one_sided: int = 0
    crossed: int = 0
    shallow_topic: int = 0  # samples with fewer levels on a side than the topic promises
    shallow_cut: int = 0  # samples with fewer levels on a side than the hard cut keeps
    # bars
    messages_without_sample: int = 0  # applied messages in bars that have no sample

    def __add__(self, other: Counts) -> Counts:
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{f.name: mine[f.name] + theirs[f.name] for f in fields(self)})
