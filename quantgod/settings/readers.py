"""Readers of settings: a YAML file, the environment, overrides.

Each reader returns values with their places, so that a complaint can name them. No reader knows the
meaning of a key: see ``keys.py``.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import yaml

from quantgod.settings.complaints import Given, complain, problem, shown

ENV_PREFIX = "QUANTGOD_"


def from_mapping(
    tree: Mapping[str, object], known: Collection[str], origin: Callable[[str], str]
) -> list[Given]:
    """Read a mapping with dotted or nested keys."""
    return [Given(key, value, origin(key)) for key, value in _flatten(tree, known)]


def from_environment(known: Collection[str]) -> list[Given]:
    """Read the variables that begin with the prefix; an empty one is unset."""
    given = []
    for name, value in sorted(os.environ.items()):
        prefix, rest = name[: len(ENV_PREFIX)], name[len(ENV_PREFIX) :]
        key = rest.lower().replace("__", ".")  # QUANTGOD_ETL__WINDOW → etl.window
        if prefix.upper() == ENV_PREFIX and (value or key not in known):
            given.append(Given(key, value, f"environment variable {name}"))
    return given


def from_file(path: Path, known: Collection[str]) -> list[Given]:
    """Read a YAML file; each value's place is its line."""
    tree, root = _read_yaml(path)
    lines = list(_key_lines(root))
    twice = [key for key, count in Counter(key for key, _ in lines).items() if count > 1]
    if twice:  # YAML would silently keep the last one
        places = ", ".join(str(line) for key, line in lines if key == twice[0])
        complain([problem(twice[0], expected="each key once", found=f"{path}, lines {places}")])
    line_of = dict(lines)
    return from_mapping(tree, known, lambda key: f"{path}, line {line_of.get(key, '?')}")


def _flatten(
    tree: Mapping[str, object], known: Collection[str], prefix: str = ""
) -> Iterator[tuple[str, object]]:
    """Dotted keys with their values; a section that sets nothing yields nothing."""
    sections = {key.partition(".")[0] for key in known}
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and key not in known:
            yield from _flatten(value, known, f"{key}.")
        elif key not in sections or (value is not None and value != {}):
            yield key, value


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML that leaves dates as text: the settings parse them, and can report a wrong one."""


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
    except (ValueError, yaml.YAMLError) as error:  # not UTF-8, or a malformed number
        complain([problem(str(path), expected=expected, found=str(error))])
    if not isinstance(tree, Mapping):
        complain([problem(str(path), expected=expected, found=shown(tree))])
    return tree, root


def _key_lines(node: yaml.Node | None, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Dotted keys of a YAML document and their lines, counted from 1."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield f"{prefix}{name.value}", name.start_mark.line + 1
            yield from _key_lines(value, f"{prefix}{name.value}.")
