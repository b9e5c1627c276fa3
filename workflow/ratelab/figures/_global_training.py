"""Training against the global optimum: the loss of every seed, and how the search closed its bracket."""

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from ratelab.datasets import CERTAINTY
from ratelab.figures._panel import LineStyle, trained_style
from ratelab.figures._style import (
    BLUE,
    GREY,
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

_LEFT, _GAP, _ROW_GAP, _HEIGHT = 0.52, 0.4, 0.46, 1.45
_OPEN = 1e-3
_TICKS = (1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1e3)


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``global-training`` and ``global-training-search``.

    Parameters
    ----------
    dataset
        Of the experiment ``global-training``.
    """
    return {"global-training": losses(dataset), "global-training-search": search(dataset)}


def losses(dataset: "xr.Dataset") -> Figure:
    """Draw every seed's loss over the global optimum, the best seeds first, one panel a data set."""
    trainers = [str(t) for t in dataset["trainer"].values]
    closed = _closed(dataset)
    what = (
        "of all such networks, which branch and bound finds"
        if closed
        else "in hand; the optimum lies in the band"
    )
    text = (
        f"Loss of a network with one hidden layer of w neurons on D points in n variables, over the least loss {what}. "
        "Each line is one optimiser, its seeds sorted; the numbers are the share of seeds that reach that least loss "
        "within 0.01 %."
    )
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, marker=marker, markerfacecolor="white", label=f"trained: {trainer}")
        for trainer, (colour, marker) in zip(trainers, _kinds(len(trainers)), strict=True)
    ]
    handles += _optimum_handles(dataset)
    figure, panels = _panels(dataset, "Does training find the optimum?", text, handles)
    with style():
        for index, axes in enumerate(panels):
            one = dataset.isel(data=index)
            _title(axes, one)
            axes.axhspan(float(one["ratio_lower"]), 1.0, color=BLUE, alpha=0.3, linewidth=0)
            axes.axhline(1.0, color=BLUE, linewidth=0.9, zorder=2)
            top = _ratios(axes, one, trainers)
            axes.set_yscale("log")
            axes.set_ylim(_lowest(one, top), top)
            axes.yaxis.set_major_locator(FixedLocator(_ticks(top)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_minor_locator(FixedLocator([]))
            axes.set_xlim(0, 100)
            axes.set_xticks([0, 25, 50, 75, 100])
            vertical = "loss / optimum" if closed else "loss / least in hand"
            _label(axes, index, len(panels), vertical, "seeds, best first (%)")
    return figure


def search(dataset: "xr.Dataset") -> Figure:
    """Draw both ends of the bracket against the number of programmes solved, one panel a data set."""
    text = (
        "Least loss in hand and lower end of all losses, over the least loss found at last, as the search goes on. "
        "Steps are convex programmes and their cheaper relaxations. Plain enumeration solves one programme for each "
        "of the patterns, ways to cut the data by w "
        "hyperplanes."
    )
    figure, panels = _panels(
        dataset, "How the bracket of the optimum closes", text, _bracket_handles(dataset)
    )
    with style():
        for index, axes in enumerate(panels):
            one = dataset.isel(data=index)
            _title(axes, one)
            problems, unit = one["log_problems"].values, float(one["loss_unit"])
            lower, upper = one["log_lower"].values / unit, one["log_upper"].values / unit
            axes.fill_between(problems, lower, upper, color=BLUE, alpha=0.3, linewidth=0, step="post")
            axes.step(problems, upper, color=BLUE, where="post", marker="o", markersize=2.4)
            axes.step(problems, lower, color=BLUE, where="post", linewidth=0.7, linestyle=_line(dataset))
            axes.set_ylim(0, 1.6)
            axes.set_yticks([0.0, 0.5, 1.0, 1.5])
            axes.set_xlim(0, float(np.nanmax(problems)) * 1.04)
            axes.xaxis.set_major_locator(FixedLocator(_whole(float(np.nanmax(problems)))))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
            axes.annotate(
                f"{float(one['patterns']):,.0f} patterns", (0.97, 0.06), xycoords="axes fraction", ha="right",
                fontsize=6.5, color=GREY,
            )  # fmt: skip
            _label(axes, index, len(panels), "loss / least found", "programmes, relaxed ones too")
    return figure


def _panels(
    dataset: "xr.Dataset", title: str, text: str, handles: list[Line2D | Patch]
) -> "tuple[Figure, list[Axes]]":
    count = dataset.sizes["data"]
    columns = 2 if count in (2, 4) else min(3, count)
    rows, width = ceil(count / columns), WIDTHS[columns]
    with style():
        top = heading_height(text, width) + 0.22
        per_row = legend_columns(handles, 4 if columns == 3 else 3)
        legend_rows = ceil(len(handles) / per_row)
        height = top + rows * _HEIGHT + (rows - 1) * _ROW_GAP + 0.44 + 0.165 * legend_rows + 0.14
        figure = new_figure(width, height)
        heading(figure, title, text)
        panel = (width - _LEFT - 0.12 - (columns - 1) * _GAP) / columns
        panels = [
            place(
                figure, _LEFT + (i % columns) * (panel + _GAP), top + (i // columns) * (_HEIGHT + _ROW_GAP), panel,
                _HEIGHT,
            )
            for i in range(count)
        ]  # fmt: skip
        bottom_legend(figure, handles, per_row)
    return figure, panels


def _ratios(axes: "Axes", one: "xr.Dataset", trainers: list[str]) -> float:
    """Draw the sorted ratios of each trainer with its share at the optimum, and return the top of the axis."""
    highest = 1.2
    for index, (trainer, (colour, marker)) in enumerate(zip(trainers, _kinds(len(trainers)), strict=True)):
        ratio = np.sort(one["ratio"].sel(trainer=trainer).values)
        share = 100.0 * (np.arange(len(ratio)) + 0.5) / len(ratio)
        axes.plot(
            share, ratio, color=colour, marker=marker, markersize=3, markerfacecolor="white", markeredgewidth=0.8,
            markevery=(index, max(1, len(ratio) // 12)), zorder=3 + index,
        )  # fmt: skip
        if np.isfinite(ratio).any():
            highest = max(highest, float(np.nanmax(ratio)))
        reached = float(one["reached"].sel(trainer=trainer))
        axes.annotate(
            f"{trainer.partition('(')[0]}: {100 * reached:.0f} %", (0.04, 0.9), xycoords="axes fraction",
            xytext=(0, -9 * index), textcoords="offset points", fontsize=7, color=colour,
        )  # fmt: skip
    return float(highest**1.25)


def _lowest(one: "xr.Dataset", top: float) -> float:
    closed = float(top**-0.06)
    return closed * max(float(one["ratio_lower"]), 0.2)


def _ticks(top: float) -> list[float]:
    if top > _TICKS[-1]:
        return [10.0**k for k in range(0, ceil(np.log10(top)), ceil(np.log10(top) / 5))]
    inside = [t for t in _TICKS if t <= top]
    return inside[:: max(1, ceil(len(inside) / 5))]


def _whole(largest: float) -> list[float]:
    step = 10.0 ** np.floor(np.log10(max(largest, 1.0)))
    step = next(s for s in (step / 2, step, 2 * step, 5 * step) if largest / s <= 4)
    return [float(v) for v in np.arange(0.0, largest * 1.04, step)]


def _kinds(count: int) -> list[tuple[str, str]]:
    return [trained_style(i) for i in range(count)]


def _line(dataset: "xr.Dataset") -> LineStyle:
    return "-" if bool((dataset["certainty"] == CERTAINTY["rigorous"]).all()) else "--"


def _optimum_handles(dataset: "xr.Dataset") -> list[Line2D | Patch]:
    """Return one line if all brackets are closed to the eye, else line and band."""
    kind = "certified" if _line(dataset) == "-" else "numerical"
    line = Line2D([], [], color=BLUE, linewidth=0.9, label=f"optimum, bracket closed ({kind})")
    if _closed(dataset):
        return [line]
    line.set_label("best network in hand")
    return [line, Patch(facecolor=BLUE, alpha=0.3, label=f"bracket, lower end {kind}")]


def _closed(dataset: "xr.Dataset") -> bool:
    """Return whether every bracket is closed to the eye."""
    return bool((dataset["ratio_lower"] >= 1 - _OPEN).all())


def _bracket_handles(dataset: "xr.Dataset") -> list[Line2D | Patch]:
    kind = "certified" if _line(dataset) == "-" else "numerical"
    return [
        Line2D([], [], color=BLUE, marker="o", markersize=2.4, label="best network in hand"),
        Line2D([], [], color=BLUE, linewidth=0.7, linestyle=_line(dataset), label=f"lower end, {kind}"),
        Patch(facecolor=BLUE, alpha=0.3, label="bracket"),
    ]


def _title(axes: "Axes", one: "xr.Dataset") -> None:
    axes.set_title(str(one["data"].values), loc="left", fontweight="bold", pad=3)


def _label(axes: "Axes", index: int, count: int, vertical: str, horizontal: str) -> None:
    columns = 2 if count in (2, 4) else min(3, count)
    if index % columns == 0:
        axes.set_ylabel(vertical)
    if index + columns >= count:
        axes.set_xlabel(horizontal)
