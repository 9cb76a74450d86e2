"""The rows of docs/faults.md: what is said of a fault, and how the run ends.

The page is the specification: tests look a fault up by its name and hold the program to the row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from quantgod.settings.values import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "faults.md"


@dataclass(frozen=True)
class Fault:
    """One row."""

    name: str
    says: str  # … stands for what varies
    exit_code: int
    test: str  # name of the function
    file: str  # in which it stands

    def is_said_in(self, text: str) -> bool:
        """Whether a text holds the message, on however many lines."""
        parts = [r"\s+".join(map(re.escape, part.split())) for part in self.says.split("…")]
        return re.search(r".*?".join(parts), text, re.DOTALL) is not None

    def check(self, text: str, exit_code: int) -> None:
        """Hold a run to the row."""
        assert self.is_said_in(text), f"expected {self.says!r}, found:\n{text}"
        assert exit_code == self.exit_code


def documented(name: str) -> Fault:
    """The row of a fault."""
    return faults()[name]


@cache
def faults() -> dict[str, Fault]:
    """All rows by name."""
    found: dict[str, Fault] = {}
    for section in PAGE.read_text().split("\n## ")[1:-1]:  # the last one is of classes
        (file,) = re.findall(r"^Tests: \[(tests/[\w/]+\.py)\]", section, re.MULTILINE)
        rows = [row.strip("|").split(" | ") for row in section.splitlines() if row.startswith("|")]
        for name, says, code, _, test in rows[2:]:
            fault = Fault(name.strip(), says.strip(" `"), int(code), test.strip(" `"), file)
            assert fault.name not in found, f"{fault.name} stands twice on the page"
            found[fault.name] = fault
    return found


def raised_for() -> dict[str, list[str]]:
    """What each class of error is raised for: the page's last table."""
    rows = re.findall(r"^\| `(\w+Error)` \| .* \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: cell.rpartition("and: ")[2].split("; ") for name, cell in rows}
