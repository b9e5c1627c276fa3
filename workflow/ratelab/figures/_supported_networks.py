"""Networks that match function and support: error and excess against the grid, and what a pooling saves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from ratelab.figures._grid import Panel, panel_grid
from ratelab.figures._layerwise_rates import readable
from ratelab.figures._style import BLUE, GREEN, GREY, ORANGE, VERMILLION, style

if TYPE_CHECKING:
    import xarray as xr

_LOOKS = {
    "hats": (BLUE, "o", "tensor hats, poolings"),
    "mask": (VERMILLION, "s", "mask of cubes × network, one pooling"),
    "gate": (GREEN, "^", "the same gated, no pooling"),
    "kuhn": (ORANGE, "D", "hats on simplices, no pooling"),
}
_HEIGHTS = {1: 2.1, 2: 1.9, 3: 1.75}
_DASHES = (0, (4, 2))
_SHIFT = {"hats": 0.94, "mask": 1.06, "gate": 1.0, "kuhn": 1.0}
"""Methods are moved apart a little along the axis of spacings, where they share values."""


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``support-rates`` and ``support-counts``.

    Parameters
    ----------
    dataset
        Of the experiment ``supported-networks``.
    """
    return {"support-rates": rates(dataset), "support-counts": counts(dataset)}


def rates(dataset: "xr.Dataset") -> Figure:
    """Draw error over Lipschitz constant and excess of the support against the grid spacing, by dimension."""
    dimensions = _dimensions(dataset)
    text = (
        "Above: largest error seen, over the Lipschitz constant L of the target; each thin line is a target, dashed is "
        "the proved bound. Below: the farthest point of the network's exact support from the target's, upper end, "
        "maximum norm; dashed is what is proved. Every network is certified zero on all of the complement, unbounded "
        f"part included: {_certified(dataset)}."
    )
    handles = [
        *_legend(dataset),
        Line2D([], [], color=GREY, linestyle=_DASHES, linewidth=0.9, label="proved bound"),
    ]
    with style():
        figure, panels = panel_grid(
            2 * len(dimensions), "Error and support, on finer and finer grids", text, handles,
            heights=_HEIGHTS, columns=len(dimensions), left=0.66,
        )  # fmt: skip
        for column, d in enumerate(dimensions):
            some = dataset.isel(target=np.flatnonzero(dataset["variables"].values == d))
            lipschitz = some["lipschitz"].values[:, None, None]
            upper, lower = panels[column], panels[column + len(dimensions)]
            upper.title(f"d = {d}: error over L")
            _lines(upper, some, some["sup_error"].values / lipschitz, some["sup_bound"].values / lipschitz)
            lower.title(f"d = {d}: excess of the support")
            _lines(lower, some, some["excess_high"].values, some["excess_bound"].values)
            if upper.first:
                upper.axes.set_ylabel("sup |f − f̂| / L")
                lower.axes.set_ylabel("excess")
    return figure


def counts(dataset: "xr.Dataset") -> Figure:
    """Draw connections against the error reached, by dimension, and say depth and poolings."""
    chosen = [_example(dataset, d) for d in _dimensions(dataset)]
    text = (
        "Connections against the largest error seen, for one target of each dimension. Poolings multiply hats at no "
        "cost in neurons; without them hats on simplices take minima by ReLU. A mask, or a gate, is paid on top of the "
        "network that it is put on: tensor hats here, for the gate hats on simplices."
    )
    with style():
        figure, panels = panel_grid(
            len(chosen),
            "What a pooling saves",
            text,
            _legend(dataset),
            heights=_HEIGHTS,
            columns=len(chosen),
            left=0.6,
        )
        for panel, index in zip(panels, chosen, strict=True):
            _count_panel(panel, dataset.isel(target=index))
    return figure


def _dimensions(dataset: "xr.Dataset") -> list[int]:
    return sorted({int(d) for d in dataset["variables"].values})


def _example(dataset: "xr.Dataset", dimension: int) -> int:
    """Return the first target of that dimension that has a Lipschitz constant, else the first one."""
    there = np.flatnonzero(dataset["variables"].values == dimension)
    smooth = [int(i) for i in there if np.isfinite(dataset["lipschitz"].values[i])]
    return smooth[0] if smooth else int(there[0])


def _certified(dataset: "xr.Dataset") -> str:
    built = dataset["boxes"].values > 0
    total, zero = int(dataset["boxes"].values[built].sum()), int(dataset["boxes_zero"].values[built].sum())
    return f"{zero:,} of {total:,} boxes, {int(built.sum())} networks"


def _legend(dataset: "xr.Dataset") -> list[Line2D]:
    names = [str(name) for name in dataset["construction"].values]
    return [
        Line2D([], [], color=colour, marker=marker, linewidth=0.8, label=label)
        for name, (colour, marker, label) in _LOOKS.items()
        if name in names
    ]


def _lines(panel: Panel, some: "xr.Dataset", values: np.ndarray, bounds: np.ndarray) -> None:
    axes, spacing = panel.axes, some["spacing"].values
    for column, method in enumerate(map(str, some["construction"].values)):
        colour, marker, _ = _LOOKS[method]
        for row in range(len(some["target"])):
            seen = np.where(values[row, column] > 0, values[row, column], np.nan)
            axes.plot(
                spacing * _SHIFT[method],
                seen,
                color=colour,
                marker=marker,
                markersize=2.4,
                linewidth=0.5,
                alpha=0.8,
            )
        bound = _largest(np.where(np.isfinite(bounds[:, column]), bounds[:, column], np.nan))
        axes.plot(spacing, bound, color=colour, linestyle=_DASHES, linewidth=0.9, zorder=1)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(10, numticks=6))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.invert_xaxis()
    if panel.last:
        axes.set_xlabel("grid spacing h")


def _largest(rows: np.ndarray) -> np.ndarray:
    """Return the largest along the first axis, NaN where there is no number."""
    filled = np.where(np.isnan(rows), -np.inf, rows).max(axis=0)
    return np.where(np.isfinite(filled), filled, np.nan)


def _count_panel(panel: Panel, one: "xr.Dataset") -> None:
    axes = panel.axes
    panel.title(readable(str(one["target"].values), int(one["variables"])))
    lines = 0
    for column, method in enumerate(map(str, one["construction"].values)):
        colour, marker, _ = _LOOKS[method]
        row = one.isel(construction=column)
        built = row["connections"].values > 0
        error, size = row["sup_error"].values[built], row["connections"].values[built]
        if not len(size):
            continue
        axes.plot(error, size, color=colour, marker=marker, linewidth=0.9)
        maps, pools = int(row["depth"].values[built][-1]), int(row["poolings"].values[built][-1])
        text = f"{maps} maps" + (f", {pools} pooling{'s' * (pools > 1)}" if pools else "")
        axes.text(
            0.98, 0.04 + 0.09 * lines, text, transform=axes.transAxes, ha="right", fontsize=6.5, color=colour
        )
        lines += 1
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_xaxis()
    axes.yaxis.set_major_locator(LogLocator(10, numticks=6))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("largest error seen")
    if panel.first:
        axes.set_ylabel("connections")
