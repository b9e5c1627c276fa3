"""One panel of error against size: brackets as bands, trained networks as markers, theory as a slope."""

from collections.abc import Sequence
from math import ceil, exp, floor, inf, isfinite, log10
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter, NullLocator

from ratelab.figures._curves import Curve, positive
from ratelab.figures._style import (
    BLACK,
    COLOURS,
    GREEN,
    GREY,
    MARKERS,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
)
from ratelab.report import SlopeRow, interval_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

LineStyle = Literal["-", "--"]

BUDGET_WORDS = {"neurons": "neurons N", "connections": "connections W"}
_TRAINED = (
    (VERMILLION, "o"), (GREEN, "^"), (PURPLE, "s"), (ORANGE, "D"), (SKY, "v"), (GREY, "P"), (BLACK, "X"),
)  # fmt: skip
_ROOM = 3.0  # points between printed slopes and what is drawn
_DECADES = 13  # below that, relative to the largest value, float64 errors are roundoff


def budget_axis(axes: "Axes", budgets: Sequence[float]) -> None:
    """Limit and label a logarithmic axis of budgets: all of a few, else the powers of two among them."""
    powers = [b for b in budgets if log10(b) / log10(2) % 1 == 0]
    shown = powers if powers and len(budgets) > 6 else list(budgets)
    axes.set_xlim(budgets[0] / 1.15, budgets[-1] * 1.15)
    axes.set_xticks(shown, [f"{b:g}" for b in shown])
    axes.xaxis.set_minor_locator(FixedLocator(list(budgets)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def draw_panel(axes: "Axes", found: list[Curve], networks: list[str], trainers: list[str]) -> None:
    """Draw the curves of one target; `networks` and `trainers` are those of the whole figure."""
    axes.set_title(found[0].target, loc="left", fontweight="bold", pad=3)
    axes.set_xscale("log")
    axes.set_yscale("log")
    budgets = found[0].budgets
    budget_axis(axes, budgets.tolist())
    _limits(axes, found, trainers)
    single = len(networks) == 1
    for curve in found:
        _bracket(axes, curve, networks)
        mine = [trainer for trainer in trainers if trainer in curve.trained]
        for place, trainer in enumerate(mine):
            index = trainers.index(trainer)
            colour = trained_style(index)[0] if single else network_colour(networks, curve.network)
            _trained(axes, curve, trainer, index, side_by_side(place, len(mine)), colour)
    if trainers or single:
        make_room(axes, _slopes(axes, found, networks))
    for curve in found:
        _zeros(axes, curve, network_colour(networks, curve.network))


def make_room(axes: "Axes", texts: Sequence["Text"]) -> None:
    """Lower a logarithmic axis until no line, marker or bar crosses texts at its lower left corner."""
    boxes = [text.get_window_extent() for text in texts]
    if not boxes:
        return
    gap = _ROOM * axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    frame = axes.get_window_extent()
    right = max(box.x1 for box in boxes) + gap
    top = (max(box.y1 for box in boxes) + gap - frame.y0) / frame.height
    paths = [np.asarray(line.get_xydata()) for line in axes.lines]
    paths += [part for drawn in axes.collections if isinstance(drawn, LineCollection)
              for part in np.asarray(drawn.get_segments())]  # fmt: skip
    lowest = inf
    for path in paths:
        seen = path[np.isfinite(path).all(axis=1) & (path > 0).all(axis=1)]
        if not len(seen):
            continue
        x, y = axes.transData.transform(seen).T
        if x[0] <= right:
            across = np.append(x[x <= right], right if x[-1] > right else x[0])
            lowest = min(lowest, float(np.interp(across, x, y).min()), float(y[x <= right].min()))
    height = (lowest - frame.y0) / frame.height
    if height < top:
        low, high = axes.get_ylim()
        axes.set_ylim(low / (high / low) ** ((top - height) / (1 - top)), high)


def _bracket(axes: "Axes", curve: Curve, networks: list[str]) -> None:
    colour = network_colour(networks, curve.network)
    marker = MARKERS[networks.index(curve.network) % len(MARKERS)]
    lower, upper = positive(curve.lower), positive(curve.upper)
    if curve.bracketed:
        axes.fill_between(curve.budgets, lower, upper, color=colour, alpha=0.3, linewidth=0, zorder=2)
        axes.plot(curve.budgets, lower, lower_line(curve), color=colour, linewidth=0.7, zorder=3)
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


def _zeros(axes: "Axes", curve: Curve, colour: str) -> None:
    """Mark errors that are exactly zero on the floor of the axis."""
    for attained in (True, False):
        zeros = curve.budgets[(curve.upper == 0) & (curve.in_closure != attained)]
        face = colour if attained else "white"
        floor_of_axis = np.full(len(zeros), axes.get_ylim()[0])
        axes.plot(
            zeros, floor_of_axis, linestyle="", marker="v", markersize=5, color=colour, markerfacecolor=face,
            clip_on=False, zorder=6,
        )  # fmt: skip


def lower_line(curve: Curve) -> LineStyle:
    """Return how a lower end is drawn: solid if certified."""
    return "-" if curve.rigorous else "--"


def _trained(axes: "Axes", curve: Curve, trainer: str, index: int, shift: float, colour: str) -> None:
    table = curve.trained[trainer]
    middle = positive(table[:, 1])
    with np.errstate(invalid="ignore"):
        arms = np.vstack([middle - np.maximum(table[:, 0], 1e-300), table[:, 2] - middle])
    axes.errorbar(
        curve.budgets * shift,
        middle,
        yerr=np.where(np.isfinite(arms), np.maximum(arms, 0.0), 0.0),
        linestyle="",
        marker=trained_style(index)[1],
        color=colour,
        markerfacecolor="white",
        markersize=3.2,
        markeredgewidth=0.8,
        elinewidth=0.7,
        zorder=3.5,
    )


def _limits(axes: "Axes", found: list[Curve], trainers: list[str]) -> None:
    """Set the vertical range and its ticks, with room for exact zeros on the floor."""
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


def _slopes(axes: "Axes", found: list[Curve], networks: list[str]) -> list["Text"]:
    """Shade the latest octave, draw what theory predicts as a dashed line, and return the printed slopes."""
    rows = [(curve, curve.row) for curve in found if curve.row is not None]
    window = next((row.octave for _, row in rows), "")
    if window:
        start, end = (float(part) for part in window.split("-"))
        axes.axvspan(start, end, color="#000000", alpha=0.05, linewidth=0, zorder=0)
    texts = [(text, curve) for curve, row in rows[:3] for text in reversed(_slope_text(curve, row))]
    printed: list[Text] = [
        axes.annotate(
            text,
            (0.03, 0.0),
            xycoords="axes fraction",
            xytext=(0, 5 + 9 * index),
            textcoords="offset points",
            fontsize=6.5,
            color=network_colour(networks, curve.network),
            zorder=7,
        )
        for index, (text, curve) in enumerate(texts)
    ]
    drawn: set[float] = set()
    for curve, row in rows:
        rate = row.predicted[0]
        if isfinite(rate) and rate > 0 and rate not in drawn and not (curve.upper == 0).any():
            drawn.add(rate)
            _reference(axes, found, rate)
    return printed


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


def side_by_side(index: int, count: int) -> float:
    """Return by which factor the marks of one of several trainers are moved along the budgets, at most a tenth."""
    reach = min(0.035 * (count - 1), 0.1)
    return float(exp(reach * (2 * index / (count - 1) - 1))) if count > 1 else 1.0


def trained_style(index: int) -> tuple[str, str]:
    """Return the (colour, marker) of a trainer, by its place among those of the figure."""
    turn, place = divmod(index, len(_TRAINED))
    return _TRAINED[place][0], _TRAINED[(place + turn) % len(_TRAINED)][1]


def network_colour(networks: list[str], network: str) -> str:
    """Return the colour of a network, by its place among those of the figure."""
    return COLOURS[networks.index(network) % len(COLOURS)]
