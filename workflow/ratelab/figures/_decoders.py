"""What decoders cost and reach against the number of cells, and how float64 loses cells."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter

from ratelab.figures._grid import panel_grid
from ratelab.figures._style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    MARKERS,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    style,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_BASES = (VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLUE, BLACK)
_DASHES = (0, (4, 2))
_DOTS = (0, (1, 1.5))
_MANTISSA = 53


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``decoders`` and ``decoders-localisation``.

    Parameters
    ----------
    dataset
        Of the experiment ``decoders``.
    """
    return {"decoders": codes(dataset), "decoders-localisation": localisation(dataset)}


def codes(dataset: "xr.Dataset") -> Figure:
    """Draw the digits of v, and the errors, against the number of cells."""
    bits = [int(m) for m in dataset["accuracy_bits"].values]
    text = (
        "K cells with random values are read by u·sin(v·sin(wk)), k = 1 … K, to accuracy η of the largest value. Left: "
        "binary digits of v; no code does with fewer than K·log₂(1/η) (thin lines). Right: proved errors; crosses are "
        "what comes out when u, v and w of the closed form are rounded to float64 and evaluated there, as long as v "
        "does not exceed its range."
    )
    kinds = _accuracies(len(bits))
    handles = [
        *(
            Line2D([], [], color=colour, marker=marker, label=f"closed form, η = 2{superscript(-m)}")
            for m, (colour, marker) in zip(bits, kinds, strict=True)
        ),
        Line2D([], [], color=GREY, marker="D", linestyle="", markerfacecolor="none", label="lattice"),
        Line2D([], [], color=GREY, linestyle=_DASHES, linewidth=0.9, label="2K² log₂ K (Taylor)"),
        Line2D([], [], color=BLACK, marker="v", label="float64 decoder, best"),
        Line2D(
            [], [], color=GREY, marker="x", linestyle=_DASHES, linewidth=0.7, label="closed form in float64"
        ),
        Line2D([], [], color=BLACK, linestyle=_DOTS, linewidth=0.9, label="53 digits; error 1"),
    ]
    with style():
        figure, (left, right) = panel_grid(
            2, "Bits pay for cells", text, handles, heights={2: 2.4}, left=0.6, gap=0.62
        )
        _bits(left.axes, dataset, kinds)
        left.title("binary digits of v")
        left.axes.set_ylabel("digits")
        _errors(right.axes, dataset, kinds)
        right.title("error over largest value")
        right.axes.set_ylabel("relative error")
        for axes in (left.axes, right.axes):
            _cells_axis(axes, dataset["cells"].values)
    return figure


def superscript(number: int) -> str:
    """Return a whole number as an exponent."""
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def localisation(dataset: "xr.Dataset") -> Figure:
    """Draw how far positions are from whole numbers against the ramp width, by base and by level."""
    level = int(dataset["level"].values[-1])
    deepest = dataset.sel(level=level)
    bases = [int(n) for n in dataset["base"].values]
    lossy = [n for n in bases if bool((deepest["located_deviation"].sel(base=n) > 0).any())]
    exact = [n for n in bases if n not in lossy]
    text = (
        "Cells are located in float64 and compared with exact location, at random points and at the edges of cells, "
        "outside all ramps. Narrow ramps cover less of the interval and lose more digits; from a deviation of ½ on a "
        "point falls into another cell. Deviations that are exactly 0 are not drawn."
    )
    if exact:
        text += f" N = {', '.join(map(str, exact))}: no deviation on these points."
    handles = [
        *(
            Line2D([], [], color=colour, marker=marker, label=f"N = {n}")
            for n, (colour, marker) in zip(lossy, _kinds(len(lossy)), strict=True)
        ),
        Line2D([], [], color=GREY, linestyle=_DASHES, linewidth=0.9, label="length of the ramps (largest N)"),
        Line2D([], [], color=BLACK, linestyle=_DOTS, linewidth=0.9, label="another cell: ½"),
    ]
    with style():
        figure, panels = panel_grid(
            3, "How narrow may ramps be in float64?", text, handles, heights={3: 1.75}, left=0.58, gap=0.58
        )
        bits = dataset["ramp_bits"].values
        for n, (colour, marker) in zip(lossy, _kinds(len(lossy)), strict=True):
            one = dataset.sel(base=n)
            for panel, y in (
                (panels[0], _positive(one["located_deviation"].sel(level=level).values)),
                (panels[2], one["located_wrong"].sel(level=level).values),
            ):
                panel.axes.plot(bits, y, color=colour, marker=marker, markersize=3, zorder=3)
        longest = deepest["ramps_length"].isel(base=-1).values
        panels[0].axes.plot(bits, longest, color=GREY, linestyle=_DASHES, linewidth=0.9, zorder=1)
        panels[0].title(f"largest deviation, level {level}")
        panels[0].axes.set_ylabel("deviation of a position")
        panels[2].title(f"share in other cells, level {level}")
        panels[2].axes.set_ylim(bottom=0)
        _levels(panels[1].axes, dataset, lossy)
        panels[1].title(f"by level, N = {lossy[-1]}" if lossy else "by level")
        for panel in panels[:2]:
            panel.axes.axhline(0.5, color=BLACK, linestyle=_DOTS, linewidth=0.9, zorder=1)
            panel.axes.set_yscale("log")
            panel.axes.yaxis.set_major_locator(LogLocator(10, numticks=7))
            panel.axes.yaxis.set_minor_formatter(NullFormatter())
        for panel in panels:
            panel.axes.set_xlabel("m, ramp width 2⁻ᵐ")
    return figure


def _positive(values: "np.ndarray") -> "np.ndarray":
    """Return the values, NaN where a logarithmic axis has no place for them."""
    return np.where(values > 0, values, np.nan)


def _levels(axes: "Axes", dataset: "xr.Dataset", lossy: list[int]) -> None:
    """Draw the deviation of one base, a line a level, darker for deeper ones; zeros are left out."""
    if not lossy:
        return
    one = dataset["located_deviation"].sel(base=lossy[-1])
    colour = _kinds(len(lossy))[-1][0]
    levels = dataset["level"].values
    bits = dataset["ramp_bits"].values
    for index, level in enumerate(levels):
        y = one.sel(level=level).values
        if not (y > 0).any():
            continue
        share = (index + 1) / len(levels)
        axes.plot(
            bits, _positive(y), color=colour, alpha=0.25 + 0.75 * share, linewidth=0.9,
            marker=".", markersize=2.5,
        )  # fmt: skip
        first = int(np.argmax(y > 0))
        axes.annotate(
            f"ℓ = {level}", (bits[first], y[first]), xytext=(-2, -2), textcoords="offset points", fontsize=6,
            ha="right", color=GREY,
        )  # fmt: skip
    axes.set_xlim(left=bits[0] - 0.25 * (bits[-1] - bits[0]))


def _bits(axes: "Axes", dataset: "xr.Dataset", kinds: list[tuple[str, str]]) -> None:
    cells = dataset["cells"].values
    axes.plot(cells, dataset["taylor_bits"].values, color=GREY, linestyle=_DASHES, linewidth=0.9, zorder=2)
    for m, (colour, marker) in zip(dataset["accuracy_bits"].values, kinds, strict=True):
        one = dataset.sel(accuracy_bits=m)
        lattice = np.where(one["lattice_bits"].values >= 0, one["lattice_bits"].values, np.nan)
        axes.plot(
            cells, one["closed_outer_bits"].values, color=colour, marker=marker, linewidth=0.9, zorder=3
        )
        axes.plot(
            cells,
            lattice,
            color=colour,
            marker="D",
            linestyle="",
            markersize=5,
            markerfacecolor="none",
            zorder=4,
        )
        axes.plot(cells, one["counting_bits"].values, color=colour, linewidth=0.5, zorder=1)
    axes.axhline(_MANTISSA, color=BLACK, linestyle=_DOTS, linewidth=0.9, zorder=1)


def _errors(axes: "Axes", dataset: "xr.Dataset", kinds: list[tuple[str, str]]) -> None:
    cells = dataset["cells"].values
    for m, (colour, marker) in zip(dataset["accuracy_bits"].values, kinds, strict=True):
        one = dataset.sel(accuracy_bits=m)
        axes.plot(cells, one["closed_error"].values, color=colour, marker=marker, linewidth=0.9, zorder=3)
        axes.plot(
            cells, one["lattice_error"].values, color=colour, marker="D", linestyle="", markersize=5,
            markerfacecolor="none", zorder=4,
        )  # fmt: skip
        axes.plot(
            cells, one["rounded_error"].values, color=colour, marker="x", markersize=4, linestyle=_DASHES,
            linewidth=0.7, zorder=5,
        )  # fmt: skip
    axes.plot(cells, dataset["float_error"].values, color=BLACK, marker="v", zorder=4)
    axes.axhline(1.0, color=BLACK, linestyle=_DOTS, linewidth=0.9, zorder=1)


def _cells_axis(axes: "Axes", cells: "np.ndarray") -> None:
    powers = [2**j for j in range(1, 9) if cells[0] <= 2**j <= cells[-1]]
    shown = powers or [int(n) for n in cells]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(shown, [str(n) for n in shown])
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.yaxis.set_major_locator(LogLocator(10, numticks=8))
    axes.yaxis.set_minor_locator(FixedLocator([]))
    axes.set_xlabel("cells K")


def _accuracies(count: int) -> list[tuple[str, str]]:
    colours = (ORANGE, VERMILLION, BLUE, GREEN, PURPLE, SKY)
    return [(colours[i % len(colours)], MARKERS[i % len(MARKERS)]) for i in range(count)]


def _kinds(count: int) -> list[tuple[str, str]]:
    return [(_BASES[i % len(_BASES)], MARKERS[i % len(MARKERS)]) for i in range(count)]
