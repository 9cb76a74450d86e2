"""The rows of docs/faults.md: the message of each fault, and how the run ends.

The page is the specification: a test looks up its fault by name and checks the run against the row.
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
    says: str  # … is a placeholder for text that varies
    exit_code: int
    test: str  # name of the test function
    file: str  # that defines the function

    def is_said_in(self, text: str) -> bool:
        """Return whether a text contains the message, over any number of lines."""
        parts = [r"\s+".join(map(re.escape, part.split())) for part in self.says.split("…")]
        return re.search(r".*?".join(parts), text, re.DOTALL) is not None

    def check(self, text: str, exit_code: int) -> None:
        """Check a run against the row."""
        assert self.is_said_in(text), f"expected {self.says!r}, found:\n{text}"
        assert exit_code == self.exit_code


def documented(name: str) -> Fault:
    """Return the row of a fault."""
    return faults()[name]


@cache
def faults() -> dict[str, Fault]:
    """Return all rows by name."""
    found: dict[str, Fault] = {}
    for section in PAGE.read_text().split("\n## ")[1:-1]:  # the last one lists classes
        (file,) = re.findall(r"^Tests: \[(tests/[\w/]+\.py)\]", section, re.MULTILINE)
        rows = [row.strip("|").split(" | ") for row in section.splitlines() if row.startswith("|")]
        for name, says, code, _, test in rows[2:]:
            fault = Fault(name.strip(), says.strip(" `"), int(code), test.strip(" `"), file)
            assert fault.name not in found, f"{fault.name} stands twice on the page"
            found[fault.name] = fault
    return found


def raised_for() -> dict[str, list[str]]:
    """Return when each class of error is raised: the page's last table."""
    rows = re.findall(r"^\| `(\w+Error)` \| .* \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: cell.rpartition("and: ")[2].split("; ") for name, cell in rows}
