"""Where settings are given: a YAML file, the environment, the command line.

Each reader returns ``Given`` values under dotted keys and remembers where each one stood, so that a
complaint can name the place. What the keys mean is not known here: see ``settings.py``.

The YAML and environment sources of pydantic-settings are not used: they pass over a missing file, a
key given twice and a misspelt variable without a word, and neither remembers a place.
"""

import difflib
import os
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import yaml
from pydantic_settings import BaseSettings, CliSettingsSource

from quantgod.errors import SettingsError

ENV_PREFIX = "QUANTGOD_"
OWN_OPTIONS = ("config", "plan", "help")
AS_HELP_SHOWS = "options as --help shows"
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


class Given(NamedTuple):
    """One value as somebody gave it, and where."""

    key: str
    value: object
    origin: str


class KeyDescription(NamedTuple):
    """One key in words."""

    key: str
    meaning: str
    expected: str  # unit and allowed values
    default: str

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return ENV_PREFIX + self.key.replace(".", "__").upper()

    @property
    def option(self) -> str:
        """Its option on the command line."""
        return f"--{self.key}"

    @property
    def help(self) -> str:
        """Its entry in ``--help``."""
        heading = f"{self.option} VALUE (default: {self.default})"
        return f"{heading}\n    {self.meaning}\n    {self.expected}"


class Options(NamedTuple):
    """What stood on the command line."""

    config: Path
    plan: bool
    given: list[Given]


# --- complaints --------------------------------------------------------------------------------


def problem(subject: str, **lines: str) -> str:
    """One complaint: what it is about, and below it a labelled line for each thing to say."""
    return "\n".join([subject, *(f"  {label:<9} {text}" for label, text in lines.items() if text)])


def complain(problems: Sequence[str]) -> NoReturn:
    """Raise all complaints as one error."""
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the settings"
    raise SettingsError("\n\n".join([f"{count}:", *problems]))


def shown(value: object) -> str:
    """A value as a complaint quotes it."""
    text = "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def unknown_key(given: Given, known: Collection[str]) -> str:
    """The complaint about a key that does not exist."""
    nearest = difflib.get_close_matches(given.key, known, n=1)
    inside = [key for key in known if key.startswith(f"{given.key}.")]
    if inside:
        expected = f"keys inside this section, such as {inside[0]}"
    else:
        expected = f"a known key; the nearest is {nearest[0]}" if nearest else "a known key"
    found = "" if given.value is None else shown(given.value)
    return problem(given.key, expected=expected, found=found, at=given.origin)


# --- readers -----------------------------------------------------------------------------------


def from_mapping(
    tree: Mapping[str, object], known: Collection[str], origin: Callable[[str], str]
) -> list[Given]:
    """Values of a mapping with dotted or nested keys."""
    return [Given(key, value, origin(key)) for key, value in _flatten(tree, known)]


def from_environment(known: Collection[str]) -> list[Given]:
    """Values of the variables that begin with the prefix; an empty one counts as unset."""
    mine = {
        name: value for name, value in os.environ.items() if name.upper().startswith(ENV_PREFIX)
    }
    given = [
        Given(_variable_key(name), value, f"environment variable {name}")
        for name, value in sorted(mine.items())
    ]
    return [each for each in given if each.value or each.key not in known]


def from_file(path: Path, known: Collection[str]) -> list[Given]:
    """Values of a YAML file, each with its line."""
    tree, root = _read_yaml(path)
    lines = list(_key_lines(root))
    twice = [key for key, count in Counter(key for key, _ in lines).items() if count > 1]
    if twice:  # YAML itself would keep the last one without a word
        places = ", ".join(str(line) for key, line in lines if key == twice[0])
        complain([problem(twice[0], expected="each key once", found=f"{path}, lines {places}")])
    line_of = dict(lines)
    return from_mapping(tree, known, lambda key: f"{path}, line {line_of.get(key, '?')}")


def from_command_line(
    argv: Sequence[str],
    model: type[BaseSettings],
    descriptions: Sequence[KeyDescription],
    config: Path,
) -> Options:
    """Options of a command line; ``--help`` prints all of them and exits."""
    known = [each.key for each in descriptions]
    parser = _Parser(descriptions)
    parser.add_argument("--config", default=config)
    parser.add_argument("--plan", action="store_true")
    source = CliSettingsSource[ArgumentParser](model, root_parser=parser)  # an option for each key
    options, rest = parser.parse_known_args(argv)
    _refuse_unknown(options, rest, known)
    values = source(parsed_args=options)()
    given = from_mapping(values, known, lambda key: f"option --{key}")
    return Options(Path(options.config), options.plan, given)


def _flatten(
    tree: Mapping[str, object], known: Collection[str], prefix: str = ""
) -> Iterator[tuple[str, object]]:
    """Dotted keys with their values; a section in which nothing is set gives nothing."""
    sections = {key.partition(".")[0] for key in known}
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and key not in known:
            yield from _flatten(value, known, f"{key}.")
        elif key not in sections or (value is not None and value != {}):
            yield key, value


def _variable_key(name: str) -> str:
    """``QUANTGOD_ETL__WINDOW`` → ``etl.window``."""
    return name[len(ENV_PREFIX) :].lower().replace("__", ".")


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML that leaves dates as text: the settings read them, and can name a wrong one."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _read_yaml(path: Path) -> tuple[Mapping[str, object], yaml.Node | None]:
    """A settings file as values, and as nodes that know their lines."""
    expected = "a settings file: sections of keys in YAML"
    try:
        loader = _PlainLoader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        tree = {} if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        complain([problem(f"{path}{line}", expected=expected, found=str(error.problem))])
    except OSError as error:
        complain([problem(str(path), expected=expected, found=str(error.strerror))])
    except (ValueError, yaml.YAMLError) as error:  # not UTF-8, or a number that is none
        complain([problem(str(path), expected=expected, found=str(error))])
    if not isinstance(tree, Mapping):
        complain([problem(str(path), expected=expected, found=shown(tree))])
    return tree, root


def _key_lines(node: yaml.Node | None, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Dotted keys of a YAML document and the lines they stand on, counted from 1."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield f"{prefix}{name.value}", name.start_mark.line + 1
            yield from _key_lines(value, f"{prefix}{name.value}.")


class _Parser(ArgumentParser):
    """ArgumentParser with help in the words of the keys, whose complaints are like all others."""

    def __init__(self, descriptions: Sequence[KeyDescription]) -> None:
        super().__init__(allow_abbrev=False)
        self.descriptions = descriptions

    def error(self, message: str) -> NoReturn:
        complain([problem("command line", expected=AS_HELP_SHOWS, found=message)])

    def format_help(self) -> str:
        return "\n".join([HELP_START, *(each.help for each in self.descriptions), HELP_END])


def _refuse_unknown(options: Namespace, rest: Sequence[str], known: Collection[str]) -> None:
    """Complain of what argparse left over, and of whole sections: pydantic-settings takes those."""
    allowed = [*known, *OWN_OPTIONS]
    sections = [f"--{name}={value}" for name, value in vars(options).items() if name not in allowed]
    problems = []
    for text in [*sections, *rest]:
        name, _, value = text.lstrip("-").partition("=")
        if text.startswith("-"):
            problems.append(unknown_key(Given(name, value or None, f"option {text}"), allowed))
    if rest and not problems:
        found = f"{rest[0]!r}"
        problems.append(problem("command line", expected=AS_HELP_SHOWS, found=found))
    if problems:
        complain(problems)
