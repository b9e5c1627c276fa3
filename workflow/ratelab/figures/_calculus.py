"""Sums and compositions of networks as drawings, with their counts, and what merging costs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ratelab.figures._grid import panel_grid
from ratelab.figures._network_drawing import draw_network, drawing_legend
from ratelab.figures._style import (
    BLUE,
    GREEN,
    GREY,
    PURPLE,
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

_COLOURS = {"first": BLUE, "second": VERMILLION, "added": GREEN, "product": PURPLE}
_LAYER, _NEURON, _GAP, _MARGIN, _CAPTION = 0.78, 0.29, 0.3, 0.2, 2.25
_FORMS = {"unmerged": (BLUE, "o"), "merged": (VERMILLION, "s")}


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``calculus-sum``, ``calculus-composition`` and ``calculus-merging``.

    Parameters
    ----------
    dataset
        Of the experiment ``calculus``.
    """
    return {
        "calculus-sum": network_sum(dataset),
        "calculus-composition": network_composition(dataset),
        "calculus-merging": merging(dataset),
    }


def network_sum(dataset: "xr.Dataset") -> Figure:
    """Draw two networks and their sum."""
    text = (
        "The shallower network is padded with identity neurons at its output, so that both have the same depth; the "
        "last maps share their output. L counts affine maps, W non-zero weights, N hidden neurons; biases are not "
        "drawn. Lines are wider for larger weights."
    )
    rows = [[("first", "f"), ("second", "g")], [("sum", "f + g")]]
    labels = {"first": "network f", "second": "network g", "added": "padding"}
    return _drawings(dataset, "A sum of two networks", text, rows, labels)


def network_composition(dataset: "xr.Dataset") -> Figure:
    """Draw two networks and their composition, with identity neurons between them and with matrices multiplied."""
    text = (
        "Unmerged, the values between f and g become identity neurons. Merged, the two matrices that meet are "
        "multiplied: one layer and these neurons less, but the product may have many more non-zero weights. L counts "
        "affine maps, W non-zero weights, N hidden neurons. Lines are wider for larger weights."
    )
    rows = [
        [("inner", "f"), ("outer", "g")],
        [("unmerged", "g ∘ f, unmerged"), ("merged", "g ∘ f, merged")],
    ]
    labels = {
        "first": "network f", "second": "network g", "added": "added neurons", "product": "product of two matrices",
    }  # fmt: skip
    return _drawings(dataset, "A composition of two networks", text, rows, labels)


def counts_text(one: "xr.Dataset") -> str:
    """Return the counts of a network, and where they were promised the bounds in brackets."""
    parts = []
    for letter, name in (("L", "depth"), ("W", "connections"), ("N", "neurons")):
        parts.append(f"{letter} = {int(one[f'graph_{name}'])} (≤ {int(one[f'bound_{name}'])})")
    if str(one["graph"].values) in ("first", "second", "inner", "outer"):
        parts = [part.partition(" (")[0] for part in parts]
    return ", ".join(parts)


def _drawings(
    dataset: "xr.Dataset",
    title: str,
    text: str,
    rows: Sequence[Sequence[tuple[str, str]]],
    labels: Mapping[str, str],
) -> Figure:
    width, line = 5.5, 0.56
    layers = {name: int(dataset["node_layer"].sel(graph=name).max()) for row in rows for name, _ in row}
    heights = [_NEURON * max(_tallest(dataset.sel(graph=name)) for name, _ in row) for row in rows]
    unit = min(_room(width, [layers[name] for name, _ in row]) for row in rows)
    heaviest = float(abs(dataset["edge_weight"]).max())
    with style():
        handles = drawing_legend(_COLOURS, labels)
        top = heading_height(text, width) + 0.1
        total = top + sum(heights) + line * len(rows) + 0.165 * -(-len(handles) // 4) + 0.1
        figure = new_figure(width, total)
        heading(figure, title, text)
        for row, height in zip(rows, heights, strict=True):
            left = _MARGIN
            for name, caption in row:
                one = dataset.sel(graph=name)
                span = unit * (layers[name] + 0.5)
                draw_network(place(figure, left, top + 0.2, span, height), one, _COLOURS, heaviest)
                words = (
                    (caption, top + 0.1, "bold", 8.0),
                    (counts_text(one), top + 0.28 + height, "normal", 7.0),
                )
                for content, below, weight, size in words:
                    figure.text(
                        (left + 0.06) / width, 1 - below / total, content, fontweight=weight, fontsize=size,
                        va="center",
                    )  # fmt: skip
                left += max(span, _CAPTION) + _GAP
            top += height + line
        bottom_legend(figure, list(handles), 4)
    return figure


def _room(width: float, layers: Sequence[int]) -> float:
    """Return the inches that a layer may take in a row of drawings, none narrower than its caption."""
    free = width - 2 * _MARGIN - (len(layers) - 1) * _GAP
    unit = _LAYER
    while sum(max(unit * (count + 0.5), _CAPTION) for count in layers) > free:
        unit *= 0.98
    return unit


def _tallest(one: "xr.Dataset") -> float:
    return 2 * float(abs(one["node_place"]).max()) + 1


def merging(dataset: "xr.Dataset") -> Figure:
    """Draw the connections of composed tents against the pieces, one panel for each number of tents."""
    text = (
        "Compositions of k tents of 2^m pieces each, m = 1, 2, …: the same function on [0,\u00a01], with identity "
        "neurons between the tents (L = 2k) or with matrices multiplied (L = k + 1). Markers are counted, crosses the "
        "closed forms, thin lines what the last composition promises."
    )
    blocks = dataset["blocks"].values
    handles = [
        Line2D([], [], color=colour, marker=marker, markerfacecolor="white", label=f"{form}, counted")
        for form, (colour, marker) in _FORMS.items()
    ]
    handles += [
        Line2D([], [], color=GREY, linewidth=0.7, label="promised"),
        Line2D([], [], color=GREY, marker="x", linestyle="", label="closed form"),
    ]
    with style():
        figure, panels = panel_grid(
            len(blocks), "What merging costs", text, handles, heights={1: 2.2, 2: 2.0, 3: 1.7}
        )
        for count, panel in zip(blocks, panels, strict=True):
            axes = panel.axes
            for form, (colour, marker) in _FORMS.items():
                one = dataset.sel(blocks=count, form=form)
                pieces = one["tent_pieces"].values
                axes.plot(pieces, one["tent_bound"].values, color=colour, linewidth=0.7, zorder=1)
                axes.plot(
                    pieces, one["tent_connections"].values, color=colour, marker=marker,
                    markerfacecolor="white", markersize=5, zorder=3,
                )  # fmt: skip
                axes.plot(
                    pieces, one["tent_formula"].values, color=GREY, marker="x", linestyle="", markersize=3,
                    zorder=4,
                )  # fmt: skip
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(10))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            panel.title(f"{count} tents")
            if panel.first:
                axes.set_ylabel("connections W")
            if panel.last:
                axes.set_xlabel("pieces on [0, 1]")
    return figure
