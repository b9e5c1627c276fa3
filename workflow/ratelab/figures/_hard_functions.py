"""Functions with many pieces, drawn from the exact corners of their graphs and cells."""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]
from numpy.typing import NDArray

from ratelab.figures._style import (
    BLACK,
    BLUE,
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

Array = NDArray[np.float64]
_TITLES = {"first": "h₁", "second": "h₂", "composed": "h₂ ∘ h₁"}
_AZIMUTH, _ELEVATION = -62, 52
_LIGHT = np.array([0.45, -0.75, 1.1])


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``figure-1`` (tents), ``figure-2`` (zonotopes) and ``figure-3`` (ReLU on top).

    Parameters
    ----------
    dataset
        Of the experiment ``hard-functions``.
    """
    return {"figure-1": composition(dataset), "figure-2": surfaces(dataset), "figure-3": rectified(dataset)}


def composition(dataset: "xr.Dataset") -> Figure:
    """Draw two tents and their composition, the first of them dotted behind it."""
    text = (
        "Each piece of the inner function runs over all of [0, 1], so the outer one is repeated on it: pieces multiply "
        "under composition, while the hidden neurons only add up. Points are the exact breakpoints and ends."
    )
    width, panel, gap, left = 7.2, 1.98, 0.3, 0.4
    with style():
        top = heading_height(text, width) + 0.24
        figure = new_figure(width, top + 1.5 + 0.42)
        heading(figure, "Composition multiplies pieces", text)
        for index, (name, title) in enumerate(_TITLES.items()):
            axes = place(figure, left + index * (panel + gap), top, panel, 1.5)
            one = dataset.sel(function=name)
            axes.set_title(
                f"{title}: {int(one['function_pieces'])} pieces", loc="left", fontweight="bold", pad=5
            )
            if name == "composed":
                _graph(axes, dataset.sel(function="first"), GREY, linestyle=":", linewidth=1.0)
            _graph(axes, one, BLUE, marker="o", clip_on=False)
            _exact_ticks(axes, one)
            axes.set_ylim(0, 1.04)
            axes.set_yticks([0, 1])
            axes.set_xlabel("x", labelpad=2)
    return figure


def surfaces(dataset: "xr.Dataset") -> Figure:
    """Draw the positive part of the functions of two variables: every facet is one cell with its exact corners."""
    text = (
        "k tents of two pieces after the gauge of a zonotope of m generators: the part above zero, each facet an "
        "activation cell with its exact corners. Pieces and cells are counted on the whole plane, in rationals; in "
        "brackets, the pieces where the gauge is below 1."
    )
    width, panel, height = 7.2, 2.34, 1.95
    with style():
        top = heading_height(text, width) + 0.42
        figure = new_figure(width, top + height - 0.02)
        heading(figure, "Zonotopes carry the tents to the plane", text)
        total = figure.get_size_inches()[1]
        for index in range(dataset.sizes["surface"]):
            one = dataset.isel(surface=index)
            left = 0.06 + index * (panel + 0.03)
            box = (left / width, 0.05 / total, panel / width, height / total)
            axes = cast("Any", figure.add_axes(box, projection="3d", computed_zorder=False))
            _surface(axes, one)
            lines = (
                f"{one['surface'].values}, {int(one['surface_size'])} neurons",
                f"{int(one['surface_pieces'])} pieces ({int(one['surface_pieces_inside'])}), "
                f"{int(one['surface_cells'])} cells",
            )
            for row, (line, weight) in enumerate(zip(lines, ("bold", "normal"), strict=True)):
                figure.text(
                    (left + 0.06) / width,
                    1 - (top - 0.3 + 0.15 * row) / total,
                    line,
                    va="top",
                    fontweight=weight,
                )
    return figure


def rectified(dataset: "xr.Dataset") -> Figure:
    """Draw a function before and after a shift and a ReLU."""
    text = (
        "A ReLU puts a kink on every piece that crosses zero, at most one on each, and flattens what lies below: at "
        "most twice as many pieces come out. One more layer of neurons can do this to every function it reads."
    )
    width = 5.5
    with style():
        top = heading_height(text, width) + 0.08
        before, after = (dataset.sel(function=name) for name in ("before", "after"))
        handles = [
            Line2D([], [], color=BLACK, marker="o", label=f"f: {int(before['function_pieces'])} pieces"),
            Line2D([], [], color=GREY, linestyle=":", label="f + b"),
            Line2D(
                [],
                [],
                color=VERMILLION,
                marker="s",
                label=f"max(0, f + b): {int(after['function_pieces'])} pieces",
            ),
        ]
        figure = new_figure(width, top + 1.85 + 0.42 + 0.3)
        heading(figure, "Pieces increase after activation", text)
        axes = place(figure, 0.42, top, width - 0.56, 1.85)
        axes.axhline(0, color=GREY, linewidth=0.5, zorder=1)
        _graph(axes, dataset.sel(function="shifted"), GREY, linestyle=":", linewidth=1.0)
        _graph(axes, before, BLACK, marker="o", clip_on=False)
        _graph(axes, after, VERMILLION, marker="s", clip_on=False, linewidth=1.5, zorder=4)
        axes.set_xlim(0, 1)
        axes.set_xlabel("x", labelpad=2)
        bottom_legend(figure, handles, 3)
    return figure


def _graph(axes: "Axes", one: "xr.Dataset", colour: str, **options: Any) -> None:
    axes.plot(one["graph_x"].values, one["graph_y"].values, color=colour, **options)


def _exact_ticks(axes: "Axes", one: "xr.Dataset") -> None:
    shown = np.isfinite(one["graph_x"].values)
    axes.set_xlim(0, 1)
    axes.set_xticks(one["graph_x"].values[shown], one["graph_x_exact"].values[shown].tolist())


def _surface(axes: Any, one: "xr.Dataset") -> None:
    corners = np.stack([one[f"corner_{axis}"].values for axis in ("x", "y", "value")], axis=2)
    cells = [cell[np.isfinite(cell[:, 2])] for cell in corners]
    cells = [cell for cell in cells if len(cell)]
    flat = float(np.nanmax(np.abs(corners[:, :, :2])))
    axes.set(xlim=(-flat, flat), ylim=(-flat, flat), zlim=(0, 1))
    axes.set_proj_type("ortho")
    axes.set_box_aspect((1, 1, 0.42), zoom=1.14)
    axes.view_init(elev=_ELEVATION, azim=_AZIMUTH)
    axes.set_axis_off()
    ground = np.array([[-flat, -flat, 0], [flat, -flat, 0], [flat, flat, 0], [-flat, flat, 0]])
    _facet(axes, ground, "#F4F4F4", "#BBBBBB", 1)
    toward = np.array([np.cos(np.radians(_AZIMUTH)), np.sin(np.radians(_AZIMUTH))])
    for rank, index in enumerate(back_to_front(cells, toward)):
        if cells[index][:, 2].max() > 0:
            _facet(axes, cells[index], _shade(cells[index]), "#08384F", 2 + rank)


def _facet(axes: Any, corners: Array, colour: Any, edge: str, order: int) -> None:
    facet = Poly3DCollection([corners], facecolors=[colour], edgecolors=edge, linewidths=0.35, zorder=order)
    facet.set_clip_on(False)
    axes.add_collection3d(facet)


def back_to_front(cells: Sequence[Array], toward: Array) -> list[int]:
    """Return an order in which the graph of a function over a convex subdivision can be painted.

    Across a common edge the cell farther from the viewer comes first. For convex cells and parallel projection no
    such chain closes, so the order exists and hides exactly what is hidden.

    Parameters
    ----------
    cells
        (corners, 2 or more) each, the corners of a convex polygon in order; neighbours share both ends of an edge.
    toward
        (2,) direction to the viewer in the plane.
    """
    edges: dict[frozenset[tuple[float, float]], list[int]] = {}
    behind: list[set[int]] = [set() for _ in cells]
    for index, cell in enumerate(cells):
        points = [(float(x), float(y)) for x, y in cell[:, :2]]
        for ends in zip(points, [*points[1:], points[0]], strict=True):
            edges.setdefault(frozenset(ends), []).append(index)
    for edge, pair in edges.items():
        if len(pair) == 2 and len(edge) == 2:
            a, b = (np.array(end) for end in sorted(edge))
            across = np.array([b[1] - a[1], a[0] - b[0]])
            nearer = [float(across @ (cells[i][:, :2].mean(axis=0) - a)) for i in pair]
            slope = float(across @ toward)
            first, second = pair if (nearer[0] - nearer[1]) * slope < 0 else pair[::-1]
            if slope != 0:
                behind[second].add(first)
    return list(TopologicalSorter({i: sorted(before) for i, before in enumerate(behind)}).static_order())


def _shade(cell: Array) -> Array:
    """Return a colour by the angle between the facet and the light."""
    normal = np.cross(cell[1] - cell[0], cell[2] - cell[1])
    normal = normal * np.sign(normal[2]) / np.linalg.norm(normal)
    light = float(normal @ _LIGHT / np.linalg.norm(_LIGHT))
    share = np.clip(0.25 + 0.75 * light, 0.0, 1.0)
    return np.asarray(
        (1 - share) * np.array(to_rgb(BLUE)) * 0.55 + share * (0.35 * np.array(to_rgb(SKY)) + 0.65)
    )
