"""Norms of approximation spaces against α: what the study's sizes sum to, and the whole sum where it is known."""

from math import inf, isfinite
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.figures._curves import activation_of
from ratelab.figures._grid import Panel, panel_grid
from ratelab.figures._panel import network_colour
from ratelab.figures._style import COLOURS, GREY, style
from ratelab.report import network_text

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_HEIGHTS = {1: 2.3, 2: 2.0, 3: 1.55}
_ENDS = ("truncated_low", "truncated_high", "low", "high")
_PREFERRED = (2.0, inf, 1.0)
_DECADES = 6
"""An axis shows at most so many above the smallest norm."""


def norm_curves(rates: "xr.Dataset", q: float | None = None) -> "Figure | None":
    """Draw norms in A^α_q against α, one panel a target and complexity, one colour a network.

    Parameters
    ----------
    rates
        With norm_truncated_low, norm_truncated_high, norm_low, norm_high (target, network, complexity, q, alpha) and
        rate_proved_low, rate_proved_high (target, network, complexity); norms may be infinite.
    q
        Of the spaces; None is 2 if the dataset has it, else ∞, 1 or its first one.

    Returns
    -------
    A band for the truncated norm, a darker one for the norm itself where it is known to be finite, a vertical line at
    proved rates. Networks with ReLU alone, if there are any; None if no norm is finite.

    Raises
    ------
    UserError
        If the dataset does not have that q.
    """
    known = [float(value) for value in rates["q"].values]
    chosen = next((value for value in _PREFERRED if value in known), known[0]) if q is None else float(q)
    if chosen not in known:
        raise UserError(f"figure: q is {chosen:g}; allowed: {', '.join(f'{value:g}' for value in known)}")
    table = rates.isel(q=known.index(chosen))
    names = [str(name) for name in rates["network"].values]
    networks = [name for name in names if activation_of(name) == "relu"] or names
    pairs = [
        (str(target), str(complexity))
        for target in rates["target"].values
        for complexity in rates["complexity"].values
    ]
    several = len(rates["complexity"]) > 1
    shown = {
        pair: {name: curve for name in networks if (curve := _curve(table, pair, name)) is not None}
        for pair in pairs
    }
    shown = {pair: curves for pair, curves in shown.items() if curves}
    if not shown:
        return None
    networks = [name for name in networks if any(name in curves for curves in shown.values())]
    label = "∞" if chosen == inf else f"{chosen:g}"
    counts = " and ".join(dict.fromkeys(complexity for _, complexity in shown))
    text = (
        f"Norm of each target in $A^α_q$ with q = {label}, size measured in {counts}. The light band holds what the "
        "errors of the study's sizes add up to, the dark one the norm itself, where errors of all larger sizes are "
        "bounded by proof. Beyond the rate of best approximation the norm is infinite."
    )
    with style():
        figure, panels = panel_grid(
            len(shown), "Norms in approximation spaces", text, _legend(shown, networks), heights=_HEIGHTS
        )
        for ((target, complexity), curves), panel in zip(shown.items(), panels, strict=True):
            panel.title(f"{target}, {complexity}" if several else target)
            _draw(panel, curves, networks)
    return figure


Ends = dict[str, NDArray[np.float64]]


def _curve(table: "xr.Dataset", pair: tuple[str, str], network: str) -> Ends | None:
    one = table.sel(target=pair[0], complexity=pair[1], network=network)
    ends = {name: np.asarray(one[f"norm_{name}"].values, dtype=np.float64) for name in _ENDS}
    if not np.isfinite(ends["truncated_low"]).any():
        return None
    rates = [float(one[f"rate_proved_{end}"]) for end in ("low", "high")]
    return ends | {"alpha": table["alpha"].values.astype(np.float64), "rates": np.array(rates)}


def _draw(panel: Panel, curves: dict[str, Ends], networks: list[str]) -> None:
    axes = panel.axes
    finite = [
        values[np.isfinite(values) & (values > 0)]
        for curve in curves.values()
        for values in (curve["truncated_low"], curve["truncated_high"])
    ]
    values = np.concatenate(finite)
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.5, 2.0)
    high = min(high, low * 10.0**_DECADES)
    axes.set_yscale("log")
    axes.set_ylim(low / 1.3, high * 1.6)
    for network, curve in curves.items():
        colour = network_colour(networks, network)
        alpha = curve["alpha"]
        bottom, top = _clipped(curve, "truncated_", low, high)
        axes.fill_between(alpha, bottom, top, color=colour, alpha=0.22, linewidth=0)
        axes.plot(alpha, curve["truncated_high"], color=colour, linewidth=0.7)
        known = np.isfinite(curve["high"])
        bottom, top = _clipped(curve, "", low, high)
        axes.fill_between(
            alpha, bottom, top, where=known.tolist(), color=colour, alpha=0.5, linewidth=0, zorder=3
        )
        axes.plot(alpha[known], curve["high"][known], color=colour, linewidth=1.3, zorder=4)
        for rate in dict.fromkeys(curve["rates"].tolist()):
            if isfinite(rate) and alpha[0] <= rate <= alpha[-1]:
                both = curve["rates"][0] == curve["rates"][1]
                axes.axvline(
                    rate, color=colour, linewidth=0.9, linestyle=(0, (4, 2)) if both else ":", zorder=1
                )
    axes.set_xlim(min(c["alpha"][0] for c in curves.values()), max(c["alpha"][-1] for c in curves.values()))
    if panel.first:
        axes.set_ylabel("norm")
    if panel.last:
        axes.set_xlabel("α")


def _clipped(curve: Ends, prefix: str, low: float, high: float) -> list[NDArray[np.float64]]:
    """Both ends, inside what the axis can show, and a little beyond."""
    return [np.clip(curve[f"{prefix}{end}"], low / 10, high * 10) for end in ("low", "high")]


def _legend(shown: dict[tuple[str, str], dict[str, Ends]], networks: list[str]) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Patch(facecolor=network_colour(networks, name), alpha=0.5, label=network_text(name))
        for name in networks
    ]
    colour = COLOURS[0] if len(networks) == 1 else GREY
    every = [curve for curves in shown.values() for curve in curves.values()]
    handles.append(Patch(facecolor=colour, alpha=0.22, label="sizes of the study"))
    if any(np.isfinite(curve["high"]).any() for curve in every):
        handles.append(Line2D([], [], color=colour, linewidth=1.3, label="the norm, upper end, proved"))
    rates = [curve["rates"] for curve in every]
    if any(isfinite(low) and low == high for low, high in rates):
        handles.append(
            Line2D([], [], color=colour, linewidth=0.9, linestyle=(0, (4, 2)), label="proved rate")
        )
    if any((isfinite(low) or isfinite(high)) and low != high for low, high in rates):
        handles.append(
            Line2D([], [], color=colour, linewidth=0.9, linestyle=":", label="one end of the rate, proved")
        )
    return handles
