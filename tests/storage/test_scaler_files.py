"""The files of a scaler (contract §6): their contents, and every kind that is refused."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import joblib
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from quantgod.errors import ScalerError
from quantgod.orderbook.recipe import Recipe
from quantgod.orderbook.scaling import Moments, apply_scaler, feature_rows
from quantgod.orderbook.schema import FEATURES, SCHEMA_VERSION
from quantgod.storage.outputs import scaler_files
from quantgod.storage.outputs.scaler_files import (
    FitRange,
    Scaler,
    json_path,
    load_scaler,
    save_scaler,
)
from tests.support.day_tables import BAR_MS, make_output
from tests.support.records import RECIPE
from tests.support.stream_plans import D0

FIT = FitRange(D0 + BAR_MS, D0 + 500 * BAR_MS, "2024-08-09T00:00:00+00:00", ("a.zip", "b.zip"))
MOMENTS = Moments(
    mean=(0.1, -2.5, 1e-17, 65_000.123, 3.0, 0.1 + 0.2, -7e-5, 0.0, 8.9),
    variance=(0.01, 4.0, 1e-300, 2.0, 0.0, 0.3, 1e-9, 0.0, 1.1),
    scale=(0.1, 2.0, 1e-150, 2.0**0.5, 1.0, 0.3**0.5, 1e-9**0.5, 1.0, 1.1**0.5),
    row_count=500,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "artifacts" / "scaler.pkl"


def save(path: Path, **changes: Any) -> Scaler:
    return save_scaler(path, replace(MOMENTS, **changes), FIT, RECIPE)


def rewrite(path: Path, **changes: Any) -> None:
    """Change values of the JSON."""
    content = json.loads(json_path(path).read_text())
    json_path(path).write_text(json.dumps(content | changes))


def test_a_scaler_comes_back_to_the_last_bit(path: Path) -> None:
    """§6: the JSON is read back; its sha256 identifies the scaler of a table."""
    assert load_scaler(path, RECIPE) is None
    saved = save(path)
    assert load_scaler(path, RECIPE) == saved
    assert saved.moments == MOMENTS
    assert saved.sha256 == sha256(json_path(path).read_bytes()).hexdigest()


def test_contents_of_the_json(path: Path) -> None:
    """§6: features, mean, scale, rows, fit range, archives, settings, sha256 of the pickle."""
    save(path)
    content = json.loads(json_path(path).read_text())
    assert tuple(content.pop("mean")) == MOMENTS.mean
    assert tuple(content.pop("scale")) == MOMENTS.scale
    assert tuple(content.pop("variance")) == MOMENTS.variance
    assert content == {
        "features": list(FEATURES),
        "schema_version": SCHEMA_VERSION,
        "sampling_interval_ms": 1000,
        "bar_interval_ms": 60_000,
        "max_staleness_ms": 10_000,
        "on_sequence_gap": "drop",
        "row_count": 500,
        "fit_first_available_at": "2024-08-08 00:01:00",
        "fit_last_available_at": "2024-08-08 08:20:00",
        "fit_until": "2024-08-09T00:00:00+00:00",
        "archives": ["a.zip", "b.zip"],
        "pickle_sha256": sha256(path.read_bytes()).hexdigest(),
    }


def test_training_code_loads_the_pickle(path: Path) -> None:
    """§6: by joblib; it scales as the pipeline does."""
    save(path)
    loaded = joblib.load(path)
    assert type(loaded) is StandardScaler
    table = make_output(range(9), volatility=np.arange(9.0), mean_obi=[0.7] * 9)
    scaled = feature_rows(apply_scaler(table, MOMENTS))
    assert loaded.transform(table.to_pandas()[list(FEATURES)]).tolist() == scaled.tolist()


def test_the_pipeline_never_unpickles(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """§6: a pickle is a program."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a pickle was loaded")

    save(path)
    for module, name in ((joblib, "load"), (pickle, "load"), (pickle, "loads")):
        monkeypatch.setattr(module, name, refuse)
    assert load_scaler(path, RECIPE)


def test_nothing_depends_on_the_clock(tmp_path: Path, path: Path) -> None:
    """§6: two fits of the same rows are the same bytes."""
    other = tmp_path / "other" / "x.pkl"
    assert save(path) == save(other)
    assert path.read_bytes() == other.read_bytes()
    assert json_path(path).read_bytes() == json_path(other).read_bytes()


# ---------------------------------------------------------------- torn halves


def test_the_json_is_written_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends between the two leaves a JSON, from which the pickle is made again."""
    write_file = scaler_files.write_file

    def write_but_no_pickle(content: bytes, final: Path) -> None:
        if final == path:
            raise OSError(28, "No space left on device")
        write_file(content, final)

    monkeypatch.setattr(scaler_files, "write_file", write_but_no_pickle)
    with pytest.raises(OSError, match="No space left"):
        save(path)
    assert (json_path(path).exists(), path.exists()) == (True, False)
    monkeypatch.undo()
    scaler = load_scaler(path, RECIPE)
    assert scaler is not None
    assert scaler.moments == MOMENTS
    made_again = path.read_bytes()
    assert save(path) == scaler
    assert path.read_bytes() == made_again


def test_a_pickle_that_is_gone_is_made_again(path: Path) -> None:
    """Identical, so training code can go on loading it."""
    scaler = save(path)
    pickled = path.read_bytes()
    path.unlink()
    assert load_scaler(path, RECIPE) == scaler
    assert path.read_bytes() == pickled
    assert load_scaler(path, RECIPE) == scaler


def test_a_look_makes_nothing(path: Path) -> None:
    """A plan writes neither a missing pickle nor its folder."""
    assert load_scaler(path, RECIPE, restore=False) is None
    assert not path.parent.exists()
    scaler = save(path)
    path.unlink()
    assert load_scaler(path, RECIPE, restore=False) == scaler
    assert not path.exists()


def test_a_pickle_made_again_by_other_versions_is_good(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes differ from those of the first one, but it belongs to the JSON."""
    scaler = save(path)
    path.unlink()
    make = scaler_files._pickle
    monkeypatch.setattr(scaler_files, "_pickle", lambda moments: make(moments) + b"newer")
    for _ in range(2):
        assert load_scaler(path, RECIPE) == scaler
        assert path.read_bytes().endswith(b"newer")


def test_a_pickle_alone_is_refused(path: Path) -> None:
    """The settings of its fit are unknown."""
    save(path)
    json_path(path).unlink()
    with pytest.raises(ScalerError, match=r"has no scaler\.json, which records") as caught:
        load_scaler(path, RECIPE)
    assert str(path) in str(caught.value)


def test_the_pickle_of_another_is_refused(path: Path) -> None:
    """Training code would load a scaler other than that of the tables."""
    save(path, row_count=3)
    other = path.read_bytes()
    save(path)
    expected = sha256(path.read_bytes()).hexdigest()
    path.write_bytes(other)
    with pytest.raises(ScalerError, match=r"does not belong to scaler\.json") as caught:
        load_scaler(path, RECIPE)
    assert f"expected sha256 {expected}, found {sha256(other).hexdigest()}" in str(caught.value)


def test_a_torn_json_is_refused(path: Path) -> None:
    """At any place."""
    save(path)
    whole = json_path(path).read_bytes()
    for size in (*range(0, len(whole) - 2, 7), len(whole) - 2):
        json_path(path).write_bytes(whole[:size])
        with pytest.raises(ScalerError, match="is damaged or not a scaler"):
            load_scaler(path, RECIPE)


@pytest.mark.parametrize(
    "text", [b"[]", b"5", b"null", b'"x"', b"{}", b"\xff", b"", b'{"mean": [1], "scale": [1]}']
)
def test_a_json_that_is_no_scaler_is_refused(path: Path, text: bytes) -> None:
    save(path)
    json_path(path).write_bytes(text)
    with pytest.raises(ScalerError, match="is damaged or not a scaler") as caught:
        load_scaler(path, RECIPE)
    assert str(json_path(path)) in str(caught.value)


@pytest.mark.parametrize("key", ["mean", "variance", "scale", "row_count", "pickle_sha256"])
def test_a_json_without_a_key_is_refused(path: Path, key: str) -> None:
    save(path)
    content = json.loads(json_path(path).read_text())
    del content[key]
    json_path(path).write_text(json.dumps(content))
    with pytest.raises(ScalerError, match=f"damaged or not a scaler.*{key}"):
        load_scaler(path, RECIPE)


@pytest.mark.parametrize("name", ["mean", "variance", "scale"])
@pytest.mark.parametrize("values", [[0.5] * 8, [0.5] * 10, [], [None] * 9, ["x"] * 9, 5, None])
def test_moments_are_a_number_for_each_feature(path: Path, name: str, values: object) -> None:
    save(path)
    rewrite(path, **{name: values})
    with pytest.raises(ScalerError, match="damaged or not a scaler"):
        load_scaler(path, RECIPE)


# ---------------------------------------------------------------- other settings


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("sampling_interval_ms", 500, "sampling_interval_ms: scaler 1000, settings 500"),
        ("bar_interval_ms", 300_000, "bar_interval_ms: scaler 60000, settings 300000"),
        ("max_staleness_ms", 9_999, "max_staleness_ms: scaler 10000, settings 9999"),
        ("on_sequence_gap", "keep", "on_sequence_gap: scaler 'drop', settings 'keep'"),
    ],
)
def test_a_scaler_of_other_settings_is_refused(
    path: Path, name: str, value: object, shown: str
) -> None:
    """§6: both values are printed; settings that agree are not."""
    save(path)
    with pytest.raises(ScalerError, match="was fitted with other settings — ") as caught:
        load_scaler(path, replace(RECIPE, **{name: value}))
    assert shown in str(caught.value)
    assert str(caught.value).count("settings ") == 2


def test_every_difference_is_printed(path: Path) -> None:
    save(path)
    with pytest.raises(ScalerError) as caught:
        load_scaler(path, Recipe(100, 1000, 200, 1, "keep"))
    assert str(caught.value).count(": scaler ") == 4


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"features": [*FEATURES[:-1], "x"]}, "'x'], settings ['body', "),
        ({"features": list(FEATURES[::-1])}, "features: scaler ['log_volume', "),
        ({"schema_version": "0"}, f"schema_version: scaler '0', settings '{SCHEMA_VERSION}'"),
        ({"sampling_interval_ms": None}, "sampling_interval_ms: scaler None, settings 1000"),
    ],
)
def test_a_scaler_of_another_schema_is_refused(
    path: Path, change: dict[str, Any], shown: str
) -> None:
    """§6: feature names and schema version."""
    save(path)
    rewrite(path, **change)
    with pytest.raises(ScalerError) as caught:
        load_scaler(path, RECIPE)
    assert shown in str(caught.value)


def test_the_number_of_levels_may_differ(path: Path) -> None:
    """§6: it shapes no feature."""
    saved = save(path)
    assert load_scaler(path, replace(RECIPE, orderbook_levels=5)) == saved
