"""Nested cubes: the support of a target and those of two networks, and the cubes that they need."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path

from ratelab.figures._style import (
    BLUE,
    GREEN,
    GREY,
    PURPLE,
    WIDTHS,
    bottom_legend,
    heading,
    heading_height,
    legend_columns,
    new_figure,
    place,
    style,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_EDGE, _GAP, _LEGEND = 0.1, 0.16, 0.4
_PALE_BLUE, _PALE_PURPLE = "#CFE3F1", "#E6BBD2"
_ROOM = 1.2
_DASHES = (0, (5, 3))
_MOST = 6
_LABEL = 12.0  # points that a label takes
_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figure ``nested-cubes``.

    Parameters
    ----------
    dataset
        Of the experiment ``nested-cubes``.
    """
    return {"nested-cubes": cubes(dataset)}


def cubes(dataset: "xr.Dataset") -> Figure:
    """Draw both supports over the cubes, a panel for each margin."""
    handles = [
        Patch(facecolor="none", edgecolor=GREEN, linewidth=1.3, label="cubes K₁ ⊂ K₂ ⊂ K₃ …"),
        Patch(facecolor=_PALE_PURPLE, edgecolor=PURPLE, linewidth=1.0, label="support of the target f"),
        Patch(facecolor=_PALE_BLUE, edgecolor=BLUE, linewidth=1.0, label="support of the network f̂"),
    ]
    count, text = dataset.sizes["margin"], _text(dataset)
    largest = max(int(dataset["target_cube"]), *(int(n) for n in dataset["network_cube"].values))
    width = WIDTHS[2]
    side = (width - 2 * _EDGE - (count - 1) * _GAP) / max(count, 2)
    with style():
        top = heading_height(text, width) + 0.26
        figure = new_figure(width, top + side + _LEGEND)
        heading(figure, "Supports in nested cubes", text)
        for index in range(count):
            axes = place(figure, _EDGE + index * (side + _GAP), top, side, side)
            _panel(axes, dataset.isel(margin=index), largest)
        bottom_legend(figure, handles, legend_columns(handles, 3))
    return figure


def _text(dataset: "xr.Dataset") -> str:
    certified = float(dataset["certified"].min())
    proved = "certified to be 0 on all" if certified == 1 else f"certified to be 0 on {certified:.1%}"
    who = (
        "Both networks are"
        if dataset.sizes["margin"] == 2
        else "All are"
        if dataset.sizes["margin"] > 2
        else "It is"
    )
    boxes = " and ".join(str(n) for n in sorted({int(n) for n in dataset["boxes"].values}))
    spacing = _fraction(float(dataset.attrs["spacing"]))
    return (
        f"Supports of the target {dataset.attrs['target']} and of ReLU networks masked on a grid of spacing {spacing}, "
        f"these as exact unions of polygons. n(f) is the least n with the support of f in Kₙ. {_verdict(dataset)} "
        f"{who} {proved} of the {boxes} boxes that make up the outside, unbounded ones included. Arrows: the cubes Kₙ "
        "grow to R²."
    )


def _verdict(dataset: "xr.Dataset") -> str:
    """Say which margins keep the cube of the target, and how far the others reach."""
    own = int(dataset["target_cube"])
    margins = [_fraction(float(margin)) for margin in dataset["margin"].values]
    needed = [int(n) for n in dataset["network_cube"].values]
    same = [margin for margin, n in zip(margins, needed, strict=True) if n == own]
    parts = (
        [f"with margin {' and '.join(same)} the network needs the same cube as the target"] if same else []
    )
    parts += [
        f"with margin {margin} the network's support sticks out of K{_subscript(own)} and needs K{_subscript(n)}"
        for margin, n in zip(margins, needed, strict=True)
        if n != own
    ]
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _fraction(value: float) -> str:
    inverse = 1 / value
    return f"1/{inverse:g}" if inverse > 1 and inverse == int(inverse) else f"{value:g}"


def _panel(axes: "Axes", one: "xr.Dataset", largest: int) -> None:
    own, network = int(one["target_cube"]), int(one["network_cube"])
    relation = "=" if int(one["matching"]) else "≠"
    axes.set_title(
        f"margin {_fraction(float(one['margin']))}: n(f̂) = {network} {relation} n(f) = {own}",
        loc="left", fontweight="bold", pad=3, x=0.03,
    )  # fmt: skip
    points = axes.bbox.width / axes.get_figure(root=True).dpi * 36  # type: ignore[union-attr]
    numbers, crowded = drawn_cubes(one, largest)
    half = one["half_side"].sel(cube=numbers).values
    limit = _ROOM * float(half[-1])
    axes.set_xlim(-limit, limit)
    axes.set_ylim(-limit, limit)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.axhline(0, color=GREY, linestyle=_DASHES, linewidth=0.6, zorder=1)
    axes.axvline(0, color=GREY, linestyle=_DASHES, linewidth=0.6, zorder=1)
    _network(axes, one["corners"].values)
    _target(axes, one)
    for index, (n, side) in enumerate(zip(numbers, half, strict=True)):
        axes.add_patch(
            Rectangle(
                (-side, -side), 2 * side, 2 * side, fill=False, edgecolor=GREEN, linewidth=1.3, zorder=5
            )
        )
        right, up = _CORNERS[index % 4] if crowded else _CORNERS[0]
        near = index + 1 < len(half) and (half[index + 1] - side) / limit * points < _LABEL
        out = -1 if crowded and near else 1  # a label between two squares that are close would lie on a line
        axes.annotate(
            f"K{_subscript(n)}", (right * side, up * side), xytext=(-2 * right, 2.5 * up * out),
            textcoords="offset points", color=GREEN, fontsize=8, ha="left" if right < 0 else "right",
            va="top" if up * out < 0 else "bottom", zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.3} if crowded else None,
        )  # fmt: skip
    _arrows(axes, float(half[-1]), limit)


def drawn_cubes(one: "xr.Dataset", largest: int) -> tuple[list[int], bool]:
    """Return the numbers of the cubes to draw, and whether these are but some of them.

    Parameters
    ----------
    one
        One margin.
    largest
        Number of the largest cube that any network or the target needs: one more is drawn, if the dataset holds it.
    """
    there = [int(n) for n in one["cube"].values if n <= largest + 1]
    if len(there) <= _MOST:
        return there, False
    chosen = {there[0], int(one["target_cube"]), int(one["network_cube"]), there[-1]}
    return sorted(chosen & set(there)), True


def _network(axes: "Axes", corners: "NDArray[np.float64]") -> None:
    """Draw the union of polygons as one path, filled by its winding number: no seams, and an outline beneath."""
    polygons = corners[np.isfinite(corners).all(axis=(1, 2))]
    closed = np.concatenate([polygons, polygons[:, :1]], axis=1)
    codes = np.full(closed.shape[:2], Path.LINETO, dtype=np.uint8)
    codes[:, 0], codes[:, -1] = Path.MOVETO, Path.CLOSEPOLY
    path = Path(closed.reshape(-1, 2), codes.ravel())
    axes.add_patch(
        PathPatch(path, facecolor=BLUE, edgecolor=BLUE, linewidth=2.0, joinstyle="miter", zorder=2)
    )
    axes.add_patch(PathPatch(path, facecolor=_PALE_BLUE, edgecolor="none", linewidth=0, zorder=2.1))


def _target(axes: "Axes", one: "xr.Dataset") -> None:
    x, y, level = one["x"].values, one["y"].values, one["level"].values
    lowest = min(float(level.min()), 0.0) - 1.0
    axes.contourf(x, y, level, levels=[lowest, 0.0], colors=[_PALE_PURPLE], zorder=3)
    axes.contour(x, y, level, levels=[0.0], colors=[PURPLE], linewidths=1.0, zorder=3.1)


def _arrows(axes: "Axes", half: float, limit: float) -> None:
    start, end = half + 0.02 * limit, 0.985 * limit
    for a in (-1, 1):
        for b in (-1, 1):
            axes.annotate(
                "", (a * end, b * end), (a * start, b * start),
                arrowprops={"arrowstyle": "-|>", "color": GREEN, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
