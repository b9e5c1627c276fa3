"""Error against size for self-similar functions: one line for every depth, above its certified lower end."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from ratelab.figures._grid import Panel, panel_grid
from ratelab.figures._skip_connections import skip_connections
from ratelab.figures._style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, style

if TYPE_CHECKING:
    import xarray as xr

_DEPTHS = {
    "2": (BLUE, "o"), "3": (VERMILLION, "s"), "4": (GREEN, "^"), "6": (PURPLE, "D"), "unbounded": (BLACK, "*"),
}  # fmt: skip
_OTHERS = ((ORANGE, "v"), (SKY, "P"))
_SMALLEST, _LARGEST_SIZE = 1e-13, 3e4
_WORDS = {"connections": "connections W", "neurons": "neurons N"}
_RATES = {"connections": "a⌊L/2⌋", "neurons": "a(L − 1)"}


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``depth-connections``, ``depth-neurons`` and ``skip-connections``.

    Parameters
    ----------
    dataset
        Of the experiment ``self-similar``.
    """
    found = {f"depth-{name}": depths(dataset, name) for name in map(str, dataset["complexity"].values)}
    return found | {"skip-connections": skip_connections(dataset)}


def depths(dataset: "xr.Dataset", complexity: str) -> Figure:
    """Draw the composed networks of every depth and the lower ends of all networks, one panel for each exponent."""
    one = dataset.sel(complexity=complexity)
    text = (
        f"T_a = Σ 2^(−aj)\u00a0Δ_j by composed zigzags: markers are networks, with errors in closed form; where a ring "
        "is around one, its error was integrated too. No network of the depth lies below the thin line of its colour. "
        f"The rate {_RATES[complexity]} is proved from both sides; without a bound on depth the error falls "
        "exponentially."
    )
    labels = [str(depth) for depth in one["depth"].values]
    with style():
        figure, panels = panel_grid(
            one.sizes["exponent"],
            f"What depth buys, by {complexity}",
            text,
            _legend(one, labels, complexity),
            heights={1: 2.4, 2: 1.75, 3: 1.75},
            left=0.6,
            gap=0.5,
        )
        for index, panel in enumerate(panels):
            _panel(panel, one.isel(exponent=index), labels, complexity)
    return figure


def _panel(panel: Panel, one: "xr.Dataset", labels: list[str], complexity: str) -> None:
    axes = panel.axes
    a = float(one["exponent"])
    panel.title(f"a = {a:g}" + (", Takagi's function" if a == 1 else ", which is x − x²" if a == 2 else ""))
    axes.set_xscale("log")
    axes.set_yscale("log")
    lowest, highest = 1.0, 0.0
    for index, label in enumerate(labels):
        colour, marker = _mark(label, index)
        row = one.sel(depth=label)
        size, error = row[complexity].values, row["error"].values
        shown = (error >= _SMALLEST) & (size <= _LARGEST_SIZE)
        axes.plot(
            size[shown],
            error[shown],
            color=colour,
            marker=marker,
            markersize=_size(label),
            linewidth=0.9,
            zorder=4,
        )
        measured = shown & np.isfinite(row["error_measured"].values)
        axes.plot(
            size[measured], row["error_measured"].values[measured], linestyle="", marker="o", markersize=6.5,
            color=colour, markerfacecolor="none", markeredgewidth=0.5, zorder=3,
        )  # fmt: skip
        lower = np.where(shown & (row["error_lower"].values > 0), row["error_lower"].values, np.nan)
        axes.plot(size, lower, color=colour, linewidth=0.6, zorder=2)
        lowest, highest = min(lowest, *error[shown]), max(highest, *error[shown])
    axes.set_xlim(1.5, _LARGEST_SIZE)
    axes.set_ylim(max(lowest, _SMALLEST) / 30, highest * 3)
    decades = np.log10(highest / lowest)
    axes.yaxis.set_major_locator(LogLocator(10, numticks=5 if decades > 4 else 8))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(LogLocator(10))
    axes.xaxis.set_minor_formatter(NullFormatter())
    if panel.first:
        axes.set_ylabel("L₂ error")
    if panel.last:
        axes.set_xlabel(_WORDS[complexity])


def _size(label: str) -> float:
    """Depths 2 and 3 may have the same networks: the later one is drawn inside the earlier one."""
    return {"2": 4.8, "3": 2.6}.get(label, 3.2)


def _mark(label: str, index: int) -> tuple[str, str]:
    return _DEPTHS.get(label, _OTHERS[index % len(_OTHERS)])


def _legend(one: "xr.Dataset", labels: list[str], complexity: str) -> list[Line2D]:
    a = one["exponent"].values
    handles = []
    for index, label in enumerate(labels):
        colour, marker = _mark(label, index)
        factor = one["rate"].sel(depth=label).values / a
        share = f"{factor[0]:g}a" if factor[0] != 1 else "a"
        words = "depth unbounded" if label == "unbounded" else f"L = {label}, rate {share}"
        handles.append(Line2D([], [], color=colour, marker=marker, label=words))
    handles.append(Line2D([], [], color=GREY, linewidth=0.6, label="certified lower end"))
    handles.append(
        Line2D(
            [],
            [],
            color=GREY,
            linestyle="",
            marker="o",
            markersize=6.5,
            markerfacecolor="none",
            label="integrated",
        )
    )
    return handles
