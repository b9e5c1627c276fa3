"""Common activations as a table, and how well one neuron of each carries a value."""

from collections.abc import Mapping
from math import isfinite, isinf, isnan, pi
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from ratelab.figures._grid import panel_grid
from ratelab.figures._style import (
    COLOURS,
    GREY,
    MARKERS,
    heading,
    heading_height,
    new_figure,
    style,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_WIDTH, _ROW = 7.2, 0.185
_COLUMNS = (
    (0.08, "activation"),
    (0.95, "smoothness"),
    (2.15, "at −∞"),
    (2.85, "at +∞"),
    (3.55, "bounded"),
    (4.25, "exact identity"),
    (5.95, "one neuron"),
)
_ENTRY = "none known"


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``activation-table`` and ``activation-identities``.

    Parameters
    ----------
    dataset
        Of the experiment ``activation-table``.
    """
    return {"activation-table": table(dataset), "activation-identities": identities(dataset)}


def table(dataset: "xr.Dataset") -> Figure:
    """Draw one row an activation: smoothness, ends, identities."""
    reach = dataset.attrs["reach"]
    text = (
        "Ends are seen far out. Exact identity: terms n of x = Σ c·ρ(wx + b) + constant on all of R; then strict "
        "networks need at most n² times the connections and n times the neurons of generalized ones. One neuron: "
        "proved bound of the error of (ρ(x₀ + hx) − ρ(x₀)) / (h ρ′(x₀)) at h = 0.1, "
        f"on [−{reach:g}, {reach:g}], at the better x₀, and how it falls."
    )
    labels = [str(name) for name in dataset["activation"].values]
    with style():
        top = heading_height(text, _WIDTH) + 0.1
        height = top + _ROW * (len(labels) + 1) + 0.16
        figure = new_figure(_WIDTH, height)
        heading(figure, "Common activations", text)

        def write(row: int, left: float, content: str, bold: bool = False) -> None:
            figure.text(
                left / _WIDTH, 1 - (top + _ROW * (row + 0.5)) / height, content, fontsize=7.5, va="center",
                fontweight="bold" if bold else "normal",
            )  # fmt: skip

        for left, title in _COLUMNS:
            write(0, left, title, True)
        for index, label in enumerate(labels):
            entries = row_texts(dataset.sel(activation=label))
            for (left, _), content in zip(_COLUMNS, entries, strict=True):
                write(index + 1, left, content)
        for row, width in [(1, 0.8), *((i, 0.25) for i in range(2, len(labels) + 1))]:
            level = 1 - (top + _ROW * row) / height
            figure.add_artist(
                Line2D([0.08 / _WIDTH, 1 - 0.08 / _WIDTH], [level] * 2, color=GREY, linewidth=width)
            )
    return figure


def row_texts(one: "xr.Dataset") -> tuple[str, ...]:
    """Return the entries of one activation's row."""
    ends = zip(one["limit"].values.tolist(), one["asymptotic_slope"].values.tolist(), strict=True)
    left, right = (_end(limit, slope) for limit, slope in ends)
    terms, certainty = int(one["identity_terms"]), int(one["identity_certainty"])
    names = dict(
        zip(
            one["identity_certainty"].attrs["flag_values"].tolist(),
            str(one["identity_certainty"].attrs["flag_meanings"]).split(),
            strict=True,
        )
    )
    exact = f"{terms} terms, {names[certainty].replace('_', ' ')}" if terms else _ENTRY
    bounded = "no" if not int(one["bounded"]) else "squashing" if int(one["squashing"]) else "yes"
    return (
        str(one["activation"].values),
        smoothness_text(str(one["regularity"].values), float(one["continuous_derivatives"])),
        left,
        right,
        bounded,
        exact,
        _neuron(one),
    )


def smoothness_text(regularity: str, derivatives: float) -> str:
    """Return ``analytic``, or the number of continuous derivatives as an exponent of C."""
    if regularity == "analytic":
        return "analytic"
    known = "" if isnan(derivatives) else "C∞" if isinf(derivatives) else f"C{'⁰¹²³⁴⁵⁶'[int(derivatives)]}"
    if isfinite(derivatives) and derivatives < 0:
        known = "jumps"
    return f"{known}, piecewise" if known else regularity


def _end(limit: float, slope: float) -> str:
    if isnan(limit):
        return "no limit"
    if isfinite(limit):
        for value, name in ((pi / 2, "π/2"), (-pi / 2, "−π/2")):
            if abs(limit - value) < 1e-6:
                return name
        return f"{limit:.4g}".replace("-", "−")
    if isinf(slope):
        return "faster"
    return "x" if abs(slope - 1) < 1e-6 else f"{slope:.4g} x".replace("-", "−")


def _neuron(one: "xr.Dataset") -> str:
    """Return the smallest error over the points at the step next to 0.1, with the order."""
    near = one.sel(step=0.1, method="nearest")
    found = [
        (float(near["carry_bound"].sel(place=place)), float(near["carry_order"].sel(place=place)))
        for place in one["place"].values
        if np.isfinite(float(near["carry_bound"].sel(place=place)))
    ]
    if not found:
        return "none"
    error, order = min(found)
    if isinf(order):
        return "exact"
    return f"{error:.1e}, " + ("h" if order < 1.5 else "h²")


def identities(dataset: "xr.Dataset") -> Figure:
    """Draw the error of the one-neuron identity against h: exact, of order h, of order h²."""
    reach, point = dataset.attrs["reach"], dataset.attrs["point"]
    text = (
        f"Largest error of (ρ(x₀ + hx) − ρ(x₀)) / (h ρ′(x₀)) on [−{reach:g}, {reach:g}]. Markers are float64 values: "
        "below some h rounding takes over, about 10⁻¹⁶/h. Thin lines are proved for the same network evaluated "
        "exactly; where ρ is affine around x₀ there is no other error than rounding."
    )
    labels = [str(name) for name in dataset["activation"].values]
    order = dataset["carry_order"]
    affine = [a for a in labels if np.isinf(order.sel(activation=a, place="given"))]
    panels_of = [
        (f"ρ affine around x₀ = {point:g}", "given", affine),
        (f"x₀ = {point:g}: order h", "given", [a for a in labels if a not in affine]),
        (
            "x₀ with ρ″(x₀) = 0: order h²",
            "inflection",
            [a for a in labels if np.isfinite(order.sel(activation=a, place="inflection"))],
        ),
    ]
    panels_of = [panel for panel in panels_of if panel[2]]
    handles: list[Line2D] = [_mark(labels, label) for label in labels]
    handles.append(Line2D([], [], color=GREY, linewidth=0.7, label="proved bound"))
    with style():
        figure, panels = panel_grid(
            len(panels_of),
            "One neuron carries a value",
            text,
            handles,
            heights={1: 2.6, 2: 2.5, 3: 2.4},
            left=0.62,
        )
        for (title, where, chosen), panel in zip(panels_of, panels, strict=True):
            axes = panel.axes
            stride = 4 if chosen == affine else 2
            for index, label in enumerate(chosen):
                one = dataset.sel(activation=label, place=where)
                _line(axes, one, _mark(labels, label), index, stride)
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_ylim(1e-17, 3)
            for axis, gap in ((axes.xaxis, 2), (axes.yaxis, 2)):
                axis.set_major_locator(LogLocator(10.0**gap, numticks=20))
                axis.set_minor_formatter(NullFormatter())
            panel.title(title)
            axes.set_xlabel("step h")
            if panel.first:
                axes.set_ylabel("largest error")
    return figure


def _mark(labels: list[str], label: str) -> Line2D:
    index = labels.index(label)
    return Line2D(
        [], [], color=COLOURS[index % len(COLOURS)], marker=MARKERS[index % len(MARKERS)], markersize=3.2,
        markerfacecolor="white", linestyle="", markeredgewidth=0.8, label=label,
    )  # fmt: skip


def _line(axes: "Axes", one: "xr.Dataset", mark: Line2D, index: int, stride: int) -> None:
    step, error, bound = (one[name].values for name in ("step", "carry_error", "carry_bound"))
    bound = np.where(bound > 1e-17, bound, np.nan)
    axes.plot(step, bound, color=mark.get_color(), linewidth=0.7, zorder=2)
    # markers of lines that coincide stand beside each other
    shown = (np.arange(len(step)) + index) % stride == 0
    axes.plot(
        step[shown], np.where(error > 0, error, np.nan)[shown], linestyle="", color=mark.get_color(),
        marker=mark.get_marker(), markersize=3.2, markerfacecolor="white", markeredgewidth=0.8, zorder=3,
    )  # fmt: skip
