"""Error against size: one panel a target, brackets as bands, trained networks as markers."""

from collections.abc import Sequence
from math import ceil, floor, inf, isfinite, log10
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter, NullLocator

from ratelab._errors import UserError
from ratelab.figures._curves import Curve, activation_of, all_curves, positive
from ratelab.figures._style import (
    COLOURS,
    GREY,
    MARKERS,
    WIDTHS,
    heading,
    heading_height,
    new_figure,
    place,
    style,
)
from ratelab.report import SlopeRow, interval_text, network_text

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_LEFT, _GAP, _ROW_GAP, _LEGEND_ROW = 0.52, 0.42, 0.42, 0.165
_PANEL_HEIGHTS = {1: 2.3, 2: 2.0, 3: 1.55}
_DECADES = 13  # below that, relative to the largest value, float64 errors are roundoff
_TRAINED = (("#D55E00", "o"), ("#009E73", "^"), ("#CC79A7", "s"), ("#E69F00", "D"))
LineStyle = Literal["-", "--"]
_WORDS = {"neurons": "neurons N", "connections": "connections W"}


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
    title = "How well can networks approximate, and how well do trained ones?"
    text = (
        "The error of best approximation lies in the band: the thin line bounds every network of that size from "
        "below, filled markers are the best network in hand. Open markers are what training found: medians over "
        "seeds, 16–84 %."
    )
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
    columns = 2 if len(targets) in (2, 4) else min(3, len(targets))
    rows = ceil(len(targets) / columns)
    with style():
        handles = _legend(found, networks, trainers)
        width, panel_height = WIDTHS[columns], _PANEL_HEIGHTS[columns]
        per_row = 4 if columns == 3 else 3
        top = heading_height(text, width) + 0.22
        legend_height = _LEGEND_ROW * ceil(len(handles) / per_row) + 0.1
        height = top + rows * panel_height + (rows - 1) * _ROW_GAP + 0.42 + legend_height + 0.08
        figure = new_figure(width, height)
        heading(figure, title, text)
        panel_width = (width - _LEFT - 0.12 - (columns - 1) * _GAP) / columns
        for index, target in enumerate(targets):
            row, column = divmod(index, columns)
            axes = place(
                figure,
                _LEFT + column * (panel_width + _GAP),
                top + row * (panel_height + _ROW_GAP),
                panel_width,
                panel_height,
            )
            mine = [curve for curve in found if curve.target == target]
            _panel(axes, mine, networks, trainers)
            if column == 0:
                axes.set_ylabel("L₂ error")
            if index + columns >= len(targets):
                axes.set_xlabel(_WORDS.get(complexity, complexity))
        figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0.06 / width, 0.04 / height),
            ncols=per_row,
            frameon=False,
            handlelength=1.8,
            columnspacing=1.2,
            labelspacing=0.35,
            borderaxespad=0.0,
        )
    return figure


def _panel(axes: "Axes", found: list[Curve], networks: list[str], trainers: list[str]) -> None:
    axes.set_title(found[0].target, loc="left", fontweight="bold", pad=3)
    axes.set_xscale("log")
    axes.set_yscale("log")
    budgets = found[0].budgets
    shown = [b for b in budgets if log10(b) / log10(2) % 1 == 0] or list(budgets)
    axes.set_xlim(budgets[0] / 1.15, budgets[-1] * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.set_xticks(shown, [f"{b:g}" for b in shown])
    axes.xaxis.set_minor_locator(FixedLocator(list(budgets)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    bottom = _limits(axes, found, trainers)
    single = len(networks) == 1
    for curve in found:
        _bracket(axes, curve, networks, bottom)
        for index, trainer in enumerate(trainers):
            if trainer in curve.trained:
                colour = _TRAINED[index % 4][0] if single else _colour(networks, curve.network)
                _trained(axes, curve, trainer, index, len(trainers), colour)
    if trainers or single:
        _slopes(axes, found, networks)


def _bracket(axes: "Axes", curve: Curve, networks: list[str], bottom: float) -> None:
    colour = _colour(networks, curve.network)
    marker = MARKERS[networks.index(curve.network) % len(MARKERS)]
    lower, upper = positive(curve.lower), positive(curve.upper)
    if curve.bracketed:
        axes.fill_between(curve.budgets, lower, upper, color=colour, alpha=0.3, linewidth=0, zorder=2)
        axes.plot(curve.budgets, lower, _lower_line(curve), color=colour, linewidth=0.7, zorder=3)
    style_of_line = "-" if networks.index(curve.network) < len(COLOURS) else "--"
    axes.plot(curve.budgets, upper, style_of_line, color=colour, marker=marker, zorder=4, markeredgewidth=0.7)
    limits = curve.in_closure & (curve.upper > 0)
    axes.plot(
        curve.budgets[limits],
        upper[limits],
        linestyle="",
        marker=marker,
        color=colour,
        markerfacecolor="white",
        zorder=5,
    )
    for attained in (True, False):
        zeros = curve.budgets[(curve.upper == 0) & (curve.in_closure != attained)]
        face = colour if attained else "white"
        place_at = np.full(len(zeros), bottom)
        axes.plot(
            zeros, place_at, linestyle="", marker="v", markersize=5, color=colour, markerfacecolor=face,
            clip_on=False, zorder=6,
        )  # fmt: skip


def _lower_line(curve: Curve) -> LineStyle:
    return "-" if curve.rigorous else "--"


def _trained(axes: "Axes", curve: Curve, trainer: str, index: int, count: int, colour: str) -> None:
    table = curve.trained[trainer]
    shift = 1.035 ** (2 * index - count + 1)
    middle = positive(table[:, 1])
    with np.errstate(invalid="ignore"):
        arms = np.vstack([middle - np.maximum(table[:, 0], 1e-300), table[:, 2] - middle])
    axes.errorbar(
        curve.budgets * shift,
        middle,
        yerr=np.where(np.isfinite(arms), np.maximum(arms, 0.0), 0.0),
        linestyle="",
        marker=_TRAINED[index % 4][1],
        color=colour,
        markerfacecolor="white",
        markersize=3.2,
        markeredgewidth=0.8,
        elinewidth=0.7,
        zorder=3.5,
    )


def _limits(axes: "Axes", found: list[Curve], trainers: list[str]) -> float:
    """Set the vertical range and its ticks, and return the floor on which exact zeros are drawn."""
    values = [
        v
        for c in found
        for v in (c.lower, c.upper, *(c.trained[t].ravel() for t in trainers if t in c.trained))
    ]
    everything = np.concatenate(values)
    seen = everything[np.isfinite(everything) & (everything > 0)]
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.1, 1.0)
    low = max(low, high * 10.0**-_DECADES)
    if any((curve.upper == 0).any() for curve in found):
        low /= 4
    if high / low < 10:
        low, high = low / 2, high * 2
    room = (high / low) ** 0.08
    bottom, top = low / room, high * room
    axes.set_ylim(bottom, top)
    decades = ceil(log10(top)) - floor(log10(bottom))
    axes.yaxis.set_major_locator(LogLocator(10, numticks=max(3, min(decades + 1, 5))))
    axes.yaxis.set_minor_locator(
        LogLocator(10, subs=tuple(range(2, 10)), numticks=20) if decades < 5 else NullLocator()
    )
    axes.yaxis.set_minor_formatter(NullFormatter())
    return float(bottom)


def _slopes(axes: "Axes", found: list[Curve], networks: list[str]) -> None:
    """Shade the latest octave, print its slopes, and draw what theory predicts as a dashed line."""
    rows = [(curve, curve.row) for curve in found if curve.row is not None]
    window = next((row.octave for _, row in rows), "")
    if window:
        start, end = (float(part) for part in window.split("-"))
        axes.axvspan(start, end, color="#000000", alpha=0.05, linewidth=0, zorder=0)
    texts = [(text, curve) for curve, row in rows[:3] for text in reversed(_slope_text(curve, row))]
    for index, (text, curve) in enumerate(texts):
        axes.annotate(
            text,
            (0.03, 0.0),
            xycoords="axes fraction",
            xytext=(0, 5 + 9 * index),
            textcoords="offset points",
            fontsize=6.5,
            color=_colour(networks, curve.network),
            zorder=7,
        )
    drawn: set[float] = set()
    for curve, row in rows:
        rate = row.predicted[0]
        if isfinite(rate) and rate > 0 and rate not in drawn and not (curve.upper == 0).any():
            drawn.add(rate)
            _reference(axes, found, rate)


def _slope_text(curve: Curve, row: SlopeRow) -> list[str]:
    theory = interval_text(*row.predicted)
    expected = "" if theory == "–" else f"theory {theory}"
    zeros = np.flatnonzero(curve.upper == 0)
    if len(zeros):
        return [f"error 0 from {curve.budgets[zeros[0]]:g} on"]
    slope = interval_text(*row.octave_slope, outward=True)
    if slope == "–" or row.octave_slope[0] <= 0 or not isfinite(row.octave_slope[1]):
        return [expected] if expected else []
    measured = f"slope {row.octave.replace('-', '–')}: {slope}"
    return [measured, expected] if expected else [measured]


def _reference(axes: "Axes", found: list[Curve], rate: float) -> None:
    budgets = found[0].budgets
    end = budgets[-1]
    span = np.array([max(end / 4, budgets[0]), end])
    ends = [np.fmin(positive(curve.lower), positive(curve.upper)) for curve in found]
    inside = (budgets >= span[0]) & (budgets <= span[1])
    heights = [e * (budgets / end) ** rate for e in ends]
    level = min((float(np.nanmin(h[inside])) for h in heights if np.isfinite(h[inside]).any()), default=inf)
    if not isfinite(level):
        return
    low, high = axes.get_ylim()
    level = level * (low / high) ** 0.05
    axes.plot(span, level * (span / end) ** -rate, linestyle=(0, (4, 2)), color=GREY, linewidth=0.8, zorder=1)


def _colour(networks: list[str], network: str) -> str:
    return COLOURS[networks.index(network) % len(COLOURS)]


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
                color=_colour(networks, network),
                linestyle=line,
                marker=marker,
                label=network_text(network),
            )
        )
    if any(curve.bracketed for curve in found):
        colour = COLOURS[0] if len(networks) == 1 else GREY
        handles.append(Patch(facecolor=colour, alpha=0.3, label="bracket [lower, upper]"))
        kinds = dict.fromkeys(_lower_line(curve) for curve in found if curve.bracketed)
        for kind in kinds:
            label = "lower end, certified" if kind == "-" else "lower end, numerical"
            handles.append(Line2D([], [], color=colour, linestyle=kind, linewidth=0.7, label=label))
    for index, trainer in enumerate(trainers):
        colour, marker = _TRAINED[index % 4] if len(networks) == 1 else (GREY, _TRAINED[index % 4][1])
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
