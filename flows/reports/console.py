"""The console of a run: live progress while it works, a table at its end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from flows.reports.artifacts import ProgressArtifact
from flows.reports.run_report import ArchiveResult, RunReport
from quantgod.storage.progress import ProgressBoard

_REFRESH_SECONDS = 0.25
_STATUS_STYLE = {
    "made": "green", "unchanged": "dim", "quarantined": "red", "failed": "red", "waiting": "yellow",
}  # fmt: skip


class _Speed(ProgressColumn):
    """Text read per second by all workers together."""

    def render(self, task: Task) -> Text:
        if not task.fields["is_bytes"]:
            return Text("")
        speed = task.completed / task.elapsed if task.elapsed else 0.0
        return Text(f"{speed / 1e6:,.0f} MB/s", style="cyan")


class Phase:
    """The progress of one phase: its line on the console, and its artifact."""

    def __init__(
        self, progress: Progress, say: Callable[[str], None], name: str, archives: int,
        text_bytes: int, board: ProgressBoard | None,
    ) -> None:  # fmt: skip
        self._progress, self._say, self._board = progress, say, board
        self._name, self._archives, self._done = name, archives, 0
        self._artifact = ProgressArtifact(name, archives)
        total = text_bytes if board else archives
        self._task = progress.add_task(
            name, total=total, archives=self._count, is_bytes=board is not None
        )
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="l2-progress", daemon=True)
        self._thread.start()

    @property
    def _count(self) -> str:
        return f"{self._done}/{self._archives}"

    def archive_done(self, name: str, result: str) -> None:
        """Count one more archive."""
        self._done += 1
        advance = 0 if self._board else 1
        self._progress.update(self._task, advance=advance, archives=self._count)
        if self._progress.disable:
            self._say(f"{self._name} {self._count}  {name}: {result}")
        self._artifact.show(self._done)

    def close(self) -> None:
        """Stop the thread and remove the line."""
        self._over.set()
        self._thread.join()
        self._progress.remove_task(self._task)

    def _poll(self) -> None:
        while self._board and not self._over.wait(_REFRESH_SECONDS):
            self._progress.update(self._task, completed=sum(self._board.read()))


class Display:
    """The console of one run; without a terminal, one line per archive instead of a live line."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[archives]} archives"),
            _Speed(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
            refresh_per_second=4,
        )

    def say(self, text: str) -> None:
        """Print one line of plain text."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def phase(
        self, name: str, archives: int, text_bytes: int = 0, board: ProgressBoard | None = None
    ) -> Iterator[Phase]:
        """Show the progress of one phase: in text read if there is a board, else in archives."""
        with self._progress:
            phase = Phase(self._progress, self.say, name, archives, text_bytes, board)
            try:
                yield phase
            finally:
                phase.close()

    def finish(self, report: RunReport) -> None:
        """Print the table of results, and the failures."""
        table = Table(title="L2 run", title_justify="left")
        for column in ("archive", "status", "bars", "coverage", "warnings", "seconds"):
            is_number = column in ("bars", "coverage", "seconds")
            table.add_column(column, justify="right" if is_number else "left", overflow="fold")
        for result in report.results:
            table.add_row(*_row(result))
        self._console.print(table)
        for note in report.notes:
            self.say(note)
        if report.missing_days:
            self.say(f"missing days: {', '.join(report.missing_days)}")
        self.say(f"output: {report.output} · scaler: {report.scaler} · {report.seconds:.1f} s")
        if report.failures:
            self._console.print(Text(report.failure_message(), style="red"), soft_wrap=True)


def _row(result: ArchiveResult) -> tuple[str | Text, ...]:
    warnings = ", ".join(finding.check for finding in result.warnings)
    return (
        result.name,
        Text(result.status, style=_STATUS_STYLE[result.status]),
        str(result.bars),
        f"{result.coverage.share:.1%}" if result.coverage else "",
        warnings or result.reason[:80],
        f"{result.seconds:.1f}",
    )
