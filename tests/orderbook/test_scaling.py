"""The z-score (contract §6): the rows it is fitted on, and the columns it changes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.preprocessing import StandardScaler

from quantgod.orderbook.scaling import Moments, apply_scaler, feature_rows, fit_moments, to_sklearn
from quantgod.orderbook.schema import FEATURES, output_schema
from tests.support.day_tables import BAR_MS, make_output
from tests.support.stream_plans import D0
from tests.support.twin import zscore


def random_rows(count: int) -> np.ndarray:
    """Make features of very different sizes: one far from 0, two constant."""
    rows = np.random.default_rng(7).normal(size=(count, len(FEATURES))) * 10.0 ** np.arange(-4, 5)
    rows[:, 5] += 65_000
    rows[:, 6], rows[:, 7] = 0.1, 0.0
    return rows


def moments_of(scaler: StandardScaler) -> Moments:
    """Return the moments that scikit-learn fitted."""
    mean, variance, scale = (tuple(v.tolist()) for v in (scaler.mean_, scaler.var_, scaler.scale_))
    return Moments(mean, variance, scale, int(scaler.n_samples_seen_))


def fit_in_parts(rows: np.ndarray, sizes: list[int]) -> Moments:
    """Fit on rows in parts of these sizes, then on the rest."""
    return fit_moments(np.split(rows, np.cumsum(sizes)))


MOMENTS = fit_in_parts(random_rows(500), [])


def output_of(rows: np.ndarray) -> pa.Table:
    """Make a finished table with these features."""
    features = {name: rows[:, i].tolist() for i, name in enumerate(FEATURES)}
    return make_output(range(len(rows)), **features)


# ---------------------------------------------------------------- fitting


@pytest.mark.parametrize("sizes", [[1], [250], [1, 1, 1], [7, 0, 400], [100] * 4, [499]])
def test_a_fit_in_parts_equals_one_on_all_rows(sizes: list[int]) -> None:
    """§6: within 1e-9, archive by archive."""
    rows = random_rows(500)
    whole, parts = moments_of(StandardScaler().fit(rows)), fit_in_parts(rows, sizes)
    assert parts.row_count == whole.row_count == 500
    for name in ("mean", "variance", "scale"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-12)


def test_a_fit_equals_the_plain_formula() -> None:
    """§6: population variance, as in the twin."""
    rows = random_rows(200)
    means, scales = zscore([dict(zip(FEATURES, row, strict=True)) for row in rows.tolist()])
    moments = fit_in_parts(rows, [50, 100])
    assert moments.mean == pytest.approx(tuple(means.values()), rel=1e-9, abs=1e-12)
    assert moments.scale == pytest.approx(tuple(scales.values()), rel=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e-12, 65_000.123])
@pytest.mark.parametrize("sizes", [[], [1], [3, 4], [1] * 9])
def test_zero_variance_is_scale_one(value: float, sizes: list[int]) -> None:
    """§6: also where the mean of equal values is off by a bit."""
    moments = fit_in_parts(np.full((11, len(FEATURES)), value), sizes)
    assert moments.scale == (1.0,) * len(FEATURES)
    assert moments.mean == pytest.approx((value,) * len(FEATURES), rel=1e-12)


def test_one_row_is_scale_one() -> None:
    assert fit_in_parts(random_rows(1), []).scale == (1.0,) * len(FEATURES)


def test_the_fit_range_ends_with_available_rows() -> None:
    """§6: `available_at <= fit_until`, the moment itself included."""
    table = make_output(range(5), body=[0.0, 1.0, 2.0, 3.0, 4.0])
    for until, rows in (
        *((None, 5), (D0 + 5 * BAR_MS, 5), (D0 + 3 * BAR_MS, 3), (D0 + 3 * BAR_MS - 1, 2)),
        *((D0 + BAR_MS, 1), (D0 + BAR_MS - 1, 0)),
    ):
        found = feature_rows(table, until)
        assert found.shape == (rows, 9)
        assert found[:, 0].tolist() == list(range(rows))


def test_rows_are_the_features_in_order() -> None:
    table = output_of(random_rows(3))
    for i, name in enumerate(FEATURES):
        assert feature_rows(table)[:, i].tolist() == table[name].to_pylist()


# ---------------------------------------------------------------- applying


def test_only_the_features_change() -> None:
    """§6: the feature columns and nothing else, neither order nor types nor metadata."""
    rows = random_rows(20)
    table = output_of(rows)
    scaled = apply_scaler(table, MOMENTS)
    assert scaled.schema.equals(output_schema(2), check_metadata=True)
    for name in set(table.column_names) - set(FEATURES):
        assert scaled[name].equals(table[name]), name
    expected = (rows - MOMENTS.mean) / MOMENTS.scale
    assert feature_rows(scaled).tolist() == expected.tolist()
    assert feature_rows(table).tolist() == rows.tolist()


def test_scaling_uses_the_fit() -> None:
    """§6: mean 0 and deviation 1, except for a constant feature, which becomes 0."""
    rows = random_rows(400)
    scaled = feature_rows(apply_scaler(output_of(rows), fit_in_parts(rows, [])))
    assert scaled.mean(axis=0) == pytest.approx(np.zeros(9), abs=1e-9)
    assert scaled.std(axis=0) == pytest.approx([1, 1, 1, 1, 1, 1, 0, 0, 1], abs=1e-9)


def test_scikit_learn_gives_the_same() -> None:
    """§6: the scaler that training code loads does the same as the pipeline."""
    rows = random_rows(50)
    scaler = to_sklearn(MOMENTS)
    assert moments_of(scaler) == MOMENTS
    assert scaler.get_feature_names_out().tolist() == list(FEATURES)
    frame = output_of(rows).to_pandas()[list(FEATURES)]
    assert (
        scaler.transform(frame).tolist()
        == feature_rows(apply_scaler(output_of(rows), MOMENTS)).tolist()
    )
    assert np.allclose(scaler.inverse_transform(scaler.transform(frame)), rows, rtol=1e-12)
