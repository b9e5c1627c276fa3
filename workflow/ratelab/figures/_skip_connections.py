"""What networks without identity neurons cost: the same functions with skip connections and without."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from ratelab.figures._grid import panel_grid
from ratelab.figures._style import BLACK, BLUE, GREEN, GREY, VERMILLION, style

if TYPE_CHECKING:
    import xarray as xr

_MARKS = ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "^"))
_MOST = 4
"""n² for the two terms x = ρ(x) − ρ(−x)."""


def skip_connections(dataset: "xr.Dataset") -> Figure:
    """Draw connections of strict and of generalized networks for one T_a, and their ratio.

    Parameters
    ----------
    dataset
        Of the experiment ``self-similar``.
    """
    exponents = dataset["exponent"].values
    one = dataset.isel(exponent=int(np.argmin(np.abs(exponents - 1))))
    text = (
        f"Networks for T_a, a = {float(one['exponent']):g}, of k unmerged blocks of P neurons. Filled: identity "
        "neurons carry the sum, or on [0, 1] as many ReLUs. Open: two ReLUs replace every identity neuron, so that the "
        "networks agree on the whole line. At most four times the connections are needed, and here far fewer."
    )
    blocks = one["strict_blocks"].values.tolist()
    handles = [
        Line2D([], [], color=c, marker=m, label=f"k = {k}, L = {2 * k}")
        for k, (c, m) in zip(blocks, _MARKS, strict=False)
    ]
    handles.append(
        Line2D([], [], color=GREY, marker="o", markerfacecolor="white", label="strict on the line")
    )
    handles.append(Line2D([], [], color=BLACK, linewidth=0.8, linestyle=":", label="bound of the ratio"))
    with style():
        figure, panels = panel_grid(
            2, "Skip connections do not matter", text, handles, heights={1: 2.0, 2: 1.9}, left=0.55, gap=0.7
        )
        left, right = (panel.axes for panel in panels)
        size = 2.0 ** one["strict_width"].values
        for index, (colour, marker) in zip(range(len(blocks)), _MARKS, strict=False):
            row = one.isel(strict_blocks=index)
            with_them, without = row["strict_connections"].values, row["strict_connections_anywhere"].values
            left.plot(size, with_them, color=colour, marker=marker)
            left.plot(
                size, without, color=colour, marker=marker, markerfacecolor="white", linewidth=0.7, zorder=3
            )
            right.plot(size, row["strict_ratio"].values, color=colour, marker=marker, markerfacecolor="white")
        right.axhline(_MOST, color=BLACK, linewidth=0.8, linestyle=":")
        for axes in (left, right):
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_locator(FixedLocator(size.tolist()))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xticklabels([f"{value:g}" for value in size])
            axes.set_xlabel("neurons P of a block")
        left.set_yscale("log")
        left.set_ylabel("connections W")
        right.set_ylabel("strict W / generalized W")
        right.set_ylim(0.8, _MOST + 0.3)
    return figure
