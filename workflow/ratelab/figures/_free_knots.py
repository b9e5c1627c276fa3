"""n² times the error of best piecewise linear fits: free against uniform knots, and both limits."""

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ratelab.figures._grid import panel_grid
from ratelab.figures._style import BLUE, VERMILLION, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_DASHES = (0, (4, 2))
_DOTS = (0, (1, 1.5))


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figure ``free-knots``.

    Parameters
    ----------
    dataset
        Of the experiment ``free-knots``.
    """
    return {"free-knots": free_knots(dataset)}


def free_knots(dataset: "xr.Dataset") -> Figure:
    """Draw one panel a target: the bracket on free knots, the fits on uniform ones, and the limits."""
    text = (
        "n² times the L₂ error of continuous piecewise linear fits with n pieces. On free knots the best error lies in "
        "the band, mostly narrower than its line, and tends to ‖f″‖/√720 in L^(2/5). On uniform knots the limit has "
        "the L₂ norm, which is infinite at algebraic singularities: there the error decays more slowly, and the "
        "squares rise for ever."
    )
    handles = [
        Line2D([], [], color=BLUE, marker="o", markerfacecolor="white", label="free knots, fit in hand"),
        Patch(facecolor=BLUE, alpha=0.35, label="bracket of the best error"),
        Line2D([], [], color=BLUE, linestyle=_DASHES, linewidth=0.9, label="limit on free knots"),
        Line2D([], [], color=VERMILLION, marker="s", markerfacecolor="white", label="uniform knots"),
        Line2D([], [], color=VERMILLION, linestyle=_DOTS, linewidth=0.9, label="limit on uniform knots"),
    ]
    labels = [str(name) for name in dataset["target"].values]
    with style():
        figure, panels = panel_grid(
            len(labels),
            "Free and uniform knots",
            text,
            handles,
            heights={1: 2.4, 2: 1.9, 3: 1.55},
            left=0.56,
        )
        for label, panel in zip(labels, panels, strict=True):
            _panel(panel.axes, dataset.sel(target=label))
            panel.title(label)
            if panel.first:
                panel.axes.set_ylabel("n² · error")
            if panel.last:
                panel.axes.set_xlabel("pieces n")
    return figure


def _panel(axes: "Axes", one: "xr.Dataset") -> None:
    pieces = one["pieces"].values
    lower, upper, uniform = (one[name].values for name in ("free_lower", "free_upper", "uniform"))
    axes.fill_between(pieces, lower, upper, color=BLUE, alpha=0.35, linewidth=0, zorder=1)
    axes.plot(pieces, upper, color=BLUE, marker="o", markerfacecolor="white", zorder=3)
    axes.plot(pieces, uniform, color=VERMILLION, marker="s", markerfacecolor="white", linewidth=0.8, zorder=2)
    for name, colour, dashes in (("free_limit", BLUE, _DASHES), ("uniform_limit", VERMILLION, _DOTS)):
        limit = float(one[name])
        if isfinite(limit) and limit > 0:
            axes.axhline(limit, color=colour, linestyle=dashes, linewidth=0.9, zorder=1)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(pieces, [str(n) for n in pieces])
    axes.xaxis.set_minor_locator(LogLocator(2, subs=[]))
    shown = [v for v in (*lower, *upper, *uniform, float(one["free_limit"])) if isfinite(v) and v > 0]
    middle = np.sqrt(min(shown) * max(shown))
    reach = max(1.7, 1.15 * np.sqrt(max(shown) / min(shown)))
    axes.set_ylim(middle / reach, middle * reach)
    axes.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_locator(LogLocator(10, subs=range(2, 10), numticks=12))
