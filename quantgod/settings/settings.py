"""The settings of a run: one frozen, checked value, read once.

``keys.py`` defines that value. ``load_settings`` reads a YAML
file, then the environment, then overrides; the later wins. Every problem, an unknown key among
them, is a ``SettingsError`` with the place of the value.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from quantgod.settings.command_line import from_command_line
from quantgod.settings.complaints import Given, complain, problem, shown, unknown_key
from quantgod.settings.descriptions import describe_settings
from quantgod.settings.keys import Etl, Settings
from quantgod.settings.readers import from_environment, from_file, from_mapping
from quantgod.settings.values import PROJECT_ROOT, ClashError

DEFAULT_CONFIG = PROJECT_ROOT / "configs" / "cloud_config.yaml"


def _add_keys(schema: dict[str, Any]) -> None:
    """List every key as an optional property, without a default: absent means as in the file."""
    schema["properties"] = {
        each.key: {"title": each.key, "description": f"{each.meaning}; expected: {each.expected}"}
        for each in describe_settings()
    }


class Overrides(BaseModel):
    """Settings that win over file and environment, by dotted key: {"etl.orderbook_levels": 50}."""

    # Any key is accepted here. ``load_settings`` refuses an unknown one, and names the nearest.
    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra=_add_keys)


class CommandLine(NamedTuple):
    """A command line, read and checked."""

    settings: Settings
    plan: bool
    config: Path


def load_settings(config: Path | str, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Load a YAML file, with the environment over it and ``overrides`` over both.

    Args:
        config: the YAML file; a relative path that is not found is looked for in the project root.
        overrides: values by dotted key (``{"etl.window": "2h"}``) or in nested mappings.

    Raises:
        SettingsError: a key is unknown or a value wrong; all of them are listed.
    """
    given = from_mapping(overrides or {}, _known(), lambda name: f"override {name}")
    return _load(_config_path(config), given)


def parse_command_line(argv: Sequence[str]) -> CommandLine:
    """Parse a command line, given without the program's name.

    Raises:
        SettingsError: as ``load_settings``, or an option is unknown or lacks its value.
        SystemExit: with 0, after ``--help`` was printed.
    """
    config, plan, given = from_command_line(argv, describe_settings(), DEFAULT_CONFIG)
    config = _config_path(config)
    return CommandLine(_load(config, given), plan, config)


def require_source_folder(settings: Settings) -> Path:
    """Return the folder of the archives.

    Raises:
        SettingsError: it is still the placeholder.
    """
    folder = settings.paths.rclone_mount
    if "..." in folder.parts:
        expected = "the folder of your archives in place of the placeholder `...`"
        fix = (
            "edit paths.rclone_mount in configs/cloud_config.yaml, or pass\n"
            f"{'':12}--paths.rclone_mount '/workspace/gdrive/My Drive/BTC_USDT_L2'"
        )
        complain([problem("paths.rclone_mount", expected=expected, found=str(folder), fix=fix)])
    return folder


def _known() -> list[str]:
    return [each.key for each in describe_settings()]


def _config_path(config: Path | str) -> Path:
    """Resolve as a shell would, else from the project root: a worker may start anywhere."""
    path = Path(config)
    return path.absolute() if path.exists() else PROJECT_ROOT / path


def etl_settings(values: Mapping[str, Any]) -> Etl:
    """Check keys of the section ``etl`` that are given in Python; the others keep their defaults.

    Raises:
        SettingsError: a key is unknown or a value wrong; lists all of them.
    """
    tree = {f"etl.{name}": value for name, value in values.items()}
    return _check(from_mapping(tree, _known(), lambda key: f"argument {key[4:]}")).etl


def _load(config: Path, given: Sequence[Given]) -> Settings:
    known = _known()
    return _check([*from_file(config, known), *from_environment(known), *given])


def _check(given: Sequence[Given]) -> Settings:
    """Make settings of the values given, of which later ones win; raise all problems as one."""
    known = _known()
    problems = [unknown_key(each, known) for each in given if each.key not in known]
    winners = {each.key: each for each in given if each.key in known}
    tree: dict[str, dict[str, object]] = {}
    for key, winner in winners.items():
        section, _, leaf = key.partition(".")
        tree.setdefault(section, {})[leaf] = winner.value
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        complain([*problems, *_wrong_values(error, winners)])
    if problems:
        complain(problems)
    return settings


def _wrong_values(error: ValidationError, winners: Mapping[str, Given]) -> list[str]:
    """Turn pydantic's findings into complaints about keys."""
    problems = []
    for each in error.errors(include_url=False):
        cause = each.get("ctx", {}).get("error")
        if isinstance(cause, ClashError):
            problems.append(_wrong_value(cause.key, cause.why, winners, cause.other))
        else:
            key = ".".join(str(part) for part in each["loc"][:2])
            problems.append(_wrong_value(key, str(cause or ""), winners))
    return problems


def _wrong_value(key: str, why: str, winners: Mapping[str, Given], other: str = "") -> str:
    described = {each.key: each for each in describe_settings()}

    def given(key: str) -> Given:
        return winners.get(key) or Given(key, described[key].default, "the default")

    found, at, expected = shown(given(key).value), given(key).origin, described[key].expected
    conflict = f"{other} = {given(other).value}, {given(other).origin}" if other else ""
    return problem(key, expected=expected, found=found, at=at, why=why, conflicts=conflict)
