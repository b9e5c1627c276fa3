"""Powers of ReLU: limits of differences and what they cost in digits, polynomials, and rates of best splines."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter

from ratelab.figures._grid import Panel, panel_grid
from ratelab.figures._style import BLUE, COLOURS, GREY, MARKERS, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_HEIGHTS = {1: 2.6, 2: 2.0, 3: 1.7}
_LEFT, _GAP = 0.64, 0.6
_NO_BREAK = "\u00a0"
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_TITLES = {"forward": "(f(x + h) − f(x))/(rh)", "centred": "(f(x + h/2) − f(x − h/2))/(rh)"}
_DASHES: tuple[Literal["-", "--", "-.", ":"], ...] = ("-", "--", "-.", ":")


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``powers-limits`` and ``powers-rates``.

    Parameters
    ----------
    dataset
        Of the experiment ``powers``.
    """
    return {"powers-limits": limits(dataset), "powers-rates": rates(dataset)}


def limits(dataset: "xr.Dataset") -> Figure:
    """Draw errors and weights of difference quotients against their step, and the digits that polynomials lose."""
    text = (
        "Top: two neurons of f = max(x,~0)^r near max(x,~0)^(r~−~1), L₂ errors on [−1,~1]; lines are exact, markers "
        "what float64 arithmetic gives: below some step rounding, multiplied by the weight 1/(rh), takes over. Bottom "
        "right: Chebyshev's polynomial of degree r on [0,~1] as a sum of r~+~1 powers (x~−~t)^r, and the largest error "
        "of float64 values, where there is one; it depends on where the knots t lie."
    ).replace("~", _NO_BREAK)
    powers = [int(r) for r in dataset["power"].values]
    shifts = [str(name) for name in dataset["shifts"].values]
    handles: list[Any] = [
        Line2D([], [], color=_colour(i), marker=MARKERS[i], label=_arrow(r)) for i, r in enumerate(powers)
    ]
    handles += [Line2D([], [], color=GREY, linestyle=_DASHES[i], label=name) for i, name in enumerate(shifts)]
    with style():
        figure, panels = panel_grid(
            4, "The next lower power, and polynomials", text, handles, heights=_HEIGHTS, left=_LEFT, gap=_GAP
        )
        for panel, name in zip(panels[:2], ("forward", "centred"), strict=True):
            _differences(panel, dataset.sel(difference=name), _TITLES[name])
        low = float(dataset["difference_error_float"].min()) / 30
        for panel in panels[:2]:
            panel.axes.set_ylim(low, 3.0)
        panels[0].axes.set_ylabel("L₂ error")
        _weights(panels[2], dataset)
        _digits(panels[3], dataset, shifts)
    return figure


def rates(dataset: "xr.Dataset") -> Figure:
    """Draw the errors of best splines of e^x against neurons with certified lower ends, and n^(r + 1) times them."""
    text = (
        "e^x on [0,~1] by shallow networks of max(x,~0)^r. Markers: best splines of n pieces, networks of "
        "N~=~n~+~r~−~1 neurons; thin lines: no shallow network of N neurons is better, certified. For r~≥~2 these "
        "lower ends allow pieces that do not join. Right: n^(r~+~1) times the errors, over its limit."
    ).replace("~", _NO_BREAK)
    degrees = [int(r) for r in dataset["spline_degree"].values]
    handles: list[Any] = [
        Line2D([], [], color=_colour(i), marker=MARKERS[i], label=f"r = {r}") for i, r in enumerate(degrees)
    ]
    handles.append(Patch(facecolor=BLUE, alpha=0.3, label="bracket of the best network"))
    handles.append(Line2D([], [], color=GREY, linestyle=(0, (4, 2)), linewidth=0.8, label="slope −(r + 1)"))
    with style():
        figure, panels = panel_grid(
            2, "What a power of ReLU buys on a smooth function", text, handles,
            heights={**_HEIGHTS, 2: 2.4}, left=_LEFT, gap=_GAP,
        )  # fmt: skip
        _errors(panels[0], dataset, degrees)
        _constants(panels[1], dataset, degrees)
    return figure


def _differences(panel: Panel, one: "xr.Dataset", title: str) -> None:
    axes = panel.axes
    steps = one["step"].values
    for index in range(one.sizes["power"]):
        row = one.isel(power=index)
        axes.plot(steps, row["difference_error"].values, color=_colour(index), zorder=2)
        axes.plot(
            steps, row["difference_error_float"].values, linestyle="", marker=MARKERS[index],
            color=_colour(index), markerfacecolor="white", markersize=3.0, markeredgewidth=0.7, zorder=3,
        )  # fmt: skip
    _step_axis(axes, (0.03, 0.04), "left")
    _decades(axes)
    panel.title(title)


def _weights(panel: Panel, dataset: "xr.Dataset") -> None:
    axes = panel.axes
    one = dataset.isel(difference=0)
    for index in range(one.sizes["power"]):
        axes.plot(one["step"].values, one["difference_weight"].isel(power=index).values, color=_colour(index))
    _step_axis(axes, (0.97, 0.04), "right")
    _decades(axes)
    axes.set_ylabel("largest weight")
    panel.title("weight 1/(rh)")


def _digits(panel: Panel, dataset: "xr.Dataset", shifts: list[str]) -> None:
    axes = panel.axes
    degrees = dataset["polynomial_degree"].values
    for index, name in enumerate(shifts):
        errors = dataset["polynomial_error"].sel(shifts=name).values
        axes.plot(degrees, np.where(errors > 0, errors, np.nan), color=GREY, linestyle=_DASHES[index])
    axes.set_yscale("log")
    _decades(axes)
    axes.set_xlabel("degree r")
    axes.set_ylabel("largest error")
    panel.title("Chebyshev's polynomial in float64")


def _errors(panel: Panel, dataset: "xr.Dataset", degrees: list[int]) -> None:
    axes = panel.axes
    ends = []
    for index, r in enumerate(degrees):
        one = dataset.sel(spline_degree=r)
        neurons, upper, lower = (
            one[name].values for name in ("neurons", "spline_error", "network_error_lower")
        )
        positive = np.where(lower > 0, lower, np.nan)
        axes.fill_between(neurons, positive, upper, color=_colour(index), alpha=0.3, linewidth=0)
        axes.plot(neurons, positive, color=_colour(index), linewidth=0.7)
        axes.plot(neurons, upper, color=_colour(index), marker=MARKERS[index])
        last = np.array([neurons[-1] / 3, neurons[-1]])
        axes.plot(
            last, 2.2 * upper[-1] * (last / last[1]) ** -(r + 1.0), color=GREY, linestyle=(0, (4, 2)),
            linewidth=0.8,
        )  # fmt: skip
        ends.append(neurons[-1])
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = [2**k for k in range(12) if 2**k <= 1.3 * max(ends)]
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    _decades(axes)
    axes.set_xlabel("neurons N")
    axes.set_ylabel("L₂ error")
    panel.title("errors of best splines")


def _constants(panel: Panel, dataset: "xr.Dataset", degrees: list[int]) -> None:
    axes = panel.axes
    pieces = dataset["pieces"].values
    for index, r in enumerate(degrees):
        one = dataset.sel(spline_degree=r)
        ratio = one["spline_error"].values * pieces ** (r + 1.0) / float(one["spline_limit"])
        axes.plot(pieces, ratio, color=_colour(index), marker=MARKERS[index])
    axes.axhline(1.0, color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.set_xticks(pieces, [str(n) for n in pieces])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0, 1.1)
    axes.set_xlabel("pieces n")
    axes.set_ylabel("$n^{r+1}$ · error / limit")
    panel.title("approach to the limit")


def _step_axis(axes: "Axes", label_at: tuple[float, float], side: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_xaxis()
    axes.xaxis.set_major_locator(LogLocator(10, numticks=6))
    axes.xaxis.set_minor_formatter(NullFormatter())
    # inside the panel, since there is a row of panels right below
    axes.annotate("step h", label_at, xycoords="axes fraction", fontsize=8, ha=side)


def _decades(axes: "Axes") -> None:
    axes.yaxis.set_major_locator(LogLocator(10, numticks=6))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _arrow(power: int) -> str:
    return f"ρ{power - 1} from ρ{power}".translate(_SUBSCRIPTS)


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]
