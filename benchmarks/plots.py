"""Plots of time and memory against archive size: time should be straight, memory flat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.jobs import READ_AHEAD, SIZES
from benchmarks.measure import Results
from benchmarks.meter import Facts

CONTENDERS = ("inflate", "core", " ".join(("core", *READ_AHEAD)), "plain")
PLOTS = {  # quantity → (file, label of the axis, unit)
    "wall": ("time.svg", "seconds", 1.0),
    "memory": ("memory.svg", "peak memory, MB", 1e6),
}

# Equal results give equal files.
mpl.rcParams["svg.hashsalt"] = "benchmarks"


def draw_plots(results: Results, folder: Path) -> list[Path]:
    """Draw both plots, as far as there are figures for them."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        draw(results["figures"], quantity, folder / file, label, unit)
        for quantity, (file, label, unit) in PLOTS.items()
    ]


def draw(figures: Sequence[Facts], quantity: str, file: Path, label: str, unit: float) -> Path:
    """Draw one quantity of each contender against the archive's text size."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    sizes = sorted({each["text_bytes"] / 1e6 for each in figures if each["archive"] in SIZES})
    for contender in CONTENDERS:
        points = sorted(
            (each["text_bytes"] / 1e6, each[quantity]["median"] / unit)
            for each in figures
            if each["contender"] == contender and each["archive"] in SIZES
        )
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=contender)
    axes.set_xscale("log")
    axes.set_yscale("log")  # the plain pipeline is tens of times above the others
    axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("text in the archive, MB")
    axes.set_ylabel(label)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(file, metadata={"Date": None})
    return file
