"""Leaks: errors fall with the width while the support does not follow, thresholds, boxes and polynomials."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from ratelab.figures._layerwise_rates import readable
from ratelab.figures._log_ticks import label_ticks
from ratelab.figures._style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    MARKERS,
    ORANGE,
    PURPLE,
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
    from numpy.typing import NDArray

_LEFT, _RIGHT, _GAP, _ROW_GAP, _BELOW, _BLOCK_GAP = 0.62, 0.16, 0.5, 0.46, 0.42, 0.2
_COLOURS = (PURPLE, ORANGE, GREEN, SKY, BLACK, GREY)
_SHADES = (SKY, GREEN, ORANGE, PURPLE, VERMILLION, GREY)
_DASHES = (0, (4, 2))
_DODGE = 1.035
_COLUMNS = 4
_LETTER = 0.065  # inches that a letter of a tick label takes
_EXPONENTS = (0, 1, 3, 10, 30, 100, 300)


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``leaks-width``, ``leaks-threshold`` and ``leaks-boxes``.

    Parameters
    ----------
    dataset
        Of the experiment ``leaks``.
    """
    return {
        "leaks-width": by_width(dataset),
        "leaks-threshold": by_threshold(dataset),
        "leaks-boxes": by_box(dataset),
    }


def marks(dataset: "xr.Dataset") -> dict[str, dict[str, Any]]:
    """Return colour, marker and its face of every network; the masked one is blue, the fitted ReLU one vermillion.

    After six others colours come again, with white faces.
    """
    found, used = {}, 0
    for label in (str(name) for name in dataset["network"].values):
        if label.endswith("mask"):
            found[label] = _mark(BLUE, "o")
        elif label == "relu":
            found[label] = _mark(VERMILLION, "s")
        else:
            colour = _COLOURS[used % len(_COLOURS)]
            marker = MARKERS[2 + used % (len(MARKERS) - 2)]
            found[label] = _mark(colour, marker, colour if used < len(_COLOURS) else "white")
            used += 1
    return found


def _mark(colour: str, marker: str, face: str | None = None) -> dict[str, Any]:
    return {"color": colour, "marker": marker, "markerfacecolor": face or colour}


def by_width(dataset: "xr.Dataset") -> Figure:
    """Draw the L1 error above, and the share of the box without the support where networks leak below."""
    radius = float(dataset["box"].values[0])
    text = (
        "Random features with a least squares readout: medians over "
        f"{dataset.sizes['seed']} draws. Above, the L₁ error on the domain falls with the width. Below, the measure of "
        f"{{f̂ ≠ 0}} in [−{radius:g}, {radius:g}]ᵈ without the support S, over that of the box without S: 100 % for "
        "every analytic network, windowed or not, proved by one ball without 0; for fitted ReLU networks by exact "
        "cells, or a line leads down to what is proved. Only the network with a mask of cubes, whose sides halve "
        "from width to width, drops: its support is known, and 0 outside is certified."
    )
    if _unproved(dataset):
        text += " A line from 0 to 100 %: nothing is proved, as an activation declares no ball."
    figure, grid = _grid(dataset, "L₁ convergence without convergence of supports", text, (1.75, 1.15))
    style_of = marks(dataset)
    widths = dataset["width"].values.astype(float)
    with style():
        for column, (upper, lower) in enumerate(grid):
            one = dataset.isel(target=column)
            for index, (label, mark) in enumerate(style_of.items()):
                row = one.sel(network=label)
                upper.plot(widths, row["l1_error_median"].values, **mark, linewidth=0.9)
                shifted = widths * _DODGE ** (index - (len(style_of) - 1) / 2)
                low, high = (100 * row[f"leak_{end}_median"].values for end in ("low", "high"))
                lower.plot(shifted, high, **mark, linewidth=0.9, clip_on=False)
                lower.vlines(shifted, low, high, color=mark["color"], linewidth=0.8)
            _decades(upper)
            lower.set_ylim(0, 108)
            lower.set_yticks([0, 50, 100])
            for axes in (upper, lower):
                _widths_axis(axes, widths)
            lower.set_xlabel("width")
        for upper, lower in grid[::_COLUMNS]:
            upper.set_ylabel("L₁ error")
            lower.set_ylabel("leak, % of box∖S")
    return figure


def by_threshold(dataset: "xr.Dataset") -> Figure:
    """Draw where networks exceed thresholds outside the support, by floats and by balls."""
    radius = float(dataset["box"].values[-1])
    samples = int(dataset["samples"].values.max())
    zeros, refuted = int(dataset["float_zeros"].sum()), int(dataset["float_zeros_refuted"].sum())
    masked = [str(name) for name in dataset["network"].values if str(name).endswith("mask")]
    true = int(dataset["float_zeros"].sel(network=masked).sum())
    text = (
        f"Share of [−{radius:g}, {radius:g}]ᵈ without the support where |f̂| > t, widest networks. Dashed: float64 "
        f"values on a grid; markers: shown by balls, at {samples} sample points each. A window makes an analytic "
        f"network small, not zero: of {zeros - true} float zeros without a mask balls refute "
        f"{refuted - int(dataset['float_zeros_refuted'].sel(network=masked).sum())}. With a mask the network is 0, "
        "certified, but for the collar."
    )
    if _unproved(dataset):
        text += " No markers where an activation declares no ball."
    figure, grid = _grid(dataset, "Leaks above a threshold", text, (1.9,))
    exponents = dataset["threshold"].values.astype(float)
    with style():
        for column, (axes,) in enumerate(grid):
            one = dataset.isel(target=column)
            for label, mark in marks(dataset).items():
                row = one.sel(network=label)
                floats, balls = (100 * row[f"effective_{name}"].values for name in ("float", "ball_low"))
                axes.plot(exponents, floats, color=mark["color"], linestyle=_DASHES, linewidth=0.8)
                axes.plot(exponents, balls, **mark, linestyle="", markeredgewidth=0.8, clip_on=False)
            axes.set_ylim(0, 104)
            _thresholds_axis(axes, exponents)
            axes.set_xlabel("threshold t")
        for (axes,) in grid[::_COLUMNS]:
            axes.set_ylabel("|f̂| > t, % of box∖S")
    return figure


def by_box(dataset: "xr.Dataset") -> Figure:
    """Draw leaks of the widest networks against the box, and of polynomials against their degree."""
    boxes = dataset["box"].values.astype(float)
    text = (
        "Above, ∫|f̂| over [−R, R]ᵈ without the support S, widest networks, medians over draws: outside the domain, "
        "where nothing was fitted, they grow with R; a mask or a window stops that. Below, least squares polynomials: "
        "the L₁ error on the domain falls with the degree, the leak outside the domain grows."
    )
    figure, grid = _grid(dataset, "Leaks on larger boxes", text, (1.6, 1.5), polynomials=True)
    degrees = dataset["degree"].values.astype(float)
    with style():
        for column, (upper, lower) in enumerate(grid):
            one = dataset.isel(target=column)
            for label, mark in marks(dataset).items():
                values = one["leak_l1_median"].sel(network=label).isel(width=-1).values
                upper.plot(boxes, np.where(values > 0, values, np.nan), **mark, linewidth=0.9)
            _decades(upper)
            upper.set_xlabel("R")
            _some_ticks(upper, boxes)
            lower.plot(degrees, one["polynomial_l1_error"].values, color=BLACK, marker="o", linewidth=0.9)
            for index, radius in enumerate(boxes):
                leak = one["polynomial_leak_l1"].sel(box=radius).values
                lower.plot(
                    degrees, leak, color=_SHADES[index % len(_SHADES)], marker=_marker(index), linestyle=_DASHES,
                    linewidth=0.9,
                )  # fmt: skip
            _decades(lower)
            _widths_axis(lower, degrees)
            lower.set_xlabel("degree")
        for upper, lower in grid[::_COLUMNS]:
            upper.set_ylabel("leak ∫|f̂|")
            lower.set_ylabel("polynomials")
    return figure


def _grid(
    dataset: "xr.Dataset", title: str, text: str, heights: tuple[float, ...], polynomials: bool = False
) -> "tuple[Figure, list[tuple[Axes, ...]]]":
    """Return a figure with a column of panels for each target, four side by side, and a legend of the networks."""
    labels = [
        readable(str(name), int(d))
        for name, d in zip(dataset["target"].values, dataset["variables"].values, strict=True)
    ]
    count = len(labels)
    width = 5.5 if count < 3 else 7.2
    handles = [Line2D([], [], **mark, label=_words(label)) for label, mark in marks(dataset).items()]
    if polynomials:
        handles.append(Line2D([], [], color=BLACK, marker="o", label="polynomial, L₁ error"))
        handles += [
            Line2D(
                [], [], color=_SHADES[i % len(_SHADES)], marker=_marker(i), linestyle=_DASHES,
                label=f"polynomial, leak, R = {r:g}",
            )
            for i, r in enumerate(dataset["box"].values)
        ]  # fmt: skip
    columns = 4 if width > 6 else 3
    with style():
        top = heading_height(text, width) + 0.24
        legend = 0.165 * -(-len(handles) // columns) + 0.18
        block = sum(heights) + (len(heights) - 1) * _ROW_GAP + _BELOW
        rows, per_row = -(-count // _COLUMNS), min(count, _COLUMNS)
        figure = new_figure(width, top + rows * block + (rows - 1) * _BLOCK_GAP + legend)
        heading(figure, title, text)
        panel = (width - _LEFT - _RIGHT - (per_row - 1) * _GAP) / per_row
        grid = []
        for index, label in enumerate(labels):
            row, column = divmod(index, _COLUMNS)
            left, at, axes = _LEFT + column * (panel + _GAP), top + row * (block + _BLOCK_GAP), []
            for height in heights:
                axes.append(place(figure, left, at, panel, height))
                at += height + _ROW_GAP
            size = min(8.0, 8.0 * panel * 14 / len(label))
            axes[0].set_title(label, loc="left", fontweight="bold", pad=3, fontsize=size)
            grid.append(tuple(axes))
        bottom_legend(figure, handles, columns)
    return figure, grid


def _unproved(dataset: "xr.Dataset") -> bool:
    """Whether a network was measured of which nothing is certified."""
    return bool(((dataset["certificate"] == 0) & dataset["l1_error"].notnull()).any())


def _marker(box: int) -> str:
    """Return the marker of a box; the first one of all is that of errors."""
    return MARKERS[1 + box % (len(MARKERS) - 1)]


def _words(label: str) -> str:
    return f"{label}, fitted, no mask" if label == "relu" else label


def _decades(axes: "Axes") -> None:
    """Make the vertical axis logarithmic, with labels around what was drawn."""
    axes.set_yscale("log")
    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines])
    label_ticks(axes, "y", empty=not (np.isfinite(drawn) & (drawn > 0)).any())


def _widths_axis(axes: "Axes", values: "NDArray[np.float64]") -> None:
    axes.set_xscale("log")
    axes.set_xlim(values[0] / 1.25, values[-1] * 1.25)
    _some_ticks(axes, values)


def _some_ticks(
    axes: "Axes", values: "NDArray[np.float64]", texts: Sequence[tuple[str, float]] | None = None
) -> None:
    """Put a tick at every value, with labels as far as there is room, from the right.

    Parameters
    ----------
    axes
        With limits and scale.
    values
        Increasing.
    texts
        Label and width in letters of each; the values themselves if left out.
    """
    texts = [(f"{value:g}", len(f"{value:g}")) for value in values] if texts is None else texts
    axes.xaxis.set_major_locator(FixedLocator(list(values)))
    axes.xaxis.set_minor_locator(NullLocator())
    places = axes.transData.transform([(value, axes.get_ylim()[1]) for value in values])[:, 0]
    inch, left, labels = axes.get_figure(root=True).dpi, np.inf, []  # type: ignore[union-attr]
    for (text, letters), at in zip(texts[::-1], places[::-1], strict=True):
        half = (_LETTER * letters / 2 + 0.02) * inch
        room = at + half <= left
        labels.append(text if room else "")
        left = at - half if room else left
    axes.set_xticklabels(labels[::-1])


def _thresholds_axis(axes: "Axes", exponents: "NDArray[np.float64]") -> None:
    """Put ticks at thresholds 10^-m on an axis that is logarithmic in m, from 1 on."""
    if exponents[0] < 1:
        axes.set_xscale("symlog", linthresh=1, linscale=0.4)
        axes.set_xlim(-0.2, max(exponents[-1], 1) * 1.1)
    else:
        axes.set_xscale("log")
        axes.set_xlim(exponents[0] / 1.1, exponents[-1] * 1.1)
    ticks = [m for m in _EXPONENTS if exponents[0] <= m <= exponents[-1]]
    if len(ticks) < 2:
        ticks = sorted({int(exponents[0]), int(exponents[-1])})
    texts = [(rf"$\mathdefault{{10^{{{-m}}}}}$", 2 + 0.75 * len(str(-m))) if m else ("1", 1.0) for m in ticks]
    _some_ticks(axes, np.array(ticks, dtype=float), texts)
