"""Layer-wise rates: error and bound against the layer, and what the bound's factor pays for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from ratelab.figures._grid import Panel, columns_for, panel_grid
from ratelab.figures._style import BLACK, COLOURS, GREY, MARKERS, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_HEIGHTS = {1: 2.3, 2: 1.8, 3: 1.5}
_SHARES = {1: 1.9, 2: 1.7, 3: 1.45}
_MOST_BASES = 4
_LEAST_SHARE = 1e-18
_DASHES, _DOTS, _CLOSE_DOTS = (0, (4, 2)), (0, (1, 1.5)), (0, (1, 0.7))
_CLOSED_FORM = 1


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``layerwise-rates`` and ``layerwise-shares``.

    Parameters
    ----------
    dataset
        Of the experiment ``layerwise-rates``.
    """
    return {"layerwise-rates": rates(dataset), "layerwise-shares": shares(dataset)}


def rates(dataset: "xr.Dataset") -> Figure:
    """Draw error and bound against the layer, a panel for each target, in the last norm."""
    p = float(dataset["norm"].values[-1])
    one = dataset.sel(norm=p)
    bases = drawn_bases(dataset)
    text = (
        f"L{_subscript(p)} error of the readout of every layer (solid, ramps included) and the bound (2d + 1)·ω at the "
        "side N⁻ˡ of its cells (dashed, ω from below). Filled: two sines decode the cells; open: a table does. "
        "Dotted: N⁻ᵅˡ. A network satisfying the paper's bound, built by our own construction. Curves end flat where "
        "the target is constant on the cells: what is left is the most that ramps may cost, not drawn below 10⁻⁶."
        + _left_out(dataset, bases)
    )
    handles = [
        Line2D([], [], color=COLOURS[i], marker=MARKERS[i], label=f"N = {base}")
        for i, base in enumerate(bases)
    ]
    handles += [
        Line2D([], [], color=GREY, linestyle=_DASHES, linewidth=0.9, label="bound (2d + 1)·ω"),
        Line2D([], [], color=GREY, linestyle="", marker="o", markerfacecolor="white", label="table"),
        Line2D([], [], color=GREY, linestyle=_DOTS, linewidth=0.9, label="slope α log N"),
    ]
    targets = list(dataset["target"].values)
    with style():
        figure, panels = panel_grid(
            len(targets), "Every layer approximates at its own scale", text, handles, heights=_HEIGHTS
        )
        for panel, target in zip(panels, targets, strict=True):
            _rates_panel(panel, one.sel(target=target), bases, str(target))
    return figure


def shares(dataset: "xr.Dataset") -> Figure:
    """Draw the ratio of error to bound, and the shares of averages, decoder and ramps in the bound, by dimension."""
    p = float(dataset["norm"].values[-1])
    one = dataset.sel(norm=p)
    text = (
        f"The bound is loose: what readouts use of it, in L{_subscript(p)}, is the largest over N, and 1 would be all. "
        f"Dashed: what the proof spends on averages over cells, {2 ** (1 / p):.3g}·d of 2d + 1. The rest pays for the "
        "decoder and for ramps, which in fact cost next to nothing (below, largest over targets and N; "
        "below 10⁻¹⁸ not drawn)."
    )
    flat = [readable(name, d) for name, d in _labels(one) if _constant(one.sel(target=name))]
    if flat:
        text += f" Constant, without a bound, and not drawn: {', '.join(flat)}."
    dimensions = sorted({int(d) for d in dataset["variables"].values})
    handles = [
        Line2D(
            [], [], color=COLOURS[i % len(COLOURS)], marker=MARKERS[i % len(MARKERS)], label=readable(name, d)
        )
        for i, (name, d) in enumerate(_labels(one))
        if not _constant(one.sel(target=name))
    ]
    handles += [
        Line2D([], [], color=GREY, linestyle=_DASHES, linewidth=0.9, label="allowed for averages"),
        Line2D([], [], color=BLACK, marker="o", label="ramps, at most"),
        Line2D(
            [], [], color=BLACK, marker="s", linestyle=_CLOSE_DOTS, markerfacecolor="white", label="decoder"
        ),
    ]
    with style():
        figure, panels = panel_grid(
            2 * len(dimensions), "What the factor 2d + 1 pays for", text, handles, heights=_SHARES, left=0.64
        )
        columns = columns_for(2 * len(dimensions))
        for column, d in enumerate(dimensions):
            chosen = [i for i, value in enumerate(dataset["variables"].values) if int(value) == d]
            upper, lower = _pair(panels, column, len(dimensions), columns)
            _ratio_panel(upper, one, chosen, d)
            _cost_panel(lower, one.isel(target=chosen), d)
    return figure


def readable(label: str, variables: int) -> str:
    """Return a target's label with the number of variables after it rather than among its parameters."""
    name, _, inside = label.partition("(")
    kept = [part for part in inside.removesuffix(")").split(",") if part and "dimension=" not in part]
    return f"{name}({','.join(kept)}), d = {variables}" if kept else f"{name}, d = {variables}"


def _labels(dataset: "xr.Dataset") -> list[tuple[str, int]]:
    """Return label and number of variables of every target."""
    return [
        (str(name), int(d))
        for name, d in zip(dataset["target"].values, dataset["variables"].values, strict=True)
    ]


def _constant(one: "xr.Dataset") -> bool:
    """Whether a target has no modulus on any level, so that there is no bound to compare with."""
    return not bool((one["bound"].values > 0).any())


def _left_out(dataset: "xr.Dataset", bases: list[int]) -> str:
    """Say which bases the dataset has besides those that are drawn."""
    others = [str(int(base)) for base in dataset["base"].values if int(base) not in bases]
    return f" Computed as well, and not drawn: N = {', '.join(others)}." if others else ""


def drawn_bases(dataset: "xr.Dataset") -> list[int]:
    """Return at most four of the bases, from the first to the last."""
    bases = [int(base) for base in dataset["base"].values]
    if len(bases) <= _MOST_BASES:
        return bases
    places = np.linspace(0, len(bases) - 1, _MOST_BASES).round().astype(int)
    return [bases[i] for i in places]


def largest(values: "NDArray[np.float64]", axis: int | tuple[int, ...]) -> "NDArray[np.float64]":
    """Return the largest along axes, NaN where there is no number at all."""
    filled = np.where(np.isfinite(values), values, -np.inf).max(axis=axis)
    return np.where(np.isfinite(filled), filled, np.nan)


def positive(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return what a logarithmic axis of shares can show, NaN elsewhere."""
    with np.errstate(invalid="ignore"):
        return np.where(values >= _LEAST_SHARE, values, np.nan)


def _pair(panels: list[Panel], column: int, count: int, columns: int) -> tuple[Panel, Panel]:
    """Return the panels of one dimension: one below the other where the grid has a column for each."""
    if columns == count:
        return panels[column], panels[column + count]
    return panels[2 * column], panels[2 * column + 1]


def _rates_panel(panel: Panel, one: "xr.Dataset", bases: list[int], name: str) -> None:
    axes = panel.axes
    panel.title(readable(name, int(one["variables"])))
    if _constant(one):
        _words(axes, float(np.nanmax(one["error_high"].values)))
        return
    levels = one["level"].values
    top, bottom = 0.0, np.inf
    for index, base in enumerate(bases):
        row = one.sel(base=base)
        colour, marker = COLOURS[index], MARKERS[index]
        error, bound = row["error_high"].values, row["bound"].values
        axes.plot(levels, np.where(bound > 0, bound, np.nan), color=colour, linestyle=_DASHES, linewidth=0.8)
        axes.plot(levels, np.where(error > 0, error, np.nan), color=colour, linewidth=1.0)
        coded = row["decoder"].values == _CLOSED_FORM
        for filled in (True, False):
            there = (coded == filled) & (error > 0)
            face = colour if filled else "white"
            axes.plot(
                levels[there], error[there], linestyle="", marker=marker, color=colour, markerfacecolor=face
            )
        seen = np.concatenate([error[error > 0], bound[bound > 0]])
        top, bottom = max(top, seen.max(initial=0.0)), min(bottom, seen.min(initial=np.inf))
    axes.set_yscale("log")
    axes.set_ylim(max(bottom, 1e-6, top * 1e-7) / 2, 2 * top)
    _slopes(axes, one, bases, levels)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(LogLocator(10, numticks=6))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(-0.2, float(levels[-1]) + 0.2)
    if panel.last:
        axes.set_xlabel("layer ℓ")
    if panel.first:
        axes.set_ylabel("error and bound")


def _words(axes: "Axes", error: float) -> None:
    """Say what there is of a constant, instead of drawing it."""
    text = f"constant: bound 0,\nerror at most {error:.1g}" if error else "constant: bound and error 0"
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=7, color=GREY)
    axes.set_xticks([])
    axes.set_yticks([])


def _slopes(axes: "Axes", one: "xr.Dataset", bases: list[int], levels: "NDArray[np.int64]") -> None:
    """Draw N^(−αℓ) of the first and the last base, a little below the error of a middle layer."""
    exponent = float(one["exponent"])
    if not np.isfinite(exponent):
        return
    for base in {bases[0], bases[-1]}:
        error = one["error_high"].sel(base=base).values
        usable = levels[(error > 1e-5) & (levels >= 1)]
        if len(usable) < 2:
            continue
        line = 0.6 * error[usable[-1]] * float(base) ** (-exponent * (usable - usable[-1]))
        axes.plot(usable, line, color=GREY, linestyle=_DOTS, linewidth=0.9, zorder=1)


def _ratio_panel(panel: Panel, one: "xr.Dataset", chosen: list[int], dimension: int) -> None:
    axes = panel.axes
    panel.title(f"d = {dimension}: error over bound")
    levels = one["level"].values[1:]
    p = float(one["norm"])
    allowed = 2 ** (1 / p) * dimension / (2 * dimension + 1)
    axes.axhline(allowed, color=GREY, linestyle=_DASHES, linewidth=0.9, zorder=1)
    for index in chosen:
        ratio = largest(one["ratio"].isel(target=index).values, 0)[1:]
        axes.plot(
            levels, ratio, color=COLOURS[index % len(COLOURS)], marker=MARKERS[index % len(MARKERS)],
            linewidth=0.9, clip_on=False,
        )  # fmt: skip
    axes.set_ylim(0, 1)
    _levels_axis(panel, levels, np.isfinite(largest(one["bound"].isel(target=chosen).values, (0, 1))[1:]))
    if panel.first:
        axes.set_ylabel("share of (2d + 1)·ω")


def _cost_panel(panel: Panel, some: "xr.Dataset", dimension: int) -> None:
    axes = panel.axes
    panel.title(f"d = {dimension}: ramps and decoder")
    levels = some["level"].values[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = np.where(some["bound"].values > 0, some["bound"].values, np.nan)
        ramps = largest(some["trifling"].values / bound, (0, 1))[1:]
        decoder = largest(some["decoder_error"].values / bound, (0, 1))[1:]
    axes.plot(levels, positive(ramps), color=BLACK, marker="o", linewidth=0.9)
    axes.plot(
        levels, positive(decoder), color=BLACK, marker="s", markerfacecolor="white", linestyle=_CLOSE_DOTS,
        linewidth=0.9,
    )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(_LEAST_SHARE, 1)
    axes.yaxis.set_major_locator(LogLocator(10, numticks=5))
    axes.yaxis.set_minor_formatter(NullFormatter())
    _levels_axis(panel, levels, np.isfinite(largest(some["bound"].values, (0, 1))[1:]))
    if panel.last:
        axes.set_xlabel("layer ℓ")
    if panel.first:
        axes.set_ylabel("share of (2d + 1)·ω")


def _levels_axis(panel: Panel, levels: "NDArray[np.int64]", there: "NDArray[np.bool_]") -> None:
    last = float(levels[there][-1]) if there.any() else float(levels[-1])
    panel.axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.axes.set_xlim(float(levels[0]) - 0.2, last + 0.2)


def _subscript(p: float) -> str:
    return f"{p:g}".translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
