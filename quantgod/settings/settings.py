"""The settings of a run: one frozen, checked value, read once.

``Settings`` is that value, made of the sections in ``keys.py``. ``load_settings`` reads a YAML
file, then the environment, then overrides; the later wins. A key that does not exist is an error
wherever it is given, and every error is a ``SettingsError``: what was expected, what was found,
and where.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quantgod.settings.command_line import from_command_line
from quantgod.settings.complaints import Given, complain, problem, shown, unknown_key
from quantgod.settings.descriptions import KeyDescription, describe
from quantgod.settings.keys import Etl, Execution, Features, Paths, Source, Validation
from quantgod.settings.readers import from_environment, from_file, from_mapping
from quantgod.settings.values import PROJECT_ROOT, ClashError

DEFAULT_CONFIG = PROJECT_ROOT / "configs" / "cloud_config.yaml"


class Settings(BaseModel):
    """All settings of a run, section by section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: Paths = Field(default_factory=Paths)
    etl: Etl = Field(default_factory=Etl)
    features: Features = Field(default_factory=Features)
    source: Source = Field(default_factory=Source)
    execution: Execution = Field(default_factory=Execution)
    validation: Validation = Field(default_factory=Validation)


@cache
def describe_settings() -> tuple[KeyDescription, ...]:
    """All keys, in the order of the model."""
    return describe(Settings)


class CommandLine(NamedTuple):
    """A command line, read and checked."""

    settings: Settings
    plan: bool
    config: Path


def load_settings(config: Path | str, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Settings of a YAML file, with the environment over it and ``overrides`` over both.

    Args:
        config: the YAML file; a relative path that is not found is looked for in the project root.
        overrides: values by dotted key (``{"etl.window": "2h"}``) or in nested mappings.

    Raises:
        SettingsError: a key is unknown or a value wrong; all of them are listed.
    """
    last = from_mapping(overrides or {}, _known(), lambda name: f"override {name}")
    return _load(_config_path(config), last)


def parse_command_line(argv: Sequence[str]) -> CommandLine:
    """Settings and switches of a command line, without the program's name.

    Raises:
        SettingsError: as ``load_settings``, or an option is unknown or lacks its value.
        SystemExit: with 0, after ``--help`` was printed.
    """
    options = from_command_line(argv, describe_settings(), DEFAULT_CONFIG)
    config = _config_path(options.config)
    return CommandLine(_load(config, options.given), options.plan, config)


def require_source_folder(settings: Settings) -> Path:
    """The folder in which the archives are seen.

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
    """Find it as a shell would, else from the project root: a worker may start anywhere."""
    path = Path(config)
    return path.absolute() if path.exists() else PROJECT_ROOT / path


def etl_settings(values: Mapping[str, Any]) -> Etl:
    """Check keys of the section ``etl`` that are given in Python; the others keep their defaults.

    Raises:
        SettingsError: a key is unknown or a value wrong; lists all of them.
    """
    keys = {f"etl.{name}": value for name, value in values.items()}
    return _check(from_mapping(keys, _known(), lambda key: f"argument {key[4:]}"), _known()).etl


def _load(config: Path, last: Sequence[Given]) -> Settings:
    """Read all sources; a later one wins."""
    known = _known()
    return _check([*from_file(config, known), *from_environment(known), *last], known)


def _check(given: Sequence[Given], known: Collection[str]) -> Settings:
    """Settings of the values given, of which later ones win; reports all problems in one error."""
    problems = [unknown_key(each, known) for each in given if each.key not in known]
    winners = {each.key: each for each in given if each.key in known}
    try:
        settings = Settings.model_validate(_nested(winners))
    except ValidationError as error:
        complain([*problems, *_wrong_values(error, winners)])
    if problems:
        complain(problems)
    return settings


def _nested(winners: Mapping[str, Given]) -> dict[str, dict[str, object]]:
    tree: dict[str, dict[str, object]] = {}
    for name, given in winners.items():
        section, _, leaf = name.partition(".")
        tree.setdefault(section, {})[leaf] = given.value
    return tree


def _wrong_values(error: ValidationError, winners: Mapping[str, Given]) -> list[str]:
    """Pydantic's findings as complaints about keys."""
    found = []
    for each in error.errors(include_url=False):
        cause = each.get("ctx", {}).get("error")
        if isinstance(cause, ClashError):
            found.append(_wrong_value(cause.key, cause.why, winners, cause.other))
        else:
            name = ".".join(str(part) for part in each["loc"][:2])
            found.append(_wrong_value(name, str(cause or ""), winners))
    return found


def _wrong_value(name: str, why: str, winners: Mapping[str, Given], other: str = "") -> str:
    described = {each.key: each for each in describe_settings()}

    def quoted(name: str) -> Given:
        return winners.get(name, Given(name, described[name].default, "the default"))

    found, at = shown(quoted(name).value), quoted(name).origin
    beside = f"{other} = {quoted(other).value}, {quoted(other).origin}" if other else ""
    return problem(
        name, expected=described[name].expected, found=found, at=at, why=why, beside=beside
    )
