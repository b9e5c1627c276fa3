"""Critical smoothness, measured: what uniform knots see, what free knots see, and which rates are proved.

Moduli of smoothness in L2 decay like t^s with the critical s of B^s_{2,∞}; splines with uniform knots have rate
min(s, r + 1). On the adaptivity line B^s_τ, 1/τ = s + ½, the critical s is that of n-term sums of wavelets, of
free-knot splines and, by the direct and inverse estimates, of shallow networks with ρ_r as long as s < r + 1.
"""

from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from ratelab._errors import UserError
from ratelab.registry import Progress, Registry
from ratelab.spaces import adaptive_smoothness, modulus_of_samples, predicted_rate, proved_rate
from ratelab.spaces._critical_smoothness import SmoothnessEstimate, critical_smoothness, sampled
from ratelab.studies.experiments._space_parameters import MeasuredSmoothness

if TYPE_CHECKING:
    import xarray as xr

STATUS = {"estimated": 1, "at_least": 2, "inconclusive": 3}
_OCTAVES = 20
_FEWEST_CELLS = 4
_DEGREE = 1  # of the splines that shallow ReLU networks are

_LONG_NAMES = {
    "target": "function",
    "order": "order r of the differences",
    "scale": "scale t, as a share of the domain",
    "modulus": "modulus of smoothness of order r in L2 at t, from shifts of the grid; from four cells on",
    "local_slope": "slope of the modulus in logarithms between t and 2t",
    "samples": "cells on which the function was sampled",
    "uniform": "critical s in B^s of L2, measured from differences",
    "uniform_low": "lower end of the 95 per cent interval of the critical s",
    "uniform_high": "upper end of the 95 per cent interval of the critical s; infinite if only a lower end is seen",
    "uniform_order": "order of the differences that the measured s rests on",
    "uniform_status": "what the measured s is",
    "uniform_declared": "critical s in B^s of L2 that the target declares",
    "window_fine": "finest scale of the fit, as a share of the domain",
    "window_coarse": "coarsest scale of the fit, as a share of the domain",
    "adaptive": "critical s on the line 1/q = s + 1/2, measured from wavelet coefficients",
    "adaptive_low": "lower end of the interval of the s on the adaptivity line",
    "adaptive_high": "upper end of the interval of the s on the adaptivity line; infinite if only a lower end is seen",
    "adaptive_status": "what the measured s on the adaptivity line is",
    "adaptive_declared": "critical s on the adaptivity line that the target declares",
    "rate_uniform": "rate of linear splines with uniform knots by the measured smoothness, at most 2",
    "rate_free": "rate of shallow ReLU networks by the measured smoothness on the adaptivity line, at most 2",
    "rate_predicted_low": "lower end of the rate of shallow ReLU networks by connections, by direct estimates",
    "rate_predicted_high": "upper end of that rate, by inverse estimates",
    "rate_proved_low": "lower end of that rate, proved for every size by computation",
    "rate_proved_high": "upper end of that rate, proved for every size by computation",
}


def run(parameters: MeasuredSmoothness, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Measure every target, and put theory beside it."""
    import xarray as xr

    relu = registry.activations["relu"]
    orders = sorted({1, 2, parameters.order})
    scales = 2.0 ** -np.arange(_OCTAVES, 0, -1)
    count = len(parameters.targets)
    moduli = np.full((count, len(orders), len(scales)), nan)
    names = [
        name
        for name in _LONG_NAMES
        if name not in ("target", "order", "scale", "modulus", "local_slope") and not name.endswith("_status")
    ]
    columns = {name: np.full(count, nan) for name in names}
    status = {kind: np.zeros(count, np.int8) for kind in ("uniform", "adaptive")}
    for row, label in enumerate(parameters.targets):
        target = registry.targets[label]
        if target.dimension != 1:
            raise UserError(
                f"experiment 'measured-smoothness': target '{label}' has {target.dimension} variables"
            )
        cells = parameters.samples if target.grid is None else None
        values, length = sampled(target, cells, None)
        spacing = length / (len(values) - 1)
        inside = scales * length >= _FEWEST_CELLS * spacing * (1 - 1e-9)
        for column, order in enumerate(orders):
            usable = inside & (scales * order <= 1)
            found = modulus_of_samples(values, spacing, scales[usable] * length, 2, order)
            moduli[row, column, usable] = found.value
        measured = {
            "uniform": critical_smoothness(target, order=parameters.order, samples=cells),
            "adaptive": adaptive_smoothness(target, samples=cells),
        }
        known = target.smoothness
        entries = {
            "samples": float(len(values) - 1),
            "uniform_order": float(measured["uniform"].order),
            "window_fine": measured["uniform"].finest / length,
            "window_coarse": measured["uniform"].coarsest / length,
            "uniform_declared": nan if known is None or known.mean_square is None else known.mean_square,
            "adaptive_declared": nan if known is None else known.besov,
            "rate_uniform": _capped(measured["uniform"]),
            "rate_free": _capped(measured["adaptive"]),
        }
        low, high, _ = predicted_rate(target, relu, 2, "connections")
        entries |= {"rate_predicted_low": low, "rate_predicted_high": high}
        low, high = proved_rate(target, relu, 2, "connections")
        entries |= {"rate_proved_low": low, "rate_proved_high": high}
        for kind, estimate in measured.items():
            entries |= {kind: estimate.value, f"{kind}_low": estimate.low, f"{kind}_high": estimate.high}
            status[kind][row] = STATUS[estimate.status.replace(" ", "_")]
        for name, value in entries.items():
            columns[name][row] = value
        progress(row + 1, count)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.diff(np.log2(moduli), axis=2, append=nan)
    slopes[~np.isfinite(slopes)] = nan
    dataset = xr.Dataset(
        {
            "modulus": (("target", "order", "scale"), moduli),
            "local_slope": (("target", "order", "scale"), slopes),
        }
        | {name: ("target", column) for name, column in columns.items()}
        | {f"{kind}_status": ("target", column) for kind, column in status.items()},
        coords={
            "target": np.array(parameters.targets, dtype=object),
            "order": np.array(orders),
            "scale": scales,
        },
        attrs={"degree": _DEGREE},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    for kind in status:
        dataset[f"{kind}_status"].attrs["flag_values"] = np.array(list(STATUS.values()), dtype=np.int8)
        dataset[f"{kind}_status"].attrs["flag_meanings"] = " ".join(STATUS)
    return dataset


def _capped(estimate: SmoothnessEstimate) -> float:
    """Return the rate of piecewise linear functions that goes with a smoothness."""
    if estimate.status == "inconclusive":
        return nan
    return min(estimate.value if estimate.high < inf else estimate.low, _DEGREE + 1.0)
