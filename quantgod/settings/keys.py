"""Every key of the settings: its meaning, its allowed values, its default.

One class per section. Properties that convert units, and rules that tie two keys together, follow
the keys of their section. ``Settings`` holds all sections: a new one is entered there.
"""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from quantgod.orderbook.recipe import Recipe
from quantgod.settings import values
from quantgod.settings.values import ClashError, duration_ms


def setting(default: object, expected: str, meaning: str) -> Any:
    """One setting: its default, its unit and allowed values in words, and what it means."""
    return Field(default, description=meaning, json_schema_extra={"expected": expected})


class Section(BaseModel):
    """A group of keys: frozen, and closed to unknown ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Paths(Section):
    """Folders and files. Relative paths are relative to the project root."""

    rclone_mount: values.ProjectPath = setting(
        "/workspace/gdrive/My Drive/...",
        "path, with no placeholder `...` left in it",
        "folder of the archives",
    )
    processed_output: values.ProjectPath = setting("data/L2/pre_processed", "path", "final Parquet")
    scaler_path: values.ProjectPath = setting(
        "data/artifacts/scaler.pkl", "path", "scaler; `scaler.json` is written to the same folder"
    )
    bars: values.ProjectPath = setting(
        "data/L2/bars", "path", "results of phase 1, kept for later runs"
    )
    quarantine: values.ProjectPath = setting(
        "data/L2/quarantine", "path", "files that failed validation, with their reports"
    )
    logs: values.ProjectPath = setting("logs", "path", "log files")


class Etl(Section):
    """From messages to bars."""

    sampling_interval_ms: values.Count = setting(
        1000,
        "milliseconds, a whole number from 1 that divides etl.resampling_interval",
        "Δ, time between two samples of the book",
    )
    resampling_interval: values.BarInterval = setting(
        "1min",
        "fixed-length pandas alias (1s, 5min, 1h), a whole number of ms that divides a day",
        "W, length of a bar",
    )
    orderbook_levels: values.Count = setting(
        200, "levels, a whole number from 1", "N, levels kept per side: the hard cut"
    )
    compression: values.CodecName = setting(
        "snappy", values.CODEC_EXPECTED, "compression of the Parquet files"
    )
    max_staleness_ms: values.Count = setting(
        10_000,
        "milliseconds, a whole number from 1",
        "age of the last message above which no sample is taken",
    )
    on_sequence_gap: Literal["drop", "keep"] = setting(
        "drop",
        "drop or keep",
        "after a gap in update ids: no samples until the next snapshot (drop), or carry on (keep)",
    )
    window: values.WindowLength = setting(
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
        """Length of a window in milliseconds; None: the memory budget decides."""
        return None if self.window == "auto" else duration_ms(self.window)

    @property
    def recipe(self) -> Recipe:
        """All that shapes the bars."""
        return Recipe(
            sampling_interval_ms=self.sampling_interval_ms,
            bar_interval_ms=self.bar_interval_ms,
            orderbook_levels=self.orderbook_levels,
            max_staleness_ms=self.max_staleness_ms,
            on_sequence_gap=self.on_sequence_gap,
        )

    @property
    def codec_and_level(self) -> tuple[str, int | None]:
        """The arguments ``compression`` and ``compression_level`` of pyarrow."""
        codec, _, level = self.compression.partition(":")
        return codec, int(level) if level else None

    @model_validator(mode="after")
    def _whole_numbers_of_each_other(self) -> Self:
        bar_ms, window_ms = self.bar_interval_ms, self.window_ms
        if bar_ms % self.sampling_interval_ms:
            why = f"{self.sampling_interval_ms} ms do not divide a bar of {bar_ms} ms"
            raise ClashError("etl.sampling_interval_ms", "etl.resampling_interval", why)
        if window_ms is not None and window_ms % bar_ms:
            why = f"{window_ms} ms are not a whole number of bars of {bar_ms} ms"
            raise ClashError("etl.window", "etl.resampling_interval", why)
        return self


class Features(Section):
    """The z-score of the feature columns."""

    apply_zscore: bool = setting(False, "true or false", "scale the feature columns")
    fit_until: values.Instant = setting(
        None,
        "ISO 8601 date (its 00:00) or date and time, UTC unless it says otherwise; or none",
        "end of the training range: the scaler is fitted on rows available by then; none: on all",
    )
    allow_partial_fit: bool = setting(
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

    mode: Literal["auto", "folder", "mount", "serve"] = setting(
        "auto",
        "auto, folder, mount or serve",
        "auto, folder: a folder or a mounted drive; mount, serve: not implemented yet",
    )
    remote: values.RcloneRemote = setting(
        None,
        "rclone remote and path (gdrive:BTC_USDT_L2), or none",
        "remote with the archives, for a mount started by the run and for serve; `synthetic:` "
        "fills the folder with generated archives when it is empty",
    )
    include: values.Text = setting(
        "**/*.zip", "glob over relative paths", "which files are archives"
    )
    start: values.UtcDay = setting(None, "day (2024-01-31), UTC, or none", "first day, inclusive")
    end: values.UtcDay = setting(
        None, "day (2024-01-31), UTC, not before source.start, or none", "last day, inclusive"
    )

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.start and self.end and self.start > self.end:
            raise ClashError("source.end", "source.start", f"{self.end} is before {self.start}")
        return self


class Execution(Section):
    """How work is distributed."""

    workers: values.Workers = setting(
        "auto",
        "processes, a whole number from 1, or auto",
        "processes that work on archives in parallel; auto: one per usable core",
    )


class Validation(Section):
    """Limits beyond which a finished file gets a warning."""

    max_gap: values.Duration = setting(
        "5min", "duration (90s, 5min, 1h)", "time between two bars above which a gap is listed"
    )
    min_coverage: values.Share = setting(
        0.95, "share from 0 to 1", "share of the day's bars below which coverage is a warning"
    )

    @cached_property
    def max_gap_ms(self) -> int:
        """``max_gap`` in milliseconds."""
        return duration_ms(self.max_gap)


class Settings(BaseModel):
    """All settings of a run, section by section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: Paths = Field(default_factory=Paths)
    etl: Etl = Field(default_factory=Etl)
    features: Features = Field(default_factory=Features)
    source: Source = Field(default_factory=Source)
    execution: Execution = Field(default_factory=Execution)
    validation: Validation = Field(default_factory=Validation)
