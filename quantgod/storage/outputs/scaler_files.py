"""The persisted scaler: ``scaler.pkl`` for training code, ``scaler.json`` for us (contract §6).

The pipeline reads the JSON and never unpickles a file. The JSON is written first; a missing pickle
is rebuilt from it, and a pickle without its JSON is refused.
"""

import io
import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from quantgod.errors import ScalerError
from quantgod.orderbook.calendar import iso
from quantgod.orderbook.recipe import Recipe
from quantgod.orderbook.scaling import Moments, to_sklearn
from quantgod.orderbook.schema import FEATURES, SCHEMA_VERSION
from quantgod.storage.outputs.tables import write_file


@dataclass(frozen=True)
class Scaler:
    """A persisted scaler, ready to apply."""

    moments: Moments
    sha256: str  # of scaler.json


@dataclass(frozen=True)
class FitRange:
    """The rows that a scaler was fitted on."""

    first_available_ms: int
    last_available_ms: int
    fit_until: str | None
    archives: tuple[str, ...]


def json_path(scaler_path: Path) -> Path:
    """Path of the ``scaler.json`` next to a ``scaler.pkl``."""
    return scaler_path.with_suffix(".json")


def _settings(recipe: Recipe) -> dict[str, object]:
    """The settings that a scaler shares with the tables it is applied to (contract §6)."""
    shared = asdict(recipe)
    del shared["orderbook_levels"]  # the features do not depend on it
    return {"features": list(FEATURES), "schema_version": SCHEMA_VERSION, **shared}


def save_scaler(path: Path, moments: Moments, fit: FitRange, recipe: Recipe) -> Scaler:
    """Write both files atomically; nothing in them depends on the clock."""
    pickled = _pickle(moments)
    content = {
        **_settings(recipe),
        "mean": moments.mean,
        "variance": moments.variance,
        "scale": moments.scale,
        "row_count": moments.row_count,
        "fit_first_available_at": iso(fit.first_available_ms),
        "fit_last_available_at": iso(fit.last_available_ms),
        "fit_until": fit.fit_until,
        "archives": fit.archives,
        "pickle_sha256": sha256(pickled).hexdigest(),
    }
    text = json.dumps(content, indent=2).encode() + b"\n"
    write_file(text, json_path(path))
    write_file(pickled, path)
    return Scaler(moments, sha256(text).hexdigest())


def load_scaler(path: Path, recipe: Recipe, restore: bool = True) -> Scaler | None:
    """Load the scaler whose pickle is at ``path``; None if there is none.

    ``restore`` rebuilds a missing pickle from the JSON.

    Raises:
        ScalerError: damaged, or not fitted with the settings of the recipe; the message shows both.
    """
    try:
        text = json_path(path).read_bytes()
    except FileNotFoundError:
        if path.exists():
            raise ScalerError(
                f"{path} has no {json_path(path).name}, which records how it was fitted. "
                "Restore it, or remove the pickle to fit a new scaler"
            ) from None
        return None
    try:
        content = json.loads(text)
        moments = _moments(content)
        expected_pickle = content["pickle_sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise ScalerError(
            f"{json_path(path)} is damaged or not a scaler ({error}). Restore it, or remove both "
            "files to fit a new scaler"
        ) from error
    _check_settings(path, content, recipe)
    if path.exists():
        _check_pickle(path, moments, expected_pickle)
    elif restore:
        write_file(_pickle(moments), path)
    return Scaler(moments, sha256(text).hexdigest())


def _moments(content: dict[str, Any]) -> Moments:
    names = ("mean", "variance", "scale")
    mean, variance, scale = (tuple(map(float, content[name])) for name in names)
    if not len(mean) == len(variance) == len(scale) == len(FEATURES):
        raise ValueError(f"expected {len(FEATURES)} means, variances and scales")
    return Moments(mean, variance, scale, int(content["row_count"]))


def _check_settings(path: Path, content: dict[str, Any], recipe: Recipe) -> None:
    differing = [
        f"{name}: scaler {content.get(name)!r}, settings {value!r}"
        for name, value in _settings(recipe).items()
        if content.get(name) != value
    ]
    if differing:
        raise ScalerError(
            f"{json_path(path)} was fitted with other settings — {'; '.join(differing)}. Use "
            "another paths.scaler_path, or remove both files to fit a new scaler"
        )


def _check_pickle(path: Path, moments: Moments, expected: str) -> None:
    """Check that the pickle belongs to the JSON."""
    found = sha256(path.read_bytes()).hexdigest()
    # Other versions of scikit-learn or joblib pickle the same scaler to other bytes.
    if found != expected and found != sha256(_pickle(moments)).hexdigest():
        raise ScalerError(
            f"{path} does not belong to {json_path(path).name}: expected sha256 {expected}, found "
            f"{found}. Remove the pickle, and the next run rebuilds it from the JSON"
        )


def _pickle(moments: Moments) -> bytes:
    import joblib  # imported here: it is slow, and most processes never pickle

    buffer = io.BytesIO()
    joblib.dump(to_sklearn(moments), buffer)
    return buffer.getvalue()
