"""Which settings decide where files are, and which do not."""

from __future__ import annotations

from flows.survey import store_of
from quantgod.settings.settings import load_settings
from quantgod.settings.values import PROJECT_ROOT


def test_limits_and_workers_shape_no_file() -> None:
    """§5: neither the limits of warnings nor the number of workers make a file again."""
    config = PROJECT_ROOT / "configs" / "local.yaml"
    stores = [
        store_of(load_settings(config, overrides))
        for overrides in (
            {},
            {"validation.max_gap": "1h", "validation.min_coverage": 1.0},
            {"execution.workers": 3},
            {"etl.window": "1h"},
        )
    ]
    assert all(store == stores[0] for store in stores)
    assert store_of(load_settings(config, {"etl.max_staleness_ms": 1})) != stores[0]
