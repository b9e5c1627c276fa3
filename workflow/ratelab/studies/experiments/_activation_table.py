"""Common activations: smoothness, behaviour far out, and how networks of each carry a value unchanged.

A value is carried exactly by an identity x = Σ c·ρ(wx + b) + c₀, where there is one, and approximately by one neuron,
(ρ(x₀ + hx) − ρ(x₀))/(h ρ′(x₀)). The error of the second falls like h, like h² where ρ″(x₀) = 0, and is zero where ρ is
affine, until rounding takes over.
"""

from math import inf, isfinite, log10, nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ratelab.networks import Carry, IdentityForm, carry, identity_form
from ratelab.registry import Activation, Progress, Registry
from ratelab.studies.experiments._space_parameters import ActivationTable

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

EXACT = {"none_known": 0, "seen_in_samples": 1, "proved": 2}
PLACES = ("given", "inflection")

_FAR = 2.0 ** np.arange(30, 41)
_POINTS = 401
_SPAN, _GRID = 4.0, 1024
_MOST_DERIVATIVES = 6

_LONG_NAMES = {
    "activation": "activation, by label",
    "step": "step h of the difference quotient",
    "place": "where the quotient is taken: at the given point, or at the inflection next to 0",
    "side": "end of the real line",
    "regularity": "what the activation declares to be",
    "continuous_derivatives": "number of continuous derivatives: exact for piecewise polynomials, infinite if "
    "analytic, else compared in balls at both sides of 0; not a number if unknown",
    "limit": "limit, seen far out; infinite if it grows, not a number if there is none",
    "asymptotic_slope": "limit of value over argument, seen far out; infinite if it grows faster",
    "bounded": "whether both asymptotic slopes are 0 and values stay below 100 on [-2^40, 2^40], as seen",
    "squashing": "whether it is monotone with two different finite limits, as seen",
    "identity_terms": "terms n of an exact identity x = sum of c rho(wx + b) + constant; 0 if none is known",
    "identity_certainty": "how that identity is known",
    "carry_point": "point x0 of the difference quotient; not a number if there is none",
    "carry_slope": "derivative at that point",
    "carry_error": "largest |network - x| on [-B, B], evaluated in float64",
    "carry_bound": "the same if the network is evaluated exactly, proved upper bound",
    "carry_weight": "largest modulus of a weight or bias",
    "carry_order": "order in h of the proved bound between h = 0.1 and 0.01; infinite where the quotient is exact",
}


def run(parameters: ActivationTable, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Describe every activation and measure its difference quotients."""
    import xarray as xr

    labels = list(parameters.activations)
    steps = 10.0 ** (-0.5 * np.arange(1, parameters.steps + 1))
    cells = (len(labels), len(PLACES), len(steps))
    tables = {name: np.full(cells, nan) for name in ("carry_error", "carry_bound", "carry_weight")}
    points = {name: np.full(cells[:2], nan) for name in ("carry_point", "carry_slope", "carry_order")}
    rows: list[dict[str, Any]] = []
    for i, label in enumerate(labels):
        unit = registry.activations[label]
        rows.append(_described(unit))
        for j, point in enumerate((parameters.point, inflection(unit))):
            if not isfinite(point):
                continue
            points["carry_point"][i, j] = point
            points["carry_slope"][i, j] = float(unit.with_derivative(np.array([point]))[1][0])
            points["carry_order"][i, j] = order(unit, point, parameters.reach)
            for k, step in enumerate(steps):
                made = carry(unit, float(step), point, parameters.reach)
                place = (i, j, k)
                tables["carry_error"][place] = measured(made)
                tables["carry_bound"][place] = made.error_bound
                tables["carry_weight"][place] = made.largest_weight
        progress(i + 1, len(labels))
    one, cell = "activation", ("activation", "place")
    ends = np.array([row["ends"] for row in rows])
    dataset = xr.Dataset(
        {name: ((*cell, "step"), table) for name, table in tables.items()}
        | {name: (cell, table) for name, table in points.items()}
        | {
            "regularity": (one, np.array([row["regularity"] for row in rows], dtype=object)),
            "continuous_derivatives": (one, np.array([row["derivatives"] for row in rows])),
            "limit": ((one, "side"), ends[:, :, 0]),
            "asymptotic_slope": ((one, "side"), ends[:, :, 1]),
            "bounded": (one, np.array([row["bounded"] for row in rows], np.int8)),
            "squashing": (one, np.array([row["squashing"] for row in rows], np.int8)),
            "identity_terms": (one, np.array([row["terms"] for row in rows])),
            "identity_certainty": (one, np.array([EXACT[row["exact"]] for row in rows], np.int8)),
        },
        coords={
            "activation": np.array(labels, dtype=object),
            "place": np.array(PLACES, dtype=object),
            "step": steps,
            "side": np.array(["left", "right"], dtype=object),
        },
        attrs={"reach": parameters.reach, "point": parameters.point},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    dataset["identity_certainty"].attrs["flag_values"] = np.array(list(EXACT.values()), dtype=np.int8)
    dataset["identity_certainty"].attrs["flag_meanings"] = " ".join(EXACT)
    return dataset


def measured(made: Carry) -> float:
    """Return the largest |network − x| at equispaced points of the interval, evaluated in float64."""
    x = np.linspace(-made.reach, made.reach, _POINTS)
    return float(np.abs(made.network(x[:, None])[:, 0] - x).max())


def order(unit: Activation, point: float, reach: float) -> float:
    """Return the order in h of the proved bound between h = 0.1/B and 0.01/B, infinite where both are rounding."""
    first, second = (carry(unit, step / reach, point, reach).error_bound for step in (0.1, 0.01))
    if second < 1e-13 * reach:
        return inf
    return log10(first / second) if isfinite(first) and second > 0 else nan


def inflection(unit: Activation) -> float:
    """Return the zero of ρ″ next to 0 where its sign changes and ρ′ is not zero, within 4 of 0; else NaN."""
    grid = np.arange(-_GRID, _GRID + 1) * (_SPAN / _GRID)
    values = np.array([_second(unit, float(x)) for x in grid])
    found = []
    for i in range(1, len(grid) - 1):
        before, here, after = values[i - 1 : i + 2]
        if here == 0 and before * after < 0:
            found.append(float(grid[i]))
        elif here * after < 0:
            found.append(float(brentq(lambda x: _second(unit, x), grid[i], grid[i + 1], xtol=1e-15)))
    flat = [t for t in found if abs(unit.with_derivative(np.array([t]))[1][0]) > 1e-6 and not _kinks(unit, t)]
    return min(flat, key=lambda t: (abs(t), -t), default=nan)


def _series(unit: Activation, x: Any, terms: int) -> Any:
    """Return the power series of an activation at a ball, or None if it declares none."""
    from flint import arb, arb_series, ctx

    if unit.ball is None:
        return None
    former, ctx.cap = ctx.cap, max(ctx.cap, terms)
    try:
        value = unit.ball(arb_series([x, arb(1)], prec=terms))
    except (AttributeError, TypeError, ValueError):  # a ball for numbers only
        return None
    finally:
        ctx.cap = former
    return value if isinstance(value, arb_series) and value.prec >= terms else None


def _second(unit: Activation, x: float) -> float:
    from flint import arb

    if unit.polynomial is not None:
        return 0.0  # affine pieces carry exactly, others have no inflection inside a piece that is of use
    series = _series(unit, arb(x), 3)
    return nan if series is None or not series[2].is_finite() else float(series[2].mid()) * 2


def _kinks(unit: Activation, x: float) -> bool:
    """Return whether ρ″ jumps at a point."""
    near = abs(_second(unit, x + 1e-9) - _second(unit, x - 1e-9))
    return not near < 1e-6


def _described(unit: Activation) -> dict[str, Any]:
    ends = [_end(unit, sign) for sign in (-1.0, 1.0)]
    x = np.concatenate([-_FAR[::-1], np.linspace(-20, 20, 4001), _FAR])
    values = np.asarray(unit(x))
    steady = bool((np.diff(values) >= -1e-15).all() or (np.diff(values) <= 1e-15).all())
    limits = [limit for limit, _ in ends]
    terms, exact = _identity(unit)
    return {
        "regularity": unit.regularity,
        "derivatives": continuous_derivatives(unit),
        "ends": ends,
        "bounded": all(slope == 0 for _, slope in ends) and float(np.abs(values).max()) < 100,
        "squashing": steady and all(map(isfinite, limits)) and abs(limits[0] - limits[1]) > 1e-6,
        "terms": terms,
        "exact": exact,
    }


def _end(unit: Activation, sign: float) -> tuple[float, float]:
    """Return (limit, limit of ρ(x)/x) at one end of the line, as seen between 2^30 and 2^40."""
    values = np.asarray(unit(sign * _FAR))
    ratios = values / (sign * _FAR)
    if abs(ratios[-1]) > 1e-6:
        growing = abs(ratios[-1]) > 1.5 * abs(ratios[-2])
        slope = float(np.copysign(inf, ratios[-1])) if growing else float(ratios[-1])
        return float(np.copysign(inf, values[-1])), slope
    return (float(values[-1]) + 0.0 if np.ptp(values) < 1e-6 else nan), 0.0


def continuous_derivatives(unit: Activation) -> float:
    """Return the largest k with ρ in C^k: −1 for jumps, infinite for analytic ones, NaN if it cannot be told."""
    from flint import arb, ctx

    if unit.regularity == "analytic":
        return inf
    if unit.polynomial is not None:
        jumps = [unit.polynomial.jumps(index) for index in range(len(unit.polynomial.knots))]
        orders = [next((m for m, jump in enumerate(row) if jump), None) for row in jumps]
        known = [m for m in orders if m is not None]
        return float(min(known) - 1) if known else inf
    former = ctx.prec
    ctx.prec = 512
    try:
        near = arb(2) ** -200
        sides = [_series(unit, point, _MOST_DERIVATIVES + 1) for point in (-near, near)]
    finally:
        ctx.prec = former
    if sides[0] is None or sides[1] is None:
        return nan
    for k in range(_MOST_DERIVATIVES + 1):
        if not abs(sides[0][k] - sides[1][k]) < 1e-30:
            return float(k - 1)
    return nan


def _identity(unit: Activation) -> tuple[int, str]:
    form = identity_form(unit)
    if form is not None:
        return len(form.terms), "proved"
    if unit.polynomial is None and IdentityForm.odd().holds(unit):
        return 2, "seen_in_samples"
    return 0, "none_known"
