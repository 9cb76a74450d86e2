"""The exception tree of the project.

    L2Error
    ├── SettingsError          a setting is unknown, wrong, or contradicts another (ValueError)
    ├── SourceError            the source folder is missing, empty, or no archive matches
    ├── ServerError            Prefect's server does not answer
    ├── OutputBusyError        another run is writing to the same folders
    ├── OutputError            a file cannot be written: the disk is full, a right is missing
    ├── DuplicateStreamError   two archives claim one series and day, or one output file
    ├── ArchiveError           one archive cannot be used; the others go on
    │   ├── MissingArchiveError    gone since it was listed, or not to be opened
    │   ├── DamagedArchiveError    not a ZIP, truncated, its checksum wrong, empty
    │   ├── RefusedMemberError     encrypted, oddly compressed, a bomb, a name that leads outside
    │   ├── UnknownDialectError    no reader for the member's format
    │   ├── MixedStreamError       another symbol or topic in mid-stream
    │   ├── NoBarsError            the stream gave no bar at all
    │   ├── WorkerKilledError      the process that worked on it was killed
    │   └── InvalidOutputError     validation found errors; the file went to quarantine
    ├── ScalerError            the scaler is torn, differs from the settings, or cannot be fitted
    └── RunFailedError         the run ended with failed archives

Every argument goes to ``super().__init__``, so each error survives pickling between processes.
"""


class L2Error(Exception):
    """Base of all errors that the project raises on purpose: what, expected, found, what to do."""


class SettingsError(L2Error, ValueError):
    """A setting is unknown, of a wrong type, or contradicts another."""


class SourceError(L2Error):
    """The source folder is missing, unreadable, or holds no matching archive."""


class ServerError(L2Error):
    """Prefect's server does not answer, or is gone in mid-run."""


class OutputBusyError(L2Error):
    """Another run is writing to the same folders."""


class OutputError(L2Error):
    """A file of the run cannot be written, and will not be in a moment either."""


class DuplicateStreamError(L2Error):
    """Two streams of one series and day, or two archives that would write one file."""


class ScalerError(L2Error):
    """The persisted scaler cannot be used, or a new one cannot be fitted."""


class RunFailedError(L2Error):
    """The run is over and at least one archive failed; the message names each and why."""


class ArchiveError(L2Error):
    """One archive cannot be used.

    Args:
        reason: what was expected, what was found, what to do.
        archive: path of the archive relative to the source folder.
        member: name of the ZIP member, where known.
        line: 1-based line of the member's text, where known.
    """

    def __init__(
        self, reason: str, archive: str = "", member: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(reason, archive, member, line)
        self.reason = reason
        self.archive = archive
        self.member = member
        self.line = line

    def __str__(self) -> str:
        where = [self.archive] if self.archive else []
        if self.member is not None:
            where.append(f"member {self.member}")
        if self.line is not None:
            where.append(f"line {self.line}")
        return f"{self.reason} ({', '.join(where)})" if where else self.reason


class MissingArchiveError(ArchiveError):
    """The archive is gone since it was listed, or may not be opened."""


class DamagedArchiveError(ArchiveError):
    """The ZIP is not whole, or holds nothing."""


class RefusedMemberError(ArchiveError):
    """A member that is whole and is not read: what it is cannot be, or is not safe to be."""


class UnknownDialectError(ArchiveError):
    """The member is in a format that no reader is registered for."""


class MixedStreamError(ArchiveError):
    """A message of another symbol or topic than the stream's first."""


class NoBarsError(ArchiveError):
    """The stream gave no bar: nothing to write."""


class WorkerKilledError(ArchiveError):
    """The process that worked on the archive was killed."""


class InvalidOutputError(ArchiveError):
    """Validation found errors in the table made from the archive."""
