"""Multigrade against single-grade learning: errors after every grade, and along the work."""

from collections.abc import Callable, Mapping, Sequence
from math import floor
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ratelab.figures._style import (
    BLUE,
    GREY,
    VERMILLION,
    WIDTHS,
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

_LEFT, _GAP, _ROW_GAP, _HEIGHT = 0.72, 0.42, 0.3, 1.5
_COLOURS = {"multigrade": BLUE, "single grade": VERMILLION}
_MARKS = {"multigrade": "o", "single grade": "s"}
_WORDS = {"same": "sine, ReLU, ReLU", "relu": "ReLU only"}
_DASHES = (0, (4, 2))
_ONE = 1.0
_SPAN = 5.0
_NEAR_ONE = 0.9
_TREAD, _BESIDE = 0.6, 0.08


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``multigrade-grades`` and ``multigrade-work``.

    Parameters
    ----------
    dataset
        Of the experiment ``multigrade``.
    """
    return {"multigrade-grades": by_grade(dataset), "multigrade-work": by_work(dataset)}


def by_grade(dataset: "xr.Dataset") -> Figure:
    """Draw the error after every grade as a stair, beside the single-grade fit of equal work."""
    text = (
        "Relative squared error Σ(y − ŷ)²/Σy² after each grade, on training points (dashed) and test points, and of "
        f"one network with all these layers, trained end to end with as much work at the rates of the later grades. "
        f"{_setting(dataset)}"
    )
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=BLUE, marker="o", label="multigrade, test"),
        Line2D([], [], color=BLUE, linestyle=_DASHES, linewidth=0.9, label="multigrade, training"),
        Line2D([], [], color=VERMILLION, marker="s", linestyle="", label="single grade, test"),
        Line2D([], [], color=GREY, linestyle="", marker="|", markersize=8, label="range of seeds, test"),
    ]
    return _figure(dataset, "One grade after the other", text, handles, _stair, "grades trained")


def by_work(dataset: "xr.Dataset") -> Figure:
    """Draw the test error of both against the work done."""
    text = (
        "Relative squared test error Σ(y − ŷ)²/Σy² of the network in hand against the work done, over the work of all "
        f"grades; a grade counts while it is trained. Thin lines: a grade ends. {_setting(dataset)}"
    )
    handles: list[Line2D | Patch] = [
        *(Line2D([], [], color=_COLOURS[m], marker=_MARKS[m], label=m) for m in _methods(dataset)),
        Patch(facecolor=GREY, alpha=0.3, label="range of seeds"),
        Line2D([], [], color=GREY, linewidth=0.6, label="end of a grade"),
    ]
    return _figure(
        dataset, "Multigrade and single-grade learning at equal work", text, handles, _course, "share of work"
    )


def _setting(dataset: "xr.Dataset") -> str:
    seeds = dataset.sizes["seed"]
    return (
        f"Hidden widths {dataset.attrs['widths']}, epochs {dataset.attrs['epochs']}, "
        f"{int(dataset.attrs['points']):,} points; medians of {seeds} seed{'s' * (seeds > 1)}."
    )


def _methods(dataset: "xr.Dataset") -> list[str]:
    return [str(name) for name in dataset["learning"].values]


def _figure(
    dataset: "xr.Dataset",
    title: str,
    text: str,
    handles: list[Line2D | Patch],
    draw: "Callable[[Axes, xr.Dataset], None]",
    below: str,
) -> Figure:
    """Return one panel a target (columns) and choice of activations (rows)."""
    targets = [str(name) for name in dataset["target"].values]
    kinds = [str(name) for name in dataset["activations"].values]
    width = WIDTHS[3] if len(targets) > 2 else WIDTHS[1]
    with style():
        top = heading_height(text, width) + 0.24
        figure = new_figure(
            width, top + len(kinds) * _HEIGHT + (len(kinds) - 1) * _ROW_GAP + 0.42 + 0.165 + 0.14
        )
        heading(figure, title, text)
        panel = (width - _LEFT - 0.12 - (len(targets) - 1) * _GAP) / len(targets)
        size = min(8.0, 8.0 * panel * 14 / max(map(len, targets)))
        for row, kind in enumerate(kinds):
            for column, label in enumerate(targets):
                axes = place(
                    figure, _LEFT + column * (panel + _GAP), top + row * (_HEIGHT + _ROW_GAP), panel, _HEIGHT
                )
                draw(axes, dataset.sel(target=label, activations=kind))
                if row == 0:
                    axes.set_title(label, loc="left", fontweight="bold", pad=3, fontsize=size)
                _errors_axis(axes)
                if column == 0:
                    axes.set_ylabel(f"{_WORDS.get(kind, kind)}\nrelative squared error")
                if row == len(kinds) - 1:
                    axes.set_xlabel(below)
        bottom_legend(figure, handles, 4)
    return figure


def _errors_axis(axes: "Axes") -> None:
    """Make the vertical axis logarithmic, at least a factor 5, with marks at 1, 2, 5 below two decades."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high < _SPAN * low:
        reach = (_SPAN * low / high) ** 0.5
        low, high = low / reach, high * reach
        axes.set_ylim(low, high)
    if high < 100 * low:
        axes.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5), numticks=12))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.yaxis.set_major_locator(LogLocator(10, numticks=6))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _say_if_none_helped(axes: "Axes", errors: Sequence[np.ndarray]) -> None:
    """Write down the least of errors that are all near 1, that of the zero function, or larger."""
    least = min(float(np.nanmin(table)) for table in errors)
    if least > _NEAR_ONE:
        axes.annotate(
            f"no error below {floor(100 * least) / 100:g};\nthe zero function has 1",
            (0.03, 0.95),
            xycoords="axes fraction",
            va="top",
            fontsize=6.5,
            color=GREY,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
            zorder=1.5,
        )


def _stair(axes: "Axes", one: "xr.Dataset") -> None:
    grades = one["grade"].values
    end = float(grades[-1])
    test, train = one.sel(part="test"), one.sel(part="train")
    ends = np.append(grades, end + _TREAD)
    for part, dashes, width in ((test, "-", 1.1), (train, _DASHES, 0.9)):
        middle = part["rse_grade_median"].values
        axes.step(
            ends,
            np.append(middle, middle[-1]),
            where="post",
            color=BLUE,
            linestyle=dashes,
            linewidth=width,
            zorder=2,
        )
    axes.plot(grades, test["rse_grade_median"].values, color=BLUE, marker="o", linestyle="", zorder=3)
    _range(axes, grades[1:] + _BESIDE, test.isel(grade=slice(1, None)), "rse_grade", BLUE)
    alone = end + 1.1
    single = test.sel(learning="single grade")
    axes.plot([alone], [float(single["rse_final_median"])], color=VERMILLION, marker="s", zorder=4)
    _range(axes, np.array([alone]), single, "rse_final", VERMILLION)
    axes.set_xlim(-0.15, alone + 0.75)
    axes.set_xticks([*grades, alone], [*(str(int(g)) for g in grades), "all at once"])
    found = [one["rse_grade_least"].values, one["rse_grade_median"].values, single["rse_final_least"].values]
    _say_if_none_helped(axes, found)


def _range(axes: "Axes", x: "np.ndarray", one: "xr.Dataset", name: str, colour: str) -> None:
    """Draw bars from the least to the largest value of the seeds."""
    least, most = (np.atleast_1d(one[f"{name}_{word}"].values) for word in ("least", "most"))
    axes.vlines(x, least, most, color=colour, linewidth=0.9, alpha=0.7, zorder=2)


def _course(axes: "Axes", one: "xr.Dataset") -> None:
    test = one.sel(part="test")
    share = np.concatenate([[0.0], one["milestone"].values])
    for done in one["work_grade"].median("seed").values[1:-1]:
        axes.axvline(float(done), color=GREY, linewidth=0.6, zorder=1)
    for method in _methods(one):
        curve = test.sel(learning=method)
        least, middle, most = (
            np.concatenate([[_ONE], curve[f"rse_milestone_{name}"].values])
            for name in ("least", "median", "most")
        )
        axes.fill_between(share, least, most, color=_COLOURS[method], alpha=0.2, linewidth=0)
        axes.plot(share, middle, color=_COLOURS[method], marker=_MARKS[method], markersize=3, zorder=3)
    axes.set_xlim(0, 1.02)
    _say_if_none_helped(axes, [test["rse_milestone_least"].values])
