"""Measured smoothness: moduli against the scale, and what uniform and free knots make of each function."""

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter

from ratelab.figures._grid import panel_grid
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

_COLOURS = (SKY, BLUE, PURPLE, GREEN, ORANGE)
_ESTIMATED, _AT_LEAST = 1, 2
_WIDTH, _ROW, _LEFT = 5.5, 0.3, 1.62


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``smoothness-moduli`` and ``smoothness-rates``.

    Parameters
    ----------
    dataset
        Of the experiment ``measured-smoothness``.
    """
    return {"smoothness-moduli": moduli(dataset), "smoothness-rates": rates(dataset)}


def moduli(dataset: "xr.Dataset") -> Figure:
    """Draw the moduli of smoothness in L₂ against the scale, one panel a target."""
    text = (
        "Moduli of smoothness in L₂ of several orders r against the scale t, a share of the domain. The slope of "
        "orders above the smoothness is the critical s; a lower order shows its own order where that is smaller. "
        "Shaded: the scales of the fit. In each panel: the measured s with its 95 % interval."
    )
    orders = [int(order) for order in dataset["order"].values]
    handles = [
        Line2D(
            [],
            [],
            color=_COLOURS[i % len(_COLOURS)],
            marker=MARKERS[i],
            markersize=2.5,
            label=f"order {order}",
        )
        for i, order in enumerate(orders)
    ]
    handles.append(
        Line2D([], [], color=BLACK, linestyle=(0, (4, 2)), linewidth=0.9, label="slope of the declared s")
    )
    shade = Patch(facecolor="#000000", alpha=0.08, label="scales of the fit")
    with style():
        figure, panels = panel_grid(
            dataset.sizes["target"], "How smooth the targets are", text, [*handles, shade],
            heights={1: 1.9, 2: 1.7, 3: 1.35}, left=0.6,
        )  # fmt: skip
        for index, panel in enumerate(panels):
            one = dataset.isel(target=index)
            panel.title(str(one["target"].values))
            _moduli_panel(panel.axes, one, orders)
            if panel.first:
                panel.axes.set_ylabel("$\\omega_r(f, t)$ in L₂")
            if panel.last:
                panel.axes.set_xlabel("scale t (share of the domain)")
    return figure


def _moduli_panel(axes: "Axes", one: "xr.Dataset", orders: list[int]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    scale = one["scale"].values
    seen = []
    for i, _ in enumerate(orders):
        values = one["modulus"].values[i]
        good = np.isfinite(values) & (values > 0)
        axes.plot(
            scale[good], values[good], color=_COLOURS[i % len(_COLOURS)], marker=MARKERS[i], markersize=2.2
        )
        seen.append(values[good])
    everything = np.concatenate(seen)
    fine, coarse = float(one["window_fine"]), float(one["window_coarse"])
    if isfinite(fine):
        axes.axvspan(fine, coarse, color="#000000", alpha=0.08, linewidth=0, zorder=0)
    declared = float(one["uniform_declared"])
    if isfinite(declared) and isfinite(fine):
        last = one["modulus"].values[-1]
        good = np.flatnonzero(np.isfinite(last) & (last > 0) & (scale <= coarse))
        anchor = good[-1]
        span = np.array([fine, coarse])
        axes.plot(
            span, 0.4 * last[anchor] * (span / scale[anchor]) ** declared,
            color=BLACK, linestyle=(0, (4, 2)), linewidth=0.9, zorder=5,
        )  # fmt: skip
    if len(everything):
        low, high = max(float(everything.min()), float(everything.max()) * 1e-14), float(everything.max())
        room = max((high / low) ** 0.12, 1.5)
        axes.set_ylim(low / room, high * room)
    axes.xaxis.set_major_locator(LogLocator(10, numticks=4))
    axes.yaxis.set_major_locator(LogLocator(10, numticks=5))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.annotate(
        _measured(one),
        (0.97, 0.05),
        xycoords="axes fraction",
        ha="right",
        va="bottom",
        fontsize=6.5,
        color=BLACK,
    )


def _measured(one: "xr.Dataset") -> str:
    status = int(one["uniform_status"])
    if status == _ESTIMATED:
        low, high = float(one["uniform_low"]), float(one["uniform_high"])
        return f"s = {float(one['uniform']):.2f} [{low:.2f}, {high:.2f}]"
    if status == _AT_LEAST:
        return f"s ≥ {float(one['uniform_low']):.2f}"
    return "s not seen"


def rates(dataset: "xr.Dataset") -> Figure:
    """Draw for every target both smoothness numbers and the rate that is proved."""
    text = (
        "Smoothness in L₂ (circles) is the rate that splines with uniform knots get, up to their degree plus one; "
        "smoothness on the adaptivity line (squares) is what free knots and shallow networks get. Where the squares "
        "stand further right, nonlinear approximation is faster. Bars: 95 % intervals of circles, ranges of fits of "
        "squares; arrows: at least. Green: between which limits the rate of shallow ReLU networks is proved to lie."
    )
    targets = [str(name) for name in dataset["target"].values]
    handles = [
        Line2D([], [], color=BLUE, marker="o", label="s in L₂, measured"),
        Line2D([], [], color=VERMILLION, marker="s", label="s on the adaptivity line, measured"),
        Line2D([], [], color=GREY, marker="|", linestyle="", markersize=8, label="declared s"),
        Line2D([], [], color=GREEN, marker="^", label="rate, proved (> or <: one side)"),
        Line2D(
            [],
            [],
            color=GREY,
            linewidth=0.8,
            linestyle=":",
            label="rate 2, of linear pieces on smooth functions",
        ),
    ]
    with style():
        top = heading_height(text, _WIDTH) + 0.12
        height = _ROW * len(targets) + 0.1
        figure = new_figure(_WIDTH, top + height + 0.44 + 0.165 * 3 + 0.1)
        heading(figure, "Why free knots are faster", text)
        axes = place(figure, _LEFT, top, _WIDTH - _LEFT - 0.3, height)
        right = _limit(dataset)
        for index in range(len(targets)):
            _row(axes, dataset.isel(target=index), index, right)
        axes.axvline(float(dataset.attrs["degree"]) + 1, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
        axes.set_yticks(range(len(targets)), targets)
        axes.set_ylim(len(targets) - 0.4, -0.6)
        axes.set_xlim(0, right)
        axes.set_xlabel("smoothness s, and rate")
        axes.tick_params(axis="y", length=0)
        for index in range(len(targets) - 1):
            axes.axhline(index + 0.5, color="#dddddd", linewidth=0.5, zorder=0)
        bottom_legend(figure, handles, 2)
    return figure


def _limit(dataset: "xr.Dataset") -> float:
    values = [
        dataset[name].values
        for name in (
            "uniform",
            "adaptive",
            "uniform_high",
            "adaptive_high",
            "rate_proved_high",
            "rate_proved_low",
        )
    ]
    everything = np.concatenate(values)
    return float(max(2.2, everything[np.isfinite(everything)].max(initial=0.0))) + 0.4


def _row(axes: "Axes", one: "xr.Dataset", index: int, right: float) -> None:
    kinds = (("uniform", BLUE, "o", -0.24), ("adaptive", VERMILLION, "s", 0.02))
    for kind, colour, marker, shift in kinds:
        value, low, high = (float(one[f"{kind}{end}"]) for end in ("", "_low", "_high"))
        declared, row = float(one[f"{kind}_declared"]), index + shift
        if isfinite(declared):
            axes.plot([declared], [row], linestyle="", marker="|", markersize=8, color=GREY, zorder=2)
        if not isfinite(value):
            continue
        if int(one[f"{kind}_status"]) == _AT_LEAST:
            _arrow(axes, low, min(low + 0.45, right - 0.05), row, colour)
            value = low
        else:
            axes.plot([low, high], [row, row], color=colour, linewidth=1.1, zorder=3)
        axes.plot([value], [row], linestyle="", marker=marker, markersize=3.6, color=colour, zorder=4)
    low, high = float(one["rate_proved_low"]), float(one["rate_proved_high"])
    row = index + 0.28
    if low == np.inf:
        axes.annotate(
            "∞", (right - 0.05, row), color=GREEN, fontsize=9, ha="right", va="center_baseline", zorder=4
        )
        return
    ends = [value for value in (low, high) if isfinite(value)]
    if not ends:
        return
    axes.plot(ends, [row] * len(ends), color=GREEN, linewidth=1.1, zorder=3)
    for value, marker in ((low, ">"), (high, "<")):
        if isfinite(value):
            axes.plot(
                [value], [row], linestyle="", marker="^" if low == high else marker, markersize=3.8, color=GREEN,
                zorder=4,
            )  # fmt: skip


def _arrow(axes: "Axes", start: float, end: float, row: float, colour: str) -> None:
    axes.annotate(
        "",
        (end, row),
        (start, row),
        arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.1},
        zorder=3,
    )
