"""What a run may be told: one frozen, checked value, read once.

``Settings`` is that value. It holds the meaning, the allowed values and the default of every key:
``--help``, ``configs/README.md`` and the error messages are made from them. ``load_settings`` reads
a YAML file, then the environment, then overrides; the later wins. A key that does not exist is an
error wherever it stands, and every error is a ``SettingsError`` that says what was expected, what
was found, and where.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from flows.command_line import (
    Given,
    KeyDescription,
    complain,
    from_command_line,
    from_environment,
    from_file,
    from_mapping,
    problem,
    shown,
    unknown_key,
)
from flows.setting_values import (
    CODEC_WORDS,
    BarInterval,
    ClashError,
    Compression,
    Count,
    Duration,
    Instant,
    ProjectPath,
    RcloneRemote,
    Share,
    Text,
    UtcDay,
    Window,
    Workers,
    duration_ms,
)
from flows.setting_values import (
    PROJECT_ROOT as PROJECT_ROOT,
)

DEFAULT_CONFIG = PROJECT_ROOT / "configs" / "cloud_config.yaml"


# --- the keys ----------------------------------------------------------------------------------


def key(default: object, expected: str, meaning: str) -> Any:
    """One setting: its default, its unit and allowed values in words, and what it means."""
    return Field(default, description=meaning, json_schema_extra={"expected": expected})


class Section(BaseModel):
    """A group of keys: frozen, and closed to unknown ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Paths(Section):
    """Where things are read and written. Relative paths are relative to the project root."""

    rclone_mount: ProjectPath = key(
        "/workspace/gdrive/My Drive/...",
        "path, with no placeholder `...` left in it",
        "folder in which the archives are seen",
    )
    processed_output: ProjectPath = key("data/L2/pre_processed", "path", "final Parquet")
    scaler_path: ProjectPath = key(
        "data/artifacts/scaler.pkl", "path", "scaler; `scaler.json` stands beside it"
    )
    bars: ProjectPath = key("data/L2/bars", "path", "results of phase 1, kept for later runs")
    quarantine: ProjectPath = key(
        "data/L2/quarantine", "path", "files that failed validation, with their reports"
    )
    logs: ProjectPath = key("logs", "path", "log files")


class Etl(Section):
    """From messages to bars."""

    sampling_interval_ms: Count = key(
        1000,
        "milliseconds, a whole number from 1 that divides etl.resampling_interval",
        "Δ, time between two samples of the book",
    )
    resampling_interval: BarInterval = key(
        "1min",
        "fixed-length pandas alias (1s, 5min, 1h), a whole number of ms that divides a day",
        "W, length of a bar",
    )
    orderbook_levels: Count = key(
        200, "levels, a whole number from 1", "N, levels kept a side: the hard cut"
    )
    compression: Compression = key("snappy", CODEC_WORDS, "compression of the Parquet files")
    max_staleness_ms: Count = key(
        10_000,
        "milliseconds, a whole number from 1",
        "age of the last message above which no sample is taken",
    )
    on_sequence_gap: Literal["drop", "keep"] = key(
        "drop",
        "drop or keep",
        "after a gap in update ids: no samples until the next snapshot (drop), or carry on (keep)",
    )
    window: Window = key(
        "auto",
        "auto, or a duration (30min, 2h): a whole number of bars, at most a day",
        "time handled in one step; auto: as many whole bars, up to 6 h, as fit the memory budget",
    )

    @cached_property
    def bar_interval_ms(self) -> int:
        """W in milliseconds."""
        return duration_ms(self.resampling_interval)

    @cached_property
    def window_ms(self) -> int | None:
        """Length of a window in milliseconds; None: to be chosen by the memory budget."""
        return None if self.window == "auto" else duration_ms(self.window)

    @property
    def codec_and_level(self) -> tuple[str, int | None]:
        """What pyarrow takes as ``compression`` and ``compression_level``."""
        codec, _, level = self.compression.partition(":")
        return codec, int(level) if level else None

    @model_validator(mode="after")
    def _whole_numbers_of_each_other(self) -> Self:
        bar_ms, sample_ms, window_ms = (
            self.bar_interval_ms,
            self.sampling_interval_ms,
            self.window_ms,
        )
        if bar_ms % sample_ms:
            why = f"{sample_ms} ms do not divide a bar of {bar_ms} ms"
            raise ClashError("etl.sampling_interval_ms", "etl.resampling_interval", why)
        if window_ms is not None and window_ms % bar_ms:
            why = f"{window_ms} ms are not a whole number of bars of {bar_ms} ms"
            raise ClashError("etl.window", "etl.resampling_interval", why)
        return self


class Features(Section):
    """The z-score of the feature columns."""

    apply_zscore: bool = key(False, "true or false", "scale the nine feature columns")
    fit_until: Instant = key(
        None,
        "ISO 8601 date (its 00:00) or date and time, UTC unless it says otherwise; or none",
        "end of the training range: the scaler is fitted on rows available by then; none: on all",
    )
    allow_partial_fit: bool = key(
        False, "true or false", "fit although an archive inside the training range failed"
    )

    @property
    def fit_until_ms(self) -> int | None:
        """``fit_until`` in milliseconds since the Unix epoch."""
        if self.fit_until is None:
            return None
        return (self.fit_until - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


class Source(Section):
    """Which archives, and how they are reached."""

    mode: Literal["auto", "folder", "mount", "serve"] = key(
        "auto",
        "auto, folder, mount or serve",
        "plain folder, rclone mount, or rclone without FUSE; auto: whichever is found to work",
    )
    remote: RcloneRemote = key(
        None,
        "rclone remote and path (gdrive:BTC_USDT_L2), or none",
        "remote with the archives, for a mount started by the run and for serve",
    )
    include: Text = key("**/*.zip", "glob over relative paths", "which files are archives")
    start: UtcDay = key(None, "day (2024-01-31), UTC, or none", "first day, inclusive")
    end: UtcDay = key(
        None, "day (2024-01-31), UTC, not before source.start, or none", "last day, inclusive"
    )

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.start and self.end and self.start > self.end:
            raise ClashError("source.end", "source.start", f"{self.end} is before {self.start}")
        return self


class Execution(Section):
    """How the work is spread."""

    workers: Workers = key(
        "auto",
        "processes, a whole number from 1, or auto",
        "processes that work on archives at the same time; auto: one a usable core",
    )


class Validation(Section):
    """When a finished file is warned about."""

    max_gap: Duration = key(
        "5min", "duration (90s, 5min, 1h)", "time between two bars above which a gap is listed"
    )
    min_coverage: Share = key(
        0.95, "share from 0 to 1", "share of the day's bars below which coverage is a warning"
    )

    @cached_property
    def max_gap_ms(self) -> int:
        """``max_gap`` in milliseconds."""
        return duration_ms(self.max_gap)


class Settings(BaseSettings):
    """All that a run may be told."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    paths: Paths = Field(default_factory=Paths)
    etl: Etl = Field(default_factory=Etl)
    features: Features = Field(default_factory=Features)
    source: Source = Field(default_factory=Source)
    execution: Execution = Field(default_factory=Execution)
    validation: Validation = Field(default_factory=Validation)

    @classmethod
    def settings_customise_sources(
        cls, *_: Any, **sources: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Be a plain value: ``load_settings`` reads the world, and knows where each key stood."""
        return (sources["init_settings"],)


@cache
def describe_settings() -> tuple[KeyDescription, ...]:
    """All keys, in the order of the model."""
    return tuple(
        _describe(f"{name}.{leaf}", field)
        for name, section in Settings.model_fields.items()
        for leaf, field in cast(type[Section], section.annotation).model_fields.items()
    )


def _describe(name: str, field: FieldInfo) -> KeyDescription:
    words = cast(dict[str, str], field.json_schema_extra)
    default = "none" if field.default is None else str(field.default)
    if isinstance(field.default, bool):  # as YAML writes it
        default = default.lower()
    return KeyDescription(name, field.description or "", words["expected"], default)


# --- reading them ------------------------------------------------------------------------------


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
    options = from_command_line(argv, Settings, describe_settings(), DEFAULT_CONFIG)
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
    """As a shell would find it, else from the project root: a worker may start anywhere."""
    path = Path(config)
    return path.absolute() if path.exists() else PROJECT_ROOT / path


def _load(config: Path, last: Sequence[Given]) -> Settings:
    """The later source wins; what is wrong in any of them is told in one error."""
    known = _known()
    given = [*from_file(config, known), *from_environment(known), *last]
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
    """What pydantic found, in the words of the keys."""
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
    words = {each.key: each for each in describe_settings()}

    def quoted(name: str) -> Given:
        return winners.get(name, Given(name, words[name].default, "the default"))

    found, at = shown(quoted(name).value), quoted(name).origin
    beside = f"{other} = {quoted(other).value}, {quoted(other).origin}" if other else ""
    return problem(name, expected=words[name].expected, found=found, at=at, why=why, beside=beside)
