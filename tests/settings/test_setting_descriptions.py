"""Descriptions of the keys: help and the settings files agree with the model."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from quantgod.settings.descriptions import describe_settings
from quantgod.settings.keys import Settings
from quantgod.settings.settings import (
    DEFAULT_CONFIG,
    load_settings,
    parse_command_line,
    require_source_folder,
)
from quantgod.settings.values import PROJECT_ROOT

pytestmark = pytest.mark.usefixtures("bare_environment")
CONFIGS = PROJECT_ROOT / "configs"


def _leaves(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _as_yaml(value)


def _as_yaml(value: object) -> str:
    return {None: "none", True: "true", False: "false"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]


def test_cloud_config_names_every_key() -> None:
    """configs/cloud_config.yaml holds every key, in the model's order, with its default."""
    written = list(_leaves(yaml.safe_load(DEFAULT_CONFIG.read_text())))
    assert written == [(each.key, each.default) for each in describe_settings()]


def test_cloud_config_is_the_default() -> None:
    """Reading configs/cloud_config.yaml changes nothing."""
    assert load_settings(DEFAULT_CONFIG) == Settings()


def test_local_config() -> None:
    """configs/local.yaml uses the project's own folder, scales, and requires no coverage."""
    settings = load_settings(CONFIGS / "local.yaml")
    assert require_source_folder(settings) == PROJECT_ROOT / "data/L2/raw"
    assert (settings.source.mode, settings.features.apply_zscore) == ("folder", True)
    assert settings.validation.min_coverage == 0


def test_help_names_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows each key with its meaning, its unit and its default, and exits with 0."""
    with pytest.raises(SystemExit) as caught:
        parse_command_line(["--help"])
    assert not caught.value.code
    shown = capsys.readouterr().out
    for each in describe_settings():
        heading = f"{each.option} VALUE (default: {each.default})"
        assert f"{heading}\n    {each.meaning}\n    {each.expected}\n" in shown


def test_every_key_is_described() -> None:
    """Every key has a meaning and a unit."""
    assert all(each.meaning and each.expected for each in describe_settings())


def test_help_is_light() -> None:
    """--help needs no pandas and no Prefect: they take seconds to import."""
    code = """if True:
        import sys
        from quantgod.settings.settings import parse_command_line
        try:
            parse_command_line(["--help"])
        except SystemExit as end:
            assert end.code == 0
        assert not {"pandas", "pyarrow", "prefect"} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=True, capture_output=True)
