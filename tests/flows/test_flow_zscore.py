"""The scaler of a run (contract §6): fitted in fixed order, persisted, never refitted silently."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from quantgod.errors import ScalerError
from quantgod.orderbook.features import times_ms
from quantgod.orderbook.schema import FEATURES
from quantgod.storage.outputs.tables import read_metadata, read_table
from tests.support.flow_runs import outputs, run_pipeline, statuses
from tests.support.market_files import MIDNIGHT, two_days, write_source

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source")
    write_source(root, two_days(), two_days(market="spot", seed=9))
    return root


@pytest.fixture(scope="module")
def unscaled(
    source: Path,
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: None,  # noqa: ARG001
) -> Path:
    """Return the final files without z-score."""
    root = tmp_path_factory.mktemp("unscaled")
    run_pipeline(root, source)
    return root


def feature_rows(root: Path) -> np.ndarray:
    tables = [read_table(path) for path in sorted((root / "out").rglob("*.parquet"))]
    return np.concatenate(
        [np.column_stack([table[name].to_numpy() for name in FEATURES]) for table in tables]
    )


@pytest.fixture(scope="module")
def scaled(
    source: Path,
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: None,  # noqa: ARG001
) -> Path:
    """Return the final files with z-score, made by one worker."""
    root = tmp_path_factory.mktemp("scaled")
    run_pipeline(root, source, features__apply_zscore=True)
    return root


def test_the_result_equals_scikit_learn_on_all_rows_at_once(unscaled: Path, scaled: Path) -> None:
    """Within 1e-9, and so does the persisted scaler."""
    rows = feature_rows(unscaled)
    expected = StandardScaler().fit(rows)
    np.testing.assert_allclose(feature_rows(scaled), expected.transform(rows), rtol=0, atol=1e-9)
    saved = json.loads((scaled / "scaler.json").read_text())
    np.testing.assert_allclose(saved["mean"], expected.mean_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(saved["scale"], expected.scale_, rtol=1e-9)
    assert saved["row_count"] == len(rows)
    assert saved["features"] == list(FEATURES)
    assert len(saved["archives"]) == 4


def test_training_code_loads_the_pickle(unscaled: Path, scaled: Path) -> None:
    """As a StandardScaler that transforms to the files' columns."""
    scaler = joblib.load(scaled / "scaler.pkl")
    assert list(scaler.feature_names_in_) == list(FEATURES)
    rows = feature_rows(unscaled)
    found = scaler.transform(pd.DataFrame(rows, columns=list(FEATURES)))
    np.testing.assert_allclose(found, feature_rows(scaled), rtol=0, atol=1e-12)


@pytest.mark.parametrize("workers", [2, 4])
def test_the_result_does_not_depend_on_workers(
    source: Path, scaled: Path, tmp_path: Path, workers: int
) -> None:
    """Bit for bit, scaler files included; here the archives run in a pool of processes."""
    report = run_pipeline(tmp_path, source, features__apply_zscore=True, execution__workers=workers)
    assert not report.failures
    assert outputs(tmp_path) == outputs(scaled)
    for name in ("scaler.json", "scaler.pkl"):
        assert (tmp_path / name).read_bytes() == (scaled / name).read_bytes()


def test_fit_until_ends_the_training_range(source: Path, unscaled: Path, tmp_path: Path) -> None:
    """Rows known later are scaled, but not fitted on."""
    run_pipeline(
        tmp_path, source, features__apply_zscore=True, features__fit_until="2025-08-21T00:00:00Z"
    )
    tables = [read_table(path) for path in (unscaled / "out").rglob("*.parquet")]
    early = sum(int((times_ms(table, "available_at") <= MIDNIGHT).sum()) for table in tables)
    saved = json.loads((tmp_path / "scaler.json").read_text())
    assert saved["row_count"] == early
    assert saved["fit_last_available_at"] == "2025-08-21 00:00:00"
    assert len(feature_rows(tmp_path)) == len(feature_rows(unscaled))


def test_a_scaler_that_is_there_is_applied_and_never_refitted(
    source: Path, scaled: Path, tmp_path: Path
) -> None:
    """Half the archives, same scaler, same bytes; the files name the scaler."""
    for name in ("scaler.json", "scaler.pkl"):
        (tmp_path / name).write_bytes((scaled / name).read_bytes())
    run_pipeline(tmp_path, source / "linear", features__apply_zscore=True)
    assert (tmp_path / "scaler.json").read_bytes() == (scaled / "scaler.json").read_bytes()
    made = next((tmp_path / "out").rglob("2025-08-20*.parquet"))
    twin = next((scaled / "out" / "linear").rglob("2025-08-20*.parquet"))
    assert read_table(made).equals(read_table(twin))
    metadata = read_metadata(made)
    assert metadata is not None
    assert len(metadata["scaler_sha256"]) == 64


def test_a_scaler_with_other_settings_is_refused(
    source: Path, scaled: Path, tmp_path: Path
) -> None:
    """Both values are printed, before any archive is read."""
    for name in ("scaler.json", "scaler.pkl"):
        (tmp_path / name).write_bytes((scaled / name).read_bytes())
    with pytest.raises(ScalerError, match="bar_interval_ms: scaler 60000, settings 30000"):
        run_pipeline(tmp_path, source, features__apply_zscore=True, etl__resampling_interval="30s")
    assert not list((tmp_path / "bars").rglob("*.parquet"))


def test_another_scaler_makes_final_files_again_from_bars(
    source: Path, scaled: Path, tmp_path: Path
) -> None:
    """No archive is read again."""
    run_pipeline(tmp_path, source)
    report = run_pipeline(tmp_path, source, features__apply_zscore=True)
    assert set(statuses(report).values()) == {"made"}
    assert report.text_bytes == 0
    assert outputs(tmp_path) == outputs(scaled)


def test_no_partial_fit_unless_allowed(tmp_path: Path) -> None:
    """A failed archive inside the range: nothing is fitted or written, and the run reports it."""
    source = tmp_path / "source"
    write_source(source, two_days())
    archive = next(source.rglob("2025-08-20*.zip"))
    archive.write_bytes(archive.read_bytes()[:-500])
    report = run_pipeline(tmp_path, source, features__apply_zscore=True)
    assert sorted(statuses(report).values()) == ["failed", "waiting"]
    assert "features.allow_partial_fit" in report.notes[-1]
    assert not (tmp_path / "scaler.json").exists()
    assert not outputs(tmp_path)
    report = run_pipeline(
        tmp_path, source, features__apply_zscore=True, features__allow_partial_fit=True
    )
    assert sorted(statuses(report).values()) == ["failed", "made"]


def test_a_failed_archive_beyond_the_range_does_not_stop_the_fit(tmp_path: Path) -> None:
    """Here the second day fails and the range ends with the first."""
    source = tmp_path / "source"
    write_source(source, two_days())
    archive = next(source.rglob("2025-08-21*.zip"))
    text = archive.read_bytes()
    archive.write_bytes(text[: len(text) // 2] + b"\0" * 40 + text[len(text) // 2 + 40 :])
    report = run_pipeline(
        tmp_path, source, features__apply_zscore=True, features__fit_until="2025-08-21"
    )
    assert sorted(statuses(report).values()) == ["failed", "made"]
    assert (tmp_path / "scaler.json").exists()
