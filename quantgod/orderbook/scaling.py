"""Z-score of the feature columns (contract §6), by scikit-learn's ``StandardScaler``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quantgod.orderbook.arrays.arrow import to_numpy
from quantgod.orderbook.features import times_ms
from quantgod.orderbook.messages import Float64Array
from quantgod.orderbook.schema import FEATURES

if TYPE_CHECKING:
    from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Moments:
    """A fitted scaler: ``(x - mean) / scale`` for each of ``FEATURES``."""

    mean: tuple[float, ...]
    variance: tuple[float, ...]  # population variance
    scale: tuple[float, ...]
    row_count: int


def feature_rows(table: pa.Table, fit_until_ms: int | None = None) -> Float64Array:
    """Return (rows, features) of the rows known by ``fit_until_ms``, or of all rows for None."""
    rows = np.column_stack([to_numpy(table[name]) for name in FEATURES])
    if fit_until_ms is None:
        return rows
    return rows[times_ms(table, "available_at") <= fit_until_ms]


def fit_moments(parts: Iterable[Float64Array]) -> Moments:
    """Fit on parts of (rows, features) each, in the order given."""
    # Imported here and below: it takes seconds, and most processes never fit.
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for rows in parts:
        if len(rows):
            scaler.partial_fit(rows)
    mean, variance, scale = (
        tuple(values.tolist()) for values in (scaler.mean_, scaler.var_, scaler.scale_)
    )
    return Moments(mean, variance, scale, int(scaler.n_samples_seen_))


def to_sklearn(moments: Moments) -> StandardScaler:
    """Return the scaler as a scikit-learn object, for training code."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    scaler.mean_ = np.array(moments.mean)
    scaler.scale_ = np.array(moments.scale)
    scaler.var_ = np.array(moments.variance)
    scaler.n_samples_seen_ = moments.row_count
    scaler.n_features_in_ = len(FEATURES)
    scaler.feature_names_in_ = np.array(FEATURES, dtype=object)
    return scaler


def apply_scaler(table: pa.Table, moments: Moments) -> pa.Table:
    """Scale the feature columns of a table."""
    for name, mean, scale in zip(FEATURES, moments.mean, moments.scale, strict=True):
        scaled = pc.divide(pc.subtract(table[name], mean), scale)
        table = table.set_column(
            table.schema.get_field_index(name), table.schema.field(name), scaled
        )
    return table
