"""Pieces of trained networks against what their shape allows, one panel a kind of network."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.figures._grid import panel_grid
from ratelab.figures._panel import BUDGET_WORDS, budget_axis, side_by_side, trained_style
from ratelab.figures._style import BLACK, GREY, style
from ratelab.report import network_text
from ratelab.spaces import seed_quantiles

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

_LEFT, _HEIGHT = 0.6, 1.7


def has_pieces(curves: "xr.Dataset", complexity: str) -> bool:
    """Return whether pieces were counted of networks with several hidden layers; only there can they multiply."""
    return any(_depth(network) > 2 for network in _counted(curves, complexity))


def trained_pieces(curves: "xr.Dataset", complexity: str) -> Figure:
    """Draw the pieces of trained networks against the budget, and the most that their shape allows.

    Parameters
    ----------
    curves
        A study's dataset.
    complexity
        ``neurons`` or ``connections``: what the budgets count.

    Raises
    ------
    UserError
        If no pieces were counted.
    """
    networks = _counted(curves, complexity)
    if not networks:
        raise UserError(f"figure: the curves hold no pieces of trained networks by '{complexity}'")
    found = curves.sel(complexity=complexity, network=networks)
    trainers = [
        str(t) for t in found["trainer"].values if found["pieces_trained"].sel(trainer=t).notnull().any()
    ]
    text = (
        "Affine pieces on the domain, counted exactly: medians over all targets and seeds, bars 16–84 %. The thin line "
        "is the most that the shape allows: for ReLU the product of w + 1 over the hidden layers of width w, which "
        "zigzags attain from w = 3 on."
    )
    with style():
        figure, panels = panel_grid(
            len(networks),
            "How many pieces do trained networks have?",
            text,
            _legend(trainers, complexity),
            heights=dict.fromkeys((1, 2, 3), _HEIGHT),
            left=_LEFT,
        )
        highest = float(found["pieces_most"].max())
        for network, panel in zip(networks, panels, strict=True):
            _panel(panel.axes, found.sel(network=network), trainers, complexity)
            panel.axes.set_title(network_text(network), loc="left", fontweight="bold", pad=3)
            panel.axes.set_ylim(0.8, highest * 1.5)
            if panel.first:
                panel.axes.set_ylabel("pieces")
            if panel.last:
                panel.axes.set_xlabel(BUDGET_WORDS.get(complexity, complexity))
    return figure


def pooled(one: "xr.Dataset", trainer: str) -> Array:
    """Return (budget, 3): 16 %, 50 % and 84 % quantiles of the pieces over targets and seeds."""
    table = one["pieces_trained"].sel(trainer=trainer).transpose("budget", "target", "seed").values
    return seed_quantiles(table.reshape(len(table), -1))


def _counted(curves: "xr.Dataset", complexity: str) -> list[str]:
    if "pieces_trained" not in curves:
        return []
    pieces = curves["pieces_trained"].sel(complexity=complexity)
    return [str(n) for n in curves["network"].values if pieces.sel(network=n).notnull().any()]


def _panel(axes: "Axes", one: "xr.Dataset", trainers: list[str], complexity: str) -> None:
    budgets = one["budget"].values.astype(np.float64)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.plot(budgets, one["pieces_most"].values, color=BLACK, linewidth=0.7, zorder=2)
    largest = one["pieces_trained"].max(("target", "trainer", "seed")).values
    axes.plot(budgets, largest, color=GREY, linestyle=":", linewidth=0.9, zorder=2)
    if complexity == "neurons" and _depth(str(one["network"].values)) > 2:
        axes.plot(budgets, budgets + 1, color=GREY, linestyle=(0, (4, 2)), linewidth=0.8, zorder=1)
    mine = [t for t in trainers if one["pieces_trained"].sel(trainer=t).notnull().any()]
    for trainer in mine:
        index = trainers.index(trainer)
        colour, marker = trained_style(index)
        table = pooled(one, trainer)
        middle = table[:, 1]
        arms = np.nan_to_num(np.vstack([middle - table[:, 0], table[:, 2] - middle]))
        axes.errorbar(
            budgets * side_by_side(mine.index(trainer), len(mine)), middle, yerr=np.maximum(arms, 0.0), linestyle="",
            marker=marker, color=colour, markerfacecolor="white", markersize=3.4, markeredgewidth=0.8,
            elinewidth=0.7, zorder=3,
        )  # fmt: skip
    budget_axis(axes, budgets.tolist())
    axes.yaxis.set_major_locator(LogLocator(10))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _depth(network: str) -> int:
    return int(network.rpartition("/depth=")[2])


def _legend(trainers: list[str], complexity: str) -> list[Line2D]:
    handles = [
        Line2D(
            [],
            [],
            color=colour,
            linestyle="",
            marker=marker,
            markerfacecolor="white",
            label=f"trained: {trainer}",
        )
        for trainer, (colour, marker) in zip(
            trainers, [trained_style(i) for i in range(len(trainers))], strict=True
        )
    ]
    handles += [
        Line2D([], [], color=GREY, linestyle=":", linewidth=0.9, label="largest of all fits"),
        Line2D([], [], color=BLACK, linewidth=0.7, label="most that the shape allows"),
    ]
    if complexity == "neurons":
        handles.append(
            Line2D([], [], color=GREY, linestyle=(0, (4, 2)), linewidth=0.8, label="one hidden layer, N + 1")
        )
    return handles
