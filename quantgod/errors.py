"""The exceptions of the project, one tree: ``make docs`` draws and describes it in docs/faults.md.

Every argument goes to ``super().__init__``, so each error survives pickling between processes.
"""


class L2Error(Exception):
    """Base of all errors that the project raises on purpose: what, expected, found, what to do."""


class SettingsError(L2Error, ValueError):
    """A setting is unknown, wrong, or contradicts another; also a `ValueError`.

    Raised for: everything under Settings.
    """


class SourceError(L2Error):
    """The source folder is missing, unreadable, or holds no matching archive.

    Raised for: no source folder; no archive in the source.
    """


class ServerError(L2Error):
    """Prefect's server does not answer, or is lost during the run.

    Raised for: no Prefect server; the Prefect server is killed.
    """


class OutputBusyError(L2Error):
    """Another run is writing to the same folders.

    Raised for: another run at work.
    """


class OutputError(L2Error):
    """A file of the run cannot be written, and a retry would not help.

    Raised for: disk full while bars are written; no permission to write an output.
    """


class DuplicateStreamError(L2Error):
    """Two archives claim one series and day, or one output file.

    Raised for: one name twice; two archives of one day.
    """


class ScalerError(L2Error):
    """The scaler is torn, differs from the settings, or cannot be fitted.

    Raised for: everything under Scaler.
    """


class RunFailedError(L2Error):
    """The run is over and at least one archive failed; the message names each and why.

    Raised for: the end of a run with failed archives.
    """


class ArchiveError(L2Error):
    """One archive cannot be used; the others go on.

    Raised for: every subclass, and: no name, no message; a line without an end; changed while it is
    read.
    """

    def __init__(
        self, reason: str, archive: str = "", member: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(reason, archive, member, line)
        self.reason = reason  # what was expected, what was found, what to do
        self.archive = archive  # path relative to the source folder
        self.member = member  # name, where known
        self.line = line  # line of the member's text, from 1, where known

    def __str__(self) -> str:
        where = [self.archive] if self.archive else []
        if self.member is not None:
            where.append(f"member {self.member}")
        if self.line is not None:
            where.append(f"line {self.line}")
        return f"{self.reason} ({', '.join(where)})" if where else self.reason


class MissingArchiveError(ArchiveError):
    """The archive is gone since it was listed, or cannot be opened.

    Raised for: source removed mid-run; no permission to read it.
    """


class DamagedArchiveError(ArchiveError):
    """The archive is truncated, fails its checksum, or holds nothing.

    Raised for: cut short; wrong checksum; no member.
    """


class RefusedMemberError(ArchiveError):
    """The member is intact, but unsupported or unsafe to read.

    Raised for: encrypted; unknown compression; a ZIP bomb; a path-traversal name.
    """


class UnknownDialectError(ArchiveError):
    """No dialect reads the member's format.

    Raised for: a member in another format; unknown CSV header; CSV columns in another order; a
    CSV column missing; an empty CSV member.
    """


class MixedStreamError(ArchiveError):
    """A message has another symbol or topic than the stream's first.

    Raised for: another symbol in mid-stream; another topic in mid-stream.
    """


class NoBarsError(ArchiveError):
    """The stream gives no bar, so there is nothing to write.

    Raised for: an empty member.
    """


class WorkerKilledError(ArchiveError):
    """The process that worked on the archive was killed.

    Raised for: a worker's process is killed.
    """


class InvalidOutputError(ArchiveError):
    """Validation found errors; the output went to quarantine.

    Raised for: output with errors.
    """
