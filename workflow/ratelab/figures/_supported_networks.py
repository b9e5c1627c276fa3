"""Networks that match function and support: error and excess against the grid, and what a pooling saves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from ratelab.figures._grid import Panel, panel_grid
from ratelab.figures._layerwise_rates import readable
from ratelab.figures._log_ticks import label_ticks, log_axis
from ratelab.figures._style import BLUE, GREEN, GREY, ORANGE, VERMILLION, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_LOOKS = {
    "hats": (BLUE, "o", "tensor hats, poolings"),
    "mask": (VERMILLION, "s", "mask × network, one pooling more than that"),
    "gate": (GREEN, "^", "gate by a mask, no pooling"),
    "kuhn": (ORANGE, "D", "hats on simplices, no pooling"),
}
_KNOWN = ("hats", "mask")
"""Methods whose supports are known exactly."""
_HEIGHTS = {1: 2.1, 2: 1.9, 3: 1.75}
_COUNTS = {1: 2.6, 2: 2.4, 3: 2.2}
_LINE = 0.135  # inches from text to text
_MOST_SPACINGS = 7
_DASHES = (0, (4, 2))
_SHIFT = {"hats": 0.94, "mask": 1.06, "gate": 1.0, "kuhn": 1.0}
"""Methods are moved apart a little along the axis of spacings, where they share values."""


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``support-rates`` and ``support-counts``.

    Parameters
    ----------
    dataset
        Of the experiment ``supported-networks``.
    """
    return {"support-rates": rates(dataset), "support-counts": counts(dataset)}


def rates(dataset: "xr.Dataset") -> Figure:
    """Draw error over Lipschitz constant and excess of the support against the grid spacing, by dimension."""
    dimensions = _dimensions(dataset)
    text = (
        "Above: largest error seen, over the Lipschitz constant L of the target; each thin line is a target, dashed "
        f"the proved bound. Below: the farthest point of {_which_supports(dataset)} from the target's, proved upper "
        "end, maximum norm; dashed is h, or h plus the margin of a mask, proved before anything is measured"
        f"{_unproved(dataset)}. Every network is certified zero on all of the complement, unbounded part included: "
        f"{_certified(dataset)}."
    )
    if bool((dataset["excess_high"] == 0).any()):
        text += " An excess of 0 is not drawn."
    handles = [
        *_legend(dataset),
        Line2D([], [], color=GREY, linestyle=_DASHES, linewidth=0.9, label="proved bound"),
    ]
    with style():
        figure, panels = panel_grid(
            2 * len(dimensions), "Error and support, on finer and finer grids", text, handles,
            heights=_HEIGHTS, columns=len(dimensions), left=0.66,
        )  # fmt: skip
        for column, d in enumerate(dimensions):
            some = dataset.isel(target=np.flatnonzero(dataset["variables"].values == d))
            lipschitz = some["lipschitz"].values[:, None, None]
            upper, lower = panels[column], panels[column + len(dimensions)]
            upper.title(f"d = {d}: error over L")
            _lines(upper, some, some["sup_error"].values / lipschitz, some["sup_bound"].values / lipschitz)
            lower.title(f"d = {d}: excess of the support")
            _lines(lower, some, some["excess_high"].values, some["excess_bound"].values)
            if upper.first:
                upper.axes.set_ylabel("sup |f − f̂| / L")
                lower.axes.set_ylabel("excess")
    return figure


def counts(dataset: "xr.Dataset") -> Figure:
    """Draw connections against the error reached, by dimension, and say depth and poolings."""
    chosen = [_example(dataset, d) for d in _dimensions(dataset)]
    text = (
        "Connections against the largest error seen, for one target of each dimension. Poolings multiply hats, but "
        "need neurons that select their factors, and with many nodes these dominate the width; without poolings hats "
        "on simplices take minima by ReLU. A mask, or a gate, is paid on top of the network that it is put on: tensor "
        "hats here, for the gate hats on simplices. Maps and poolings are those of the finest network."
    )
    with style():
        figure, panels = panel_grid(
            len(chosen),
            "What a pooling saves",
            text,
            _legend(dataset),
            heights=_COUNTS,
            columns=len(chosen),
            left=0.6,
        )
        for panel, index in zip(panels, chosen, strict=True):
            _count_panel(panel, dataset.isel(target=index))
    return figure


def _dimensions(dataset: "xr.Dataset") -> list[int]:
    return sorted({int(d) for d in dataset["variables"].values})


def _example(dataset: "xr.Dataset", dimension: int) -> int:
    """Return the first target of that dimension with networks, and a Lipschitz constant if any has one."""
    there = np.flatnonzero(dataset["variables"].values == dimension)
    built = (dataset["connections"] > 0).any(("construction", "exponent")).values
    there = there[built[there]] if built[there].any() else there
    smooth = [int(i) for i in there if np.isfinite(dataset["lipschitz"].values[i])]
    return smooth[0] if smooth else int(there[0])


def _which_supports(dataset: "xr.Dataset") -> str:
    """Say whose support is measured, or what holds it."""
    names = [str(name) for name in dataset["construction"].values]
    known = [{"hats": "tensor hats", "mask": "masked networks"}[name] for name in names if name in _KNOWN]
    held = [
        {"gate": "gated networks", "kuhn": "hats on simplices"}[name] for name in names if name not in _KNOWN
    ]
    parts = [f"the exact support of {' and '.join(known)}"] if known else []
    parts += [f"a set that holds the support of {' and '.join(held)}"] if held else []
    return ", or of ".join(parts)


def _unproved(dataset: "xr.Dataset") -> str:
    """Name the targets for which the bound of the excess is not proved."""
    open_ = (dataset["undecided"] > 0).any(("construction", "exponent")).values
    names = [
        readable(str(name), int(d))
        for name, d, some in zip(dataset["target"].values, dataset["variables"].values, open_, strict=True)
        if some
    ]
    if not names:
        return ""
    return f", save where a point of the target is unknown in some cube (grids of {'; '.join(names)})"


def _certified(dataset: "xr.Dataset") -> str:
    built = dataset["boxes"].values > 0
    total, zero = int(dataset["boxes"].values[built].sum()), int(dataset["boxes_zero"].values[built].sum())
    return f"{zero:,} of {total:,} boxes, {int(built.sum())} networks"


def _legend(dataset: "xr.Dataset") -> list[Line2D]:
    names = [str(name) for name in dataset["construction"].values]
    return [
        Line2D([], [], color=colour, marker=marker, linewidth=0.8, label=label)
        for name, (colour, marker, label) in _LOOKS.items()
        if name in names
    ]


def _lines(panel: Panel, some: "xr.Dataset", values: np.ndarray, bounds: np.ndarray) -> None:
    axes, spacing = panel.axes, some["spacing"].values
    drawn: list[float] = []
    for column, method in enumerate(map(str, some["construction"].values)):
        colour, marker, _ = _LOOKS[method]
        for row in range(len(some["target"])):
            seen = np.where(values[row, column] > 0, values[row, column], np.nan)
            drawn += seen.tolist()
            axes.plot(
                spacing * _SHIFT[method],
                seen,
                color=colour,
                marker=marker,
                markersize=2.4,
                linewidth=0.5,
                alpha=0.8,
            )
        shown = np.isfinite(bounds[:, column]) & (some["connections"].values[:, column] > 0)
        bound = _largest(np.where(shown, bounds[:, column], np.nan))
        drawn += bound.tolist()
        axes.plot(spacing, bound, color=colour, linestyle=_DASHES, linewidth=0.9, zorder=1)
    log_axis(axes, "y", drawn)
    built = (some["connections"].values > 0).any(axis=(0, 1))
    _spacings(axes, spacing[built] if built.any() else spacing)
    if not any(value > 0 for value in drawn):
        _note(panel, "nothing above 0" if built.any() else "no network built")
    if panel.last:
        axes.set_xlabel("grid spacing h")


def _spacings(axes: "Axes", spacing: np.ndarray) -> None:
    """Put a tick at every grid spacing, or at some of many, coarse ones first."""
    axes.set_xscale("log", base=2)
    axes.set_xlim(spacing.max() * 1.25, spacing.min() / 1.25)
    ticks = np.sort(spacing)[::-1][:: -(-len(spacing) // _MOST_SPACINGS)]
    axes.xaxis.set_major_locator(FixedLocator(ticks.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([rf"$\mathdefault{{2^{{{round(np.log2(h))}}}}}$" for h in ticks])


def _note(panel: Panel, text: str) -> None:
    axes = panel.axes
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=7.5)


def _largest(rows: np.ndarray) -> np.ndarray:
    """Return the largest along the first axis, NaN where there is no number."""
    filled = np.where(np.isnan(rows), -np.inf, rows).max(axis=0)
    return np.where(np.isfinite(filled), filled, np.nan)


def _count_panel(panel: Panel, one: "xr.Dataset") -> None:
    axes = panel.axes
    panel.title(readable(str(one["target"].values), int(one["variables"])))
    texts: list[tuple[str, str]] = []
    errors: list[float] = []
    sizes: list[float] = []
    for column, method in enumerate(map(str, one["construction"].values)):
        colour, marker, _ = _LOOKS[method]
        row = one.isel(construction=column)
        built = row["connections"].values > 0
        error, size = row["sup_error"].values[built], row["connections"].values[built]
        if not len(size):
            continue
        axes.plot(error, size, color=colour, marker=marker, linewidth=0.9)
        errors, sizes = [*errors, *error], [*sizes, *size]
        maps, pools = int(row["depth"].values[built][-1]), int(row["poolings"].values[built][-1])
        text = f"{maps} maps" + (f", {pools} pooling{'s' * (pools > 1)}" if pools else "")
        texts.append((text, colour))
    axes.invert_xaxis()
    log_axis(axes, "x", errors, most=5)
    log_axis(axes, "y", sizes)
    if texts:
        _beneath(axes, texts)
    else:
        _note(panel, "no network built")
    axes.set_xlabel("largest error seen")
    if panel.first:
        axes.set_ylabel("connections")


def _beneath(axes: "Axes", texts: list[tuple[str, str]]) -> None:
    """Write texts at the lower right, below everything drawn."""
    inches = axes.bbox.height / axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    share = (_LINE * len(texts) + 0.1) / inches
    low, high = axes.get_ylim()
    axes.set_ylim(low / (high / low) ** (share / (1 - share)), high)
    label_ticks(axes, "y")
    for line, (text, colour) in enumerate(texts):
        axes.text(
            0.98, (0.05 + _LINE * line) / inches, text, transform=axes.transAxes, ha="right", fontsize=6.5,
            color=colour,
        )  # fmt: skip
