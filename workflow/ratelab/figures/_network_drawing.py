"""Networks drawn as graphs: layers from left to right, what a node does by its shape, where it comes from by colour."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from ratelab.figures._style import BLACK, GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

MARKERS = {"input": ".", "activation": "o", "identity": "s", "output": "D"}
_SIZES = {"input": 5.0, "activation": 7.5, "identity": 6.5, "output": 4.5}
_THIN, _THICK = 0.5, 2.2


def draw_network(axes: "Axes", one: "xr.Dataset", colours: Mapping[str, str], heaviest: float) -> None:
    """Draw one network into empty axes.

    Parameters
    ----------
    axes
        Their frame is taken away; units are layers to the right and neurons upwards.
    one
        The variables ``node_…`` and ``edge_…`` of one graph, as the experiment ``calculus`` writes them.
    colours
        Origin → colour; what is not named is black.
    heaviest
        Largest modulus of a weight in the figure: its line is the widest.
    """
    layer, place = one["node_layer"].values, one["node_place"].values
    there = layer >= 0
    kinds = _names(one["node_kind"])
    origins = _names(one["node_origin"])
    _edges(axes, one, np.stack([layer, -place], axis=1).astype(np.float64), colours, heaviest)
    for index in np.flatnonzero(there):
        kind, colour = kinds[index], colours.get(origins[index], BLACK)
        axes.plot(
            layer[index], -place[index], linestyle="", marker=MARKERS[kind], markersize=_SIZES[kind],
            markerfacecolor=colour if kind in ("input", "output") else "white", markeredgecolor=colour,
            markeredgewidth=1.3, zorder=3,
        )  # fmt: skip
    axes.set_axis_off()
    reach = float(np.abs(place[there]).max()) + 0.5
    axes.set_ylim(-reach, reach)
    axes.set_xlim(-0.25, float(layer.max()) + 0.25)


def drawing_legend(colours: Mapping[str, str], labels: Mapping[str, str]) -> Sequence[Line2D]:
    """Return the handles: shapes in grey, then the origins that have a label in their colours, then signs."""
    words = {
        "input": "input", "activation": "neuron with ReLU", "identity": "identity neuron", "output": "output",
    }  # fmt: skip
    handles = [
        Line2D(
            [], [], linestyle="", marker=MARKERS[kind], color=GREY, label=text, markersize=_SIZES[kind],
            markerfacecolor=GREY if kind in ("input", "output") else "white", markeredgewidth=1.3,
        )
        for kind, text in words.items()
    ]  # fmt: skip
    handles += [
        Line2D([], [], color=colours[name], linewidth=1.6, label=text) for name, text in labels.items()
    ]
    handles.append(
        Line2D([], [], color=GREY, linestyle=(0, (3, 1.5)), linewidth=1.2, label="negative weight")
    )
    return handles


def _names(flags: "xr.DataArray") -> list[str]:
    meanings = dict(
        zip(flags.attrs["flag_values"].tolist(), str(flags.attrs["flag_meanings"]).split(), strict=True)
    )
    return [meanings.get(int(value), "") for value in flags.values]


def _edges(
    axes: "Axes", one: "xr.Dataset", points: np.ndarray, colours: Mapping[str, str], heaviest: float
) -> None:
    start, end, weight = (one[f"edge_{name}"].values for name in ("from", "to", "weight"))
    origins = _names(one["edge_origin"])
    drawn = np.flatnonzero(start >= 0)
    for negative in (False, True):
        chosen = [i for i in drawn if (weight[i] < 0) == negative]
        axes.add_collection(
            LineCollection(
                [points[[start[i], end[i]]] for i in chosen],
                linewidths=[_THIN + (_THICK - _THIN) * abs(weight[i]) / heaviest for i in chosen],
                colors=[colours.get(origins[i], BLACK) for i in chosen],
                linestyles=(0, (3, 1.5)) if negative else "solid",
                zorder=2,
            ),
            autolim=False,
        )
