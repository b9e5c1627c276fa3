"""Error against size: one panel a target, brackets as bands, trained networks as markers."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ratelab._errors import UserError
from ratelab.figures._curves import Curve, activation_of, all_curves
from ratelab.figures._grid import panel_grid
from ratelab.figures._panel import (
    BUDGET_WORDS,
    LineStyle,
    draw_panel,
    lower_line,
    network_colour,
    trained_style,
)
from ratelab.figures._style import COLOURS, GREY, MARKERS, style
from ratelab.report import network_text

if TYPE_CHECKING:
    import xarray as xr

_PANEL_HEIGHTS = {1: 2.3, 2: 2.0, 3: 1.55}


def error_curves(
    curves: "xr.Dataset",
    rates: "xr.Dataset",
    complexity: str,
    targets: Sequence[str] | None = None,
    networks: Sequence[str] | None = None,
) -> Figure:
    """Draw error against budget, one panel a target: bracket, best network in hand, trained networks.

    Parameters
    ----------
    curves, rates
        A study's datasets.
    complexity
        ``neurons`` or ``connections``: what the budgets count.
    targets, networks
        Labels to show; None is every target, and the networks with ReLU (all, if the study has none).

    Raises
    ------
    UserError
        If nothing of this is in the datasets.
    """
    found = _chosen(all_curves(curves, rates, complexity), targets, networks)
    if networks is None:
        relu = [curve for curve in found if activation_of(curve.network) == "relu"]
        found = relu or found
    title = "How well can networks approximate?"
    text = (
        "The error of best approximation lies in the band: the thin line bounds every network of that size from "
        "below, filled markers are the best network in hand."
    )
    if any(curve.trained for curve in found):
        title = "How well can networks approximate, and how well do trained ones?"
        text += " Open markers are what training found: medians over seeds, 16–84 %."
    return _panels(found, complexity, title, text, trained=True)


def activation_curves(
    curves: "xr.Dataset", rates: "xr.Dataset", complexity: str, targets: Sequence[str] | None = None
) -> Figure:
    """Draw the best error in hand of every kind of network, one panel a target.

    Parameters
    ----------
    curves, rates, complexity
        As in `error_curves`.
    targets
        Labels to show; None is every target with at least two activations (every target, if there is none).

    Raises
    ------
    UserError
        If nothing of this is in the datasets.
    """
    found = _chosen(all_curves(curves, rates, complexity), targets, None)
    if targets is None:
        several = {
            c.target
            for c in found
            if len({activation_of(o.network) for o in found if o.target == c.target}) > 1
        }
        found = [curve for curve in found if curve.target in several] or found
    title = "The best network in hand, by activation"
    text = (
        "Every marker is an upper end of the error of best approximation. Where there is a thin line, no network of "
        "that kind and size does better; without one, nothing better than the markers is known to us."
    )
    return _panels(found, complexity, title, text, trained=False)


def _chosen(found: list[Curve], targets: Sequence[str] | None, networks: Sequence[str] | None) -> list[Curve]:
    kept = [
        c
        for c in found
        if (targets is None or c.target in targets) and (networks is None or c.network in networks)
    ]
    if not kept:
        raise UserError("figure: the datasets hold no curve of these targets and networks")
    return kept


def _panels(found: list[Curve], complexity: str, title: str, text: str, trained: bool) -> Figure:
    targets = list(dict.fromkeys(curve.target for curve in found))
    networks = list(dict.fromkeys(curve.network for curve in found))
    trainers = list(dict.fromkeys(t for c in found for t in c.trained)) if trained else []
    with style():
        figure, panels = panel_grid(
            len(targets), title, text, _legend(found, networks, trainers), heights=_PANEL_HEIGHTS
        )
        for target, panel in zip(targets, panels, strict=True):
            draw_panel(panel.axes, [curve for curve in found if curve.target == target], networks, trainers)
            if panel.first:
                panel.axes.set_ylabel("L₂ error")
            if panel.last:
                panel.axes.set_xlabel(BUDGET_WORDS.get(complexity, complexity))
    return figure


def _legend(found: list[Curve], networks: list[str], trainers: list[str]) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = []
    for network in networks:
        index = networks.index(network)
        line: LineStyle = "-" if index < len(COLOURS) else "--"
        marker = MARKERS[index % len(MARKERS)]
        handles.append(
            Line2D(
                [],
                [],
                color=network_colour(networks, network),
                linestyle=line,
                marker=marker,
                label=network_text(network),
            )
        )
    if any(curve.bracketed for curve in found):
        colour = COLOURS[0] if len(networks) == 1 else GREY
        handles.append(Patch(facecolor=colour, alpha=0.3, label="bracket [lower, upper]"))
        kinds = dict.fromkeys(lower_line(curve) for curve in found if curve.bracketed)
        for kind in kinds:
            label = "lower end, certified" if kind == "-" else "lower end, numerical"
            handles.append(Line2D([], [], color=colour, linestyle=kind, linewidth=0.7, label=label))
    for index, trainer in enumerate(trainers):
        colour, marker = trained_style(index)
        colour = colour if len(networks) == 1 else GREY
        handles.append(
            Line2D(
                [],
                [],
                color=colour,
                linestyle="",
                marker=marker,
                markerfacecolor="white",
                label=f"trained: {trainer}",
            )
        )
    if trainers or len(networks) == 1:
        if any(c.row is not None and isfinite(c.row.predicted[0]) for c in found):
            handles.append(
                Line2D([], [], color=GREY, linestyle=(0, (4, 2)), linewidth=0.8, label="slope of theory")
            )
        if any(c.row is not None and c.row.octave for c in found):
            handles.append(Patch(facecolor="#000000", alpha=0.08, label="window of the slope"))
    zeros = [(c.upper == 0) for c in found]
    if any((z & ~c.in_closure).any() for z, c in zip(zeros, found, strict=True)):
        handles.append(
            Line2D([], [], color=GREY, linestyle="", marker="v", markersize=5, label="error 0, reached")
        )
    if any((z & c.in_closure).any() for z, c in zip(zeros, found, strict=True)):
        handles.append(
            Line2D(
                [],
                [],
                color=GREY,
                linestyle="",
                marker="v",
                markersize=5,
                markerfacecolor="white",
                label="error 0, in the limit",
            )
        )
    if any(((c.upper > 0) & c.in_closure).any() for c in found):
        handles.append(
            Line2D(
                [],
                [],
                color=GREY,
                linestyle="",
                marker="o",
                markerfacecolor="white",
                label="in the limit only",
            )
        )
    return handles
