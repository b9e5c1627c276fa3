"""The sawtooth: its first members, pieces against size, the cliff of its error, its Besov size."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullFormatter

from ratelab.figures._style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
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

_WIDTH, _HEIGHT, _LEFT, _GAP, _ROW = 7.2, 1.55, 0.56, 0.62, 0.62
_MARKS = ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "^"), (PURPLE, "D"), (ORANGE, "v"), (SKY, "P"))
_LIGHT = "#AAAAAA"
_WAVES = ("-", (0, (4, 2)), (0, (1, 1.5)))


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figure ``sawtooth``.

    Parameters
    ----------
    dataset
        Of the experiment ``sawtooth-waves``.
    """
    return {"sawtooth": sawtooth(dataset)}


def sawtooth(dataset: "xr.Dataset") -> Figure:
    """Draw the first waves, what they cost at every depth, the cliff and the Besov size."""
    text = (
        "Δ_j, the j-fold composition of a tent, has 2^j pieces. Markers: the smallest networks of composed blocks; "
        "thin lines: no network of that depth and size has more. Below its cliff the error stays near that of the "
        "constant ½, then it vanishes. The Besov size grows like 2^(js), so few connections say nothing about "
        "smoothness."
    )
    depths = [int(depth) for depth in dataset["depth"].values]
    with style():
        top = heading_height(text, _WIDTH) + 0.24
        figure = new_figure(_WIDTH, top + 2 * _HEIGHT + _ROW + 0.42 + 0.165 * 2 + 0.1)
        heading(figure, "Teeth are cheap for deep networks", text)
        narrow = (_WIDTH - _LEFT - 0.12 - 2 * _GAP) / 3
        boxes = [
            place(figure, _LEFT + column * (narrow + _GAP), top + row * (_HEIGHT + _ROW), narrow, _HEIGHT)
            for row in range(2)
            for column in range(3)
            if (row, column) != (1, 2)
        ]
        _waves(boxes[0], dataset)
        for axes, complexity in zip(boxes[1:3], ("connections", "neurons"), strict=True):
            _pieces(axes, dataset.sel(complexity=complexity), depths, complexity)
        _cliff(boxes[3], dataset, depths)
        _besov(boxes[4], dataset)
        handles = [
            Line2D([], [], color=_MARKS[i][0], marker=_MARKS[i][1], label=f"depth {depth}")
            for i, depth in enumerate(depths)
        ]
        handles += [
            Line2D([], [], color=GREY, linewidth=0.6, label="most pieces possible"),
            Line2D([], [], color=BLACK, marker="o", linestyle="", label="Besov size, exact"),
            Line2D([], [], color=GREY, linewidth=0.8, linestyle=(0, (4, 2)), label="its bounds, c·2^(js)"),
        ]
        bottom_legend(figure, handles, 4)
    return figure


def _waves(axes: "Axes", dataset: "xr.Dataset") -> None:
    axes.set_title("first sawtooth functions", loc="left", fontweight="bold", pad=3)
    for index, wave in enumerate(dataset["wave"].values):
        one = dataset.sel(wave=wave)
        axes.plot(
            one["wave_x"].values, one["wave_y"].values, color=(BLACK, GREY, _LIGHT)[index % 3],
            linestyle=_WAVES[index % 3], linewidth=1.2,
        )  # fmt: skip
        axes.annotate(
            f"Δ{'₀₁₂₃₄₅₆₇₈₉'[int(wave)]}", (0.5 ** int(wave), 1.0), xytext=(0, 2), textcoords="offset points",
            ha="center", fontsize=7, color=(BLACK, GREY, _LIGHT)[index % 3],
        )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.14)
    axes.set_xlabel("x")
    axes.set_ylabel("value")


def _pieces(axes: "Axes", one: "xr.Dataset", depths: list[int], complexity: str) -> None:
    letter = {"connections": "W", "neurons": "N"}[complexity]
    axes.set_title(f"pieces against {complexity}", loc="left", fontweight="bold", pad=3)
    pieces = one["pieces"].values
    for index, depth in enumerate(depths):
        colour, marker = _MARKS[index]
        row = one.sel(depth=depth)
        axes.plot(
            row["size"].values, pieces, color=colour, marker=marker, markersize=3, linewidth=0.8, zorder=3
        )
        axes.plot(row["size_least"].values, pieces, color=colour, linewidth=0.6, zorder=2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(10))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(f"{complexity} {letter}")
    axes.set_ylabel("affine pieces")


def _cliff(axes: "Axes", dataset: "xr.Dataset", depths: list[int]) -> None:
    axes.set_title(f"cliff of the error, j = {dataset.attrs['cliff']}", loc="left", fontweight="bold", pad=3)
    budgets = dataset["budget"].values
    for index, depth in enumerate(depths):
        errors = dataset["cliff_error"].sel(depth=depth).values
        axes.step(
            budgets, errors, where="post", color=_MARKS[index][0], linewidth=1.1, zorder=4 - 0.1 * index
        )
        zero = budgets[errors == 0]
        if len(zero):
            axes.plot(
                zero[0],
                0,
                linestyle="",
                marker=_MARKS[index][1],
                color=_MARKS[index][0],
                clip_on=False,
                zorder=5,
            )
    axes.set_xscale("log")
    powers = [2**k for k in range(1, int(np.log2(budgets[-1])) + 1)][1::2]
    axes.set_xticks(powers, [str(value) for value in powers])
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.set_xlim(budgets[0], budgets[-1])
    axes.set_ylim(0, 0.32)
    axes.set_xlabel("connections W allowed")
    axes.set_ylabel("L₂ error")


def _besov(axes: "Axes", dataset: "xr.Dataset") -> None:
    axes.set_title(f"Besov size, s = {dataset.attrs['smoothness']:g}", loc="left", fontweight="bold", pad=3)
    levels = dataset["level"].values
    for name in ("besov_lower", "besov_upper"):
        axes.plot(levels, dataset[name].values, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    axes.plot(levels, dataset["besov"].values, linestyle="", marker="o", color=BLACK, zorder=3)
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.set_xlabel("j")
    axes.set_ylabel("sup of t^(−s) ω(t)")
