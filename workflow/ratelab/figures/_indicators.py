"""Indicators: cubes in the limit of narrow collars, and a disc by polygons against Haar wavelets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]

from ratelab.figures._hard_functions import back_to_front
from ratelab.figures._style import (
    BLUE,
    GREEN,
    GREY,
    SKY,
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

_VARIABLES = ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "^"))
_DASHED = (0, (4, 2))
_AZIMUTH, _ELEVATION = -58, 34


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``indicator-limit`` (cubes) and ``indicator-rates`` (a disc).

    Parameters
    ----------
    dataset
        Of the experiment ``indicators``.
    """
    return {"indicator-limit": limit(dataset), "indicator-rates": rates(dataset)}


def limit(dataset: "xr.Dataset") -> Figure:
    """Draw the errors of cubes against the width of the collar, and the network of a square."""
    low, high = (int(dataset["cube_connections"].values[i]) for i in (0, -1))
    text = (
        "A network of depth 3 is 1 on a cube but for a collar inside it, and 0 outside. The narrower the collar, the "
        f"smaller the error, with {low} to {high} connections whatever the error is; no network reaches 0. Marks are "
        "exact integrals, lines the closed form, dashes its leading term."
    )
    width, height, left, gap = 7.2, 1.9, 0.55, 0.5
    with style():
        top = heading_height(text, width) + 0.24
        figure = new_figure(width, top + height + 0.42 + 0.3)
        heading(figure, "The indicator of a cube is a limit", text)
        panel = (width - left - 0.05 - 2 * gap) / 3
        for index, power in enumerate(dataset["power"].values):
            axes = place(figure, left + index * (panel + gap), top, panel, height)
            one = dataset.sel(power=power)
            axes.set_title(f"p = {power}", loc="left", fontweight="bold", pad=3)
            for (colour, marker), dimension in zip(_VARIABLES, dataset["dimension"].values, strict=True):
                row = one.sel(dimension=dimension)
                x = dataset["width"].values
                axes.plot(x, row["cube_error_leading"].values, linestyle=_DASHED, color=GREY, linewidth=0.7)
                axes.plot(x, row["cube_error_theory"].values, color=colour, linewidth=0.9)
                axes.plot(
                    x, row["cube_error"].values, marker, color=colour, markersize=3, markerfacecolor="white"
                )
            _logarithmic(axes)
            axes.set_xlabel("width of the collar")
            axes.set_ylabel(f"error in L{'₁₂'[int(power) - 1]}", labelpad=2)
        _square(figure, dataset, left + 2 * (panel + gap) - 0.5, top, panel + 0.36, height)
        handles = [
            Line2D(
                [], [], color=colour, marker=marker, markersize=3, markerfacecolor="white", linewidth=0.9,
                label=f"d = {dimension}: {int(count)} connections",
            )
            for (colour, marker), dimension, count in zip(
                _VARIABLES, dataset["dimension"].values, dataset["cube_connections"].values, strict=True
            )
        ]  # fmt: skip
        handles.append(Line2D([], [], color=GREY, linestyle=_DASHED, linewidth=0.7, label="leading term"))
        bottom_legend(figure, handles, 4)
    return figure


def rates(dataset: "xr.Dataset") -> Figure:
    """Draw errors for a disc against Haar terms and connections."""
    text = (
        "The jump of the indicator runs along a circle. Haar wavelets resolve it square by square: n terms leave an "
        "error like n^(−1/2). Polygons follow it: networks of depth 3 with W connections leave one like 1/W. A soft "
        "edge, as wide as the gap between polygon and circle, and one neuron a side instead of two more than halve it."
    )
    width, height, left = 5.5, 2.7, 0.62
    with style():
        top = heading_height(text, width) + 0.1
        figure = new_figure(width, top + height + 0.44 + 2 * 0.165 + 0.1)
        heading(figure, "A disc: wavelets against polygons", text)
        axes = place(figure, left, top, width - left - 0.15, height)
        terms, soft = dataset["terms"].values, dataset["polygon_connections"].values
        sharp = dataset["polygon_connections_steps"].values
        axes.plot(terms, dataset["haar_theory"].values, linestyle=_DASHED, color=GREY, linewidth=0.8)
        axes.plot(sharp, dataset["sharp_theory"].values, linestyle=_DASHED, color=GREY, linewidth=0.8)
        axes.plot(soft, dataset["soft_theory"].values, linestyle=_DASHED, color=GREY, linewidth=0.8)
        axes.plot(terms, dataset["haar_error"].values, "o", color=BLUE, markersize=3)
        axes.plot(
            sharp, dataset["sharp_error"].values, "s", color=VERMILLION, markersize=3, markerfacecolor="white"
        )
        axes.plot(soft, dataset["soft_upper"].values, "^", color=GREEN, markersize=3.5)
        _logarithmic(axes)
        axes.set_xlabel("Haar terms n, or connections W")
        axes.set_ylabel("L₂ error")
        for x, y, label, colour in (
            (terms[-1] / 12, dataset["haar_error"].values[-1] * 4.6, "slope −1/2", BLUE),
            (soft[-1] / 14, dataset["soft_upper"].values[-1] * 6.5, "slope −1", GREEN),
        ):
            axes.annotate(label, (x, y), fontsize=7, color=colour, ha="left" if colour == BLUE else "right")
        handles = [
            Line2D([], [], color=BLUE, marker="o", markersize=3, linestyle="", label="best n Haar terms"),
            Line2D(
                [], [], color=VERMILLION, marker="s", markersize=3, markerfacecolor="white", linestyle="",
                label="sharp polygon, in the limit, W = 6n + 1",
            ),
            Line2D(
                [], [], color=GREEN, marker="^", markersize=3.5, linestyle="",
                label="soft polygon, W = 3n + 1, upper end",
            ),
            Line2D([], [], color=GREY, linestyle=_DASHED, linewidth=0.8, label="limits from theory"),
        ]  # fmt: skip
        bottom_legend(figure, handles, 2)
    return figure


def _logarithmic(axes: "Axes") -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(10, numticks=6))
        axis.set_minor_formatter(NullFormatter())


def _square(
    figure: Figure, dataset: "xr.Dataset", left: float, top: float, width: float, height: float
) -> None:
    """Draw the graph of the network of a square, cell by cell."""
    total_width, total_height = figure.get_size_inches()
    box = (
        left / total_width,
        1 - (top + height + 0.2) / total_height,
        width / total_width,
        (height + 0.3) / total_height,
    )
    axes = cast("Any", figure.add_axes(box, projection="3d", computed_zorder=False))
    figure.text(
        (left + 0.5) / total_width, 1 - (top - 0.06) / total_height,
        f"d = 2, collar of width {dataset.attrs['graph_width']:g}", va="bottom", fontsize=8, fontweight="bold",
    )  # fmt: skip
    corners = np.stack([dataset[f"corner_{axis}"].values for axis in ("x", "y", "value")], axis=2)
    cells = [cell[np.isfinite(cell[:, 2])] for cell in corners]
    axes.set(xlim=(0, 1), ylim=(0, 1), zlim=(0, 1))
    axes.set_proj_type("ortho")
    axes.set_box_aspect((1, 1, 0.6), zoom=1.08)
    axes.view_init(elev=_ELEVATION, azim=_AZIMUTH)
    axes.set_axis_off()
    toward = np.array([np.cos(np.radians(_AZIMUTH)), np.sin(np.radians(_AZIMUTH))])
    colours = {0: "#F4F4F4", 1: BLUE}
    for rank, index in enumerate(back_to_front(cells, toward)):
        flat = np.ptp(cells[index][:, 2]) == 0
        colour = colours[int(cells[index][0, 2])] if flat else SKY
        facet = Poly3DCollection(
            [cells[index]], facecolors=[colour], edgecolors="#08384F", linewidths=0.35, zorder=1 + rank
        )
        facet.set_clip_on(False)
        axes.add_collection3d(facet)
