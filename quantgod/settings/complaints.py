"""Complaints about settings: the key, what was expected, what was found, and where it was given."""

import difflib
from collections.abc import Collection, Sequence
from typing import NamedTuple, NoReturn

from quantgod.errors import SettingsError

AS_HELP_SHOWS = "options as --help shows"


class Given(NamedTuple):
    """A value and where it was given: file and line, variable, option or override."""

    key: str
    value: object
    origin: str


def problem(subject: str, **lines: str) -> str:
    """Format one complaint: its subject, then a labelled line for each text that is not empty."""
    return "\n".join([subject, *(f"  {label:<9} {text}" for label, text in lines.items() if text)])


def complain(problems: Sequence[str]) -> NoReturn:
    """Raise all complaints as one error."""
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the settings"
    raise SettingsError("\n\n".join([f"{count}:", *problems]))


def shown(value: object) -> str:
    """Quote a value for a complaint."""
    text = "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def unknown_key(given: Given, known: Collection[str]) -> str:
    """Complain about a key that does not exist; name the nearest one that does."""
    nearest = difflib.get_close_matches(given.key, known, n=1)
    inside = [key for key in known if key.startswith(f"{given.key}.")]
    if inside:
        expected = f"keys inside this section, such as {inside[0]}"
    else:
        expected = f"a known key; the nearest is {nearest[0]}" if nearest else "a known key"
    found = "" if given.value is None else shown(given.value)
    return problem(given.key, expected=expected, found=found, at=given.origin)
