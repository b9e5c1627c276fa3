"""Size against hidden layers: what depth saves on functions with very many pieces."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ratelab.figures._style import (
    BLUE,
    GREY,
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

_KINDS = {"tents": (BLUE, "o"), "zigzags": (VERMILLION, "s")}
_WIDTH, _HEIGHT, _LEFT, _GAP = 5.5, 2.1, 0.62, 0.34


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figure ``depth-gap``.

    Parameters
    ----------
    dataset
        Of the experiment ``depth-gap``.
    """
    return {"depth-gap": depth_gap(dataset)}


def depth_gap(dataset: "xr.Dataset") -> Figure:
    """Draw the bracket of the least size for each number of hidden layers, one panel a family."""
    families = [str(name) for name in dataset["family"].values]
    text = (
        f"Hidden neurons that networks need to equal a composition of {dataset.attrs['layers']} layers of "
        f"{dataset.attrs['width']} neurons on [0,\u00a01], with fewer hidden layers. The least size lies in the band: "
        "no network is smaller than its lower end, markers are networks in hand, compared exactly."
    )
    with style():
        top = heading_height(text, _WIDTH) + 0.22
        handles = _legend(dataset, families)
        figure = new_figure(_WIDTH, top + _HEIGHT + 0.44 + 0.165 * 2 + 0.06)
        heading(figure, "What depth saves", text)
        panel = (_WIDTH - _LEFT - 0.12 - (len(families) - 1) * _GAP) / len(families)
        highest = float(dataset["size_upper"].max()) * 1.4
        lowest = max(0.8, min(float(dataset["size_lower"].min()), float(dataset["size_paper"].min())) / 1.4)
        for index, family in enumerate(families):
            axes = place(figure, _LEFT + index * (panel + _GAP), top, panel, _HEIGHT)
            _panel(axes, dataset.sel(family=family), family)
            axes.set_yscale("log")
            axes.set_ylim(lowest, highest)
            axes.yaxis.set_major_locator(LogLocator(10))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.set_xlabel("hidden layers")
            if index == 0:
                axes.set_ylabel("size (hidden neurons)")
        bottom_legend(figure, handles, 3)
    return figure


def _panel(axes: "Axes", one: "xr.Dataset", family: str) -> None:
    colour, marker = _KINDS[family]
    hidden, lower, upper = (one[name].values for name in ("hidden", "size_lower", "size_upper"))
    axes.set_title(f"{family}, {int(one['family_pieces']):,} pieces", loc="left", fontweight="bold", pad=3)
    axes.axhline(float(one["family_size"]), color=GREY, linewidth=0.9, linestyle=":", zorder=1)
    axes.fill_between(hidden, lower, upper, color=colour, alpha=0.3, linewidth=0, zorder=2)
    axes.plot(hidden, lower, color=colour, linewidth=0.7, zorder=3)
    axes.plot(hidden, upper, color=colour, marker=marker, linestyle="-", zorder=4)
    if family == "tents":
        axes.plot(
            hidden, one["size_paper"].values, color=GREY, linestyle=(0, (4, 2)), linewidth=0.8, zorder=1
        )
    axes.set_xticks(hidden)
    axes.set_xlim(hidden[0] - 0.3, hidden[-1] + 0.75)
    for k, low, high in zip(hidden, lower, upper, strict=True):
        text = f"{high:,}" if low == high else f"{low:,}–{high:,}"
        axes.annotate(
            text,
            (k, high),
            xytext=(5, 0) if k == hidden[0] else (3, 4),
            textcoords="offset points",
            fontsize=6.5,
            color=colour,
            ha="left",
        )


def _legend(dataset: "xr.Dataset", families: list[str]) -> list[Line2D | Patch]:
    colour, marker = _KINDS[families[0]] if len(families) == 1 else (GREY, "")
    return [
        Line2D([], [], color=colour, marker=marker or "o", label="network in hand"),
        Line2D([], [], color=colour, linewidth=0.7, label="lower end, proved"),
        Patch(facecolor=colour, alpha=0.3, label="bracket of the least size"),
        Line2D(
            [], [], color=GREY, linestyle=(0, (4, 2)), linewidth=0.8, label="the paper's bound, as recalled"
        ),
        Line2D([], [], color=GREY, linewidth=0.9, linestyle=":", label="size of the composition"),
    ]
