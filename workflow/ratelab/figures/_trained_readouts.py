"""Constructed against trained readouts: the error after every hidden layer."""

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from ratelab.figures._style import (
    BLUE,
    GREEN,
    GREY,
    VERMILLION,
    bottom_legend,
    heading,
    heading_height,
    new_figure,
    place,
    style,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_WIDTH, _LEFT, _GAP, _ROW_GAP, _HEIGHT, _COLUMNS = 7.2, 0.56, 0.4, 0.44, 1.5, 4
_METHODS = ((VERMILLION, "s"), (GREEN, "^"))
_SHIFT = 0.1
_DASHES = (0, (4, 2))


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figure ``trained-readouts``.

    Parameters
    ----------
    dataset
        Of the experiment ``trained-readouts``.
    """
    return {"trained-readouts": readouts(dataset)}


def readouts(dataset: "xr.Dataset") -> Figure:
    """Draw the error of every readout against its hidden layer, one panel a target and base."""
    targets = [str(name) for name in dataset["target"].values]
    bases = [int(base) for base in dataset["base"].values]
    seeds = dataset.sizes["seed"]
    text = (
        "L₂ error of the readout after each hidden layer. Constructed: our network, whose cells fall into N from level "
        "to level, with parameters as long as the panels say, and its bound 3·ω(N⁻ˡ). Trained: as many neurons in "
        f"every layer, two of them sines, float64 parameters (53 bits), {dataset.attrs['steps']:,} steps of Adam for "
        f"the whole or for each layer; medians and ranges of {seeds} seed{'s' * (seeds > 1)}. Losses see quadrature "
        "nodes only, errors all of [0, 1]."
    )
    methods = [str(name) for name in dataset["training"].values]
    words = {
        "end to end": "trained end to end, readouts by least squares",
        "grade by grade": "trained grade by grade",
    }
    handles = [
        Line2D([], [], color=BLUE, marker="o", label="constructed"),
        Line2D([], [], color=BLUE, linestyle=_DASHES, linewidth=0.8, label="its bound"),
        *(
            Line2D([], [], color=colour, marker=marker, markerfacecolor="white", label=words.get(name, name))
            for name, (colour, marker) in zip(methods, _METHODS, strict=True)
        ),
    ]
    blocks = ceil(len(targets) / _COLUMNS)
    columns = ceil(len(targets) / blocks)
    with style():
        top = heading_height(text, _WIDTH) + 0.24
        rows = blocks * len(bases)
        figure = new_figure(_WIDTH, top + rows * _HEIGHT + (rows - 1) * _ROW_GAP + 0.42 + 0.165 * 2 + 0.1)
        heading(figure, "Constructed and trained readouts", text)
        width = (_WIDTH - _LEFT - 0.12 - (columns - 1) * _GAP) / columns
        size = max(6.0, min(8.0, 8.0 * width * 14 / max(map(len, targets))))
        for i, label in enumerate(targets):
            for j, base in enumerate(bases):
                row, column = (i // columns) * len(bases) + j, i % columns
                axes = place(
                    figure, _LEFT + column * (width + _GAP), top + row * (_HEIGHT + _ROW_GAP), width, _HEIGHT
                )
                _panel(axes, dataset.sel(target=label, base=base), methods)
                axes.set_title(label, loc="left", fontweight="bold", pad=3, fontsize=size)
                if column == 0:
                    axes.set_ylabel("L₂ error")
                if j == len(bases) - 1 and i + columns >= len(targets):
                    axes.set_xlabel("hidden layer read")
        bottom_legend(figure, handles, 2)
    return figure


def _panel(axes: "Axes", one: "xr.Dataset", methods: list[str]) -> None:
    layers, high = one["layer"].values, one["constructed_high"].values
    axes.fill_between(layers, one["constructed_low"].values, high, color=BLUE, alpha=0.35, linewidth=0)
    axes.plot(layers, high, color=BLUE, marker="o", zorder=4)
    axes.plot(layers, one["bound"].values, color=BLUE, linestyle=_DASHES, linewidth=0.8, zorder=2)
    for index, method in enumerate(methods):
        colour, marker = _METHODS[index]
        found = one.sel(training=method)
        middle = found["error_median"].values
        reach = np.abs(np.stack([found["error_least"].values, found["error_most"].values]) - middle)
        axes.errorbar(
            layers + (2 * index - 1) * _SHIFT, middle, yerr=reach, color=colour, marker=marker, linewidth=0.8,
            markerfacecolor="white", markeredgewidth=0.8, elinewidth=0.7, zorder=3,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(10, numticks=6))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_xlim(0.6, int(one["hidden"]) + 0.4)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top * (top / bottom) ** 0.14)
    bits = np.nanmax(one["constructed_bits"].values)
    axes.annotate(
        f"N = {int(one['base'])}, {bits:,.0f} bits",
        (0.97, 0.93),
        xycoords="axes fraction",
        ha="right",
        va="top",
        fontsize=6.5,
        color=GREY,
    )
