"""How far trainers stay from the certified bound: by size, and by the work they spend."""

from math import ceil, floor, log10
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.figures._curves import activation_of
from ratelab.figures._grid import panel_grid
from ratelab.figures._panel import BUDGET_WORDS, budget_axis, side_by_side, trained_style
from ratelab.figures._style import BLACK, GREY, style
from ratelab.report import network_text
from ratelab.spaces import seed_quantiles

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Pair = tuple[str, str]

_HEIGHTS = {1: 2.6, 2: 2.1, 3: 1.7}
_LEFT, _GAP = 0.64, 0.5


def gap_pairs(curves: "xr.Dataset", complexity: str) -> list[Pair]:
    """Return the (target, network) pairs with a positive certified end and at least two trainers.

    Only networks with ReLU, if the study has such pairs.
    """
    if "ratio_trained" not in curves:
        return []
    found = []
    for target in curves["target"].values:
        for network in curves["network"].values:
            ratio = curves["ratio_trained"].sel(target=target, network=network, complexity=complexity)
            if int(ratio.notnull().any(("budget", "seed")).sum()) > 1:
                found.append((str(target), str(network)))
    relu = [pair for pair in found if activation_of(pair[1]) == "relu"]
    return relu or found


def optimiser_gap(curves: "xr.Dataset", complexity: str) -> Figure:
    """Draw the ratio of every trainer's error to the certified lower end against the budget.

    Parameters
    ----------
    curves
        A study's dataset.
    complexity
        ``neurons`` or ``connections``: what the budgets count.

    Raises
    ------
    UserError
        If no pair has a positive lower end and two trainers.
    """
    pairs = _pairs(curves, complexity)
    trainers = _trainers(curves, pairs, complexity)
    text = (
        "Error of trained networks over the certified lower end of the error of best approximation: none is below 1. "
        "Markers are medians over seeds, bars 16–84 %, thin lines the best seed; the black line is the best network "
        "in hand, from whatever source."
    )
    handles = [_trained_handle(t, i) for i, t in enumerate(trainers)]
    handles.append(Line2D([], [], color=BLACK, linewidth=1.1, label="best network in hand"))
    with style():
        figure, panels = panel_grid(
            len(pairs), "How far from the best approximation does training stop?", text, handles,
            heights=_HEIGHTS, left=_LEFT, gap=_GAP,
        )  # fmt: skip
        for pair, panel in zip(pairs, panels, strict=True):
            _gap_panel(panel.axes, _one(curves, pair, complexity), trainers)
            panel.title(_name(pair, pairs))
            if panel.first:
                panel.axes.set_ylabel("error / certified bound")
            if panel.last:
                panel.axes.set_xlabel(BUDGET_WORDS.get(complexity, complexity))
        return figure


def error_against_work(curves: "xr.Dataset", complexity: str) -> Figure:
    """Draw the error of the best network so far against the work spent, at the largest budget.

    Parameters
    ----------
    curves, complexity
        As in `optimiser_gap`; the study has milestones.

    Raises
    ------
    UserError
        If the study has fewer than two milestones, or as `optimiser_gap`.
    """
    if curves.sizes.get("milestone", 0) < 2:
        raise UserError("figure: the study has fewer than two milestones of work")
    pairs = _pairs(curves, complexity)
    trainers = _trainers(curves, pairs, complexity)
    budget = int(curves["budget"].values[-1])
    text = (
        f"Networks of at most {budget} {complexity}: L₂ error of the best network when so much work was spent (one "
        "evaluation of a loss, a gradient or a Jacobian is nodes × connections). Lines are medians over seeds, "
        "bands 16–84 %; the error of best approximation lies in the dark band."
    )
    handles: list[Line2D | Patch] = [_trained_handle(t, i, line=True) for i, t in enumerate(trainers)]
    handles.append(Patch(facecolor=BLACK, alpha=0.3, label="bracket [lower, upper]"))
    with style():
        figure, panels = panel_grid(
            len(pairs), "What does more work buy?", text, handles, heights=_HEIGHTS, left=_LEFT, gap=_GAP
        )
        for pair, panel in zip(pairs, panels, strict=True):
            _work_panel(panel.axes, _one(curves, pair, complexity).isel(budget=-1), trainers)
            panel.title(_name(pair, pairs))
            if panel.first:
                panel.axes.set_ylabel("L₂ error")
            if panel.last:
                panel.axes.set_xlabel("work units")
        return figure


def _pairs(curves: "xr.Dataset", complexity: str) -> list[Pair]:
    pairs = gap_pairs(curves, complexity)
    if not pairs:
        raise UserError(
            f"figure: no target has a positive lower end and two trainers by '{complexity}' in these curves"
        )
    return pairs


def _trainers(curves: "xr.Dataset", pairs: list[Pair], complexity: str) -> list[str]:
    seen = [
        _one(curves, pair, complexity)["ratio_trained"].notnull().any(("budget", "seed")) for pair in pairs
    ]
    return [str(t) for t in curves["trainer"].values if any(bool(s.sel(trainer=t)) for s in seen)]


def _one(curves: "xr.Dataset", pair: Pair, complexity: str) -> "xr.Dataset":
    return curves.sel(target=pair[0], network=pair[1], complexity=complexity)


def _name(pair: Pair, pairs: list[Pair]) -> str:
    """Return the target; with the network where the figure has several."""
    several = len({network for _, network in pairs}) > 1
    return f"{pair[0]}, {network_text(pair[1])}" if several else pair[0]


def _gap_panel(axes: "Axes", one: "xr.Dataset", trainers: list[str]) -> None:
    budgets = one["budget"].values.astype(np.float64)
    lower = one["error_lower"].values
    upper = np.fmin(one["error_upper"].values, one["error_upper_closure"].values)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(1.0, color=GREY, linewidth=0.7, zorder=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        in_hand = np.where(lower > 0, upper / lower, np.nan)
    axes.plot(budgets, in_hand, color=BLACK, linewidth=1.1, zorder=4)
    mine = [t for t in trainers if one["ratio_trained"].sel(trainer=t).notnull().any()]
    for place, trainer in enumerate(mine):
        colour, marker = trained_style(trainers.index(trainer))
        table = one["ratio_trained"].sel(trainer=trainer).transpose("budget", "seed").values
        low, middle, high = seed_quantiles(table).T
        at = budgets * side_by_side(place, len(mine))
        arms = np.nan_to_num(np.maximum(np.vstack([middle - low, high - middle]), 0.0))
        axes.errorbar(
            at, middle, yerr=arms, linestyle="", marker=marker, color=colour, markerfacecolor="white",
            markersize=3.2, markeredgewidth=0.8, elinewidth=0.7, zorder=3,
        )  # fmt: skip
        best = np.where(np.isfinite(table), table, np.inf).min(axis=1)
        axes.plot(at, np.where(np.isfinite(best), best, np.nan), color=colour, linewidth=0.6, zorder=2)
    budget_axis(axes, budgets.tolist())
    axes.set_ylim(bottom=0.9)
    _vertical(axes)


def _work_panel(axes: "Axes", one: "xr.Dataset", trainers: list[str]) -> None:
    work = one["milestone"].values.astype(np.float64)
    axes.set_xscale("log")
    axes.set_yscale("log")
    lower, upper = float(one["error_lower"]), float(np.fmin(one["error_upper"], one["error_upper_closure"]))
    if lower > 0:
        # a bracket of one percent is thinner than a line: draw its edge as well
        axes.axhspan(lower, upper, color=BLACK, alpha=0.3, linewidth=0.8, zorder=1)
    for index, trainer in enumerate(trainers):
        colour, marker = trained_style(index)
        table = one["error_at_milestone"].sel(trainer=trainer).transpose("milestone", "seed").values
        if not np.isfinite(table).any():
            continue
        low, middle, high = seed_quantiles(table).T
        axes.fill_between(work, low, high, color=colour, alpha=0.15, linewidth=0, zorder=2)
        axes.plot(
            work, middle, color=colour, linewidth=1.0, marker=marker, markersize=2.6, markerfacecolor="white",
            markeredgewidth=0.7, zorder=3,
        )  # fmt: skip
    axes.set_xlim(work[0], work[-1])
    axes.xaxis.set_major_locator(LogLocator(10, numticks=5))
    axes.xaxis.set_minor_formatter(NullFormatter())
    _vertical(axes)


def _vertical(axes: "Axes") -> None:
    """Label a few decades in plain numbers, with 2 and 5 between them, and many by powers of ten."""
    low, high = axes.get_ylim()
    few = ceil(log10(high)) - floor(log10(low)) < 3
    axes.yaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=8))
    if few:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _trained_handle(trainer: str, index: int, line: bool = False) -> Line2D:
    colour, marker = trained_style(index)
    if line:
        return Line2D(
            [], [], color=colour, linewidth=1.0, marker=marker, markersize=2.6, markerfacecolor="white", label=trainer
        )  # fmt: skip
    return Line2D(
        [], [], color=colour, linestyle="", marker=marker, markerfacecolor="white", label=f"trained: {trainer}"
    )  # fmt: skip
