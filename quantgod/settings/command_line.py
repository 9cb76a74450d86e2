"""The command line: an option for each key, and ``--config``, ``--plan`` and ``--help``."""

from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NoReturn

from quantgod.settings.complaints import AS_HELP_SHOWS, Given, complain, problem, unknown_key
from quantgod.settings.descriptions import KeyDescription
from quantgod.settings.readers import ENV_PREFIX

OWN_OPTIONS = ("config", "plan", "help")
HELP_START = """\
usage: python flows/l2_flow.py [--config FILE] [--plan] [--KEY VALUE ...]

From archives of order-book messages to validated, model-ready Parquet.

--help
    show this and stop
--config FILE (default: configs/cloud_config.yaml)
    settings file in YAML
--plan
    list what would be done, and stop

Settings:
"""
HELP_END = f"""
The command line wins over the environment, the environment over the settings file, and that over
the defaults. A key's variable is {ENV_PREFIX} and the key in capitals, with two underscores for
the dot: {ENV_PREFIX}ETL__ORDERBOOK_LEVELS=50. Relative paths are relative to the project root.
"""


def from_command_line(
    argv: Sequence[str], descriptions: Sequence[KeyDescription], config: Path
) -> tuple[Path, bool, list[Given]]:
    """Read ``--config``, ``--plan`` and the keys; ``--help`` prints all options and exits."""
    known = [each.key for each in descriptions]
    parser = Parser(descriptions)
    parser.add_argument("--config", default=config)
    parser.add_argument("--plan", action="store_true")
    for each in descriptions:
        parser.add_argument(each.option, default=SUPPRESS)
    # Sections take a value only to be refused together with it.
    for section in dict.fromkeys(each.key.partition(".")[0] for each in descriptions):
        parser.add_argument(f"--{section}", nargs="?", const="{}", default=SUPPRESS)
    options, rest = parser.parse_known_args(argv)
    _refuse_unknown(options, rest, known)
    # ``null`` means what it means in YAML.
    given = [
        Given(key, None if text == "null" else text, f"option --{key}")
        for key, text in vars(options).items()
        if key in known
    ]
    return Path(options.config), options.plan, given


class Parser(ArgumentParser):
    """ArgumentParser whose help describes the keys and whose complaints look like all others."""

    def __init__(self, descriptions: Sequence[KeyDescription] = ()) -> None:
        super().__init__(allow_abbrev=False)
        self.descriptions = descriptions

    def error(self, message: str) -> NoReturn:
        """Complain as about a setting."""
        complain([problem("command line", expected=AS_HELP_SHOWS, found=message)])

    def format_help(self) -> str:
        """Describe every key."""
        return "\n".join([HELP_START, *(each.help for each in self.descriptions), HELP_END])


def _refuse_unknown(options: Namespace, rest: Sequence[str], known: Collection[str]) -> None:
    """Complain about whole sections, and about what argparse does not know."""
    allowed = [*known, *OWN_OPTIONS]
    sections = [f"--{name}={value}" for name, value in vars(options).items() if name not in allowed]
    problems = []
    for text in [*sections, *rest]:
        name, _, value = text.lstrip("-").partition("=")
        if text.startswith("-"):
            problems.append(unknown_key(Given(name, value or None, f"option {text}"), allowed))
    if rest and not problems:
        problems.append(problem("command line", expected=AS_HELP_SHOWS, found=repr(rest[0])))
    if problems:
        complain(problems)
