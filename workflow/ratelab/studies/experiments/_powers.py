"""From one power of ReLU to the next: differences, polynomials, and what the degree buys on a smooth function.

* The difference quotient of ρ_r with step h tends to ρ_{r−1}; its exact L2 error on [−1, 1] shrinks with h, while the
  weights 1/(rh) multiply the rounding of float64 values, which takes over at some step.
* A polynomial of degree r is a sum of powers (x + b_i)^r; how many digits float64 values lose depends on the shifts.
* Best splines of degree r are shallow networks of ρ_r; on a smooth function their errors are of order n^(−(r+1)).
"""

from fractions import Fraction
from math import comb, factorial, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ratelab import best
from ratelab.networks import LowerPowerErrors, Network, lower_power, polynomial
from ratelab.registry import Progress, Registry
from ratelab.studies.experiments._space_parameters import Powers

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

POWERS = (1, 2, 3, 4)
DIFFERENCES = ("forward", "centred")
DEGREES = (1, 2, 3)
SHIFTS = ("knots over [0, 1]", "knots over [−1, 1]", "knots outside, on both sides", "knots outside, left")

_LONG_NAMES = {
    "power": "r: the difference of max(x, 0)^r is near max(x, 0)^(r - 1)",
    "difference": "(f(x + h) - f(x))/(rh) or (f(x + h/2) - f(x - h/2))/(rh) of f = max(x, 0)^r",
    "step": "h of the difference",
    "difference_error": "exact L2 error on [-1, 1]",
    "difference_supremum": "exact supremum of the error on [-1, 1]",
    "difference_error_float": "L2 error on [-1, 1] of the values that float64 arithmetic gives",
    "difference_weight": "largest weight, 1/(rh)",
    "best_step": "step of least L2 error in float64",
    "spline_degree": "degree r of splines with simple free knots, shallow networks of max(x, 0)^r",
    "pieces": "number of pieces n of the splines",
    "neurons": "neurons N = n + r - 1 of the network that every spline of n pieces is",
    "spline_error": "L2 error of the best spline in hand, a network of N neurons",
    "network_error_lower": "certified lower end for all shallow networks of N neurons: that of N + 1 pieces, which "
    "need not join for r > 1",
    "spline_weight": "largest weight of that network",
    "spline_slope": "secant slope of the errors by pieces, from this number of pieces to the next",
    "spline_limit": "limit of n^(r + 1) times the error of best splines",
    "polynomial_degree": "degree r of Chebyshev's polynomial on [0, 1], written with max(x, 0)^r",
    "shifts": "where the knots of the neurons lie",
    "polynomial_neurons": "neurons of the network",
    "polynomial_error": "largest error of float64 values at equispaced points of [0, 1]; the polynomial is at most 1",
    "polynomial_cancellation": "largest sum of the moduli of the neurons' contributions at these points",
    "polynomial_weight": "largest weight of the network",
}


def run(parameters: Powers, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Measure differences, splines and polynomials."""
    import xarray as xr

    pieces = [2**k for k in range(parameters.pieces.bit_length()) if 2**k <= parameters.pieces]
    total = len(POWERS) + len(DEGREES) + parameters.degree
    tables: dict[str, Any] = {}
    steps = [Fraction(1, 2**k) for k in range(1, parameters.steps + 1)]
    shape = (len(POWERS), len(DIFFERENCES), len(steps))
    for name in ("error", "supremum", "error_float", "weight"):
        tables[f"difference_{name}"] = ("power", "difference", "step"), np.empty(shape)
    for row, r in enumerate(POWERS):
        for column, name in enumerate(DIFFERENCES):
            for place, step in enumerate(steps):
                found = _difference(r, step, name == "centred")
                for key, value in found.items():
                    tables[f"difference_{key}"][1][row, column, place] = value
        progress(row + 1, total)
    least = tables["difference_error_float"][1].argmin(axis=2)
    tables["best_step"] = ("power", "difference"), np.array([float(h) for h in steps])[least]

    target = registry.targets["exp"]
    cell = ("spline_degree", "pieces")
    splines = {
        name: np.empty((len(DEGREES), len(pieces)))
        for name in ("spline_error", "network_error_lower", "spline_weight")
    }
    neurons = np.array([[n + r - 1 for n in pieces] for r in DEGREES])
    for row, r in enumerate(DEGREES):
        ends = best.brackets(target, [*pieces, *(n + r for n in pieces)], r)
        for column, n in enumerate(pieces):
            splines["spline_error"][row, column] = ends[n].upper
            # N = n + r − 1 neurons give at most N + 1 pieces
            splines["network_error_lower"][row, column] = ends[n + r].lower
            splines["spline_weight"][row, column] = ends[n].network.largest_weight
        progress(len(POWERS) + row + 1, total)
    tables |= {name: (cell, values) for name, values in splines.items()}
    tables["neurons"] = cell, neurons
    tables["spline_limit"] = "spline_degree", np.array([spline_limit(r) for r in DEGREES])
    slopes = np.full((len(DEGREES), len(pieces)), np.nan)
    slopes[:, :-1] = -np.diff(np.log2(splines["spline_error"]), axis=1) / np.diff(np.log2(pieces))
    tables["spline_slope"] = cell, slopes

    place_of = ("polynomial_degree", "shifts")
    polynomials = {
        name: np.empty((parameters.degree, len(SHIFTS)), np.int64 if name == "neurons" else np.float64)
        for name in ("neurons", "error", "cancellation", "weight")
    }
    for r in range(1, parameters.degree + 1):
        for column, shifts in enumerate(SHIFTS):
            for name, value in _polynomial(r, shifts).items():
                polynomials[name][r - 1, column] = value
        progress(len(POWERS) + len(DEGREES) + r, total)
    tables |= {f"polynomial_{name}": (place_of, values) for name, values in polynomials.items()}

    dataset = xr.Dataset(
        tables,
        coords={
            "power": list(POWERS),
            "difference": np.array(DIFFERENCES, dtype=object),
            "step": [float(h) for h in steps],
            "spline_degree": list(DEGREES),
            "pieces": pieces,
            "polynomial_degree": np.arange(1, parameters.degree + 1),
            "shifts": np.array(SHIFTS, dtype=object),
        },
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    return dataset


def spline_limit(degree: int) -> float:
    """Return lim n^k E_n for e^x on [0, 1] and best splines of degree k − 1 with n pieces in L2.

    √(|B_2k|/(2k)!)·‖e^x‖ in L^σ, σ = 2/(2k + 1): the limit of Barrow and Smith (1978) for splines with variable knots.
    """
    k = degree + 1
    bernoulli = [Fraction(1)]
    for m in range(1, 2 * k + 1):
        bernoulli.append(-sum((comb(m + 1, j) * b for j, b in enumerate(bernoulli)), Fraction(0)) / (m + 1))
    constant = sqrt(float(abs(bernoulli[2 * k]) / factorial(2 * k)))
    sigma = 2 / (2 * k + 1)
    return float(constant * (np.expm1(sigma) / sigma) ** (1 / sigma))


def _difference(exponent: int, step: Fraction, centred: bool) -> dict[str, float]:
    errors = LowerPowerErrors(exponent, step, centred=centred)
    network = lower_power(exponent, step, centred=centred)
    x, weights = _nodes(float(step))
    target = np.where(x > 0, np.maximum(x, 0.0) ** (exponent - 1), 0.0)
    gap = network(x[:, None])[:, 0] - target
    return {
        "error": errors.mean_square,
        "supremum": float(errors.supremum),
        "error_float": float(np.sqrt(weights @ gap**2)),
        "weight": float(errors.largest_weight),
    }


def _nodes(step: float) -> tuple[Array, Array]:
    """Return nodes and weights on [−1, 1], split where the differences or their limit change."""
    unit, weight = np.polynomial.legendre.leggauss(12)
    edges = np.unique(np.concatenate([[-1.0, -step, -step / 2, 0.0, step / 2], np.linspace(0, 1, 33)]))
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * unit).ravel(), (half[:, None] * weight).ravel()


def _polynomial(degree: int, shifts: str) -> dict[str, float]:
    coefficients = _chebyshev(degree)
    network = _written(coefficients, degree, shifts)
    points = np.linspace(0.0, 1.0, 257)
    # these points are dyadic, so that their exact values are those of the same numbers
    expected = [float(_horner(coefficients, Fraction(float(x)))) for x in points]
    rounded = network.float64()
    hidden, outer = rounded.layers
    inner = np.maximum(points[:, None] @ hidden.matrix.T + hidden.bias, 0.0) ** degree
    return {
        "neurons": network.neurons,
        "error": float(np.abs(network(points[:, None])[:, 0] - expected).max()),
        "cancellation": float((inner @ np.abs(outer.matrix[0])).max()),
        "weight": network.largest_weight,
    }


def _written(coefficients: list[Fraction], r: int, shifts: str) -> Network:
    """Write a polynomial without an output bias, with r + 1 powers."""
    if shifts == SHIFTS[2]:
        left = r // 2 + 1
        knots = [-Fraction(i, max(left - 1, 1)) for i in range(left)]
        knots += [1 + Fraction(i, max(left - 1, 1)) for i in range(r + 1 - left)]
    elif shifts == SHIFTS[3]:
        knots = [-Fraction(i, r) for i in range(r + 1)]
    elif shifts == SHIFTS[0]:
        knots = [Fraction(i, r) for i in range(r + 1)]
    else:
        knots = [Fraction(2 * i - r, r) for i in range(r + 1)]
    domain = (Fraction(0), Fraction(1)) if shifts in SHIFTS[2:] else None
    return polynomial(coefficients, r, domain=domain, shifts=[-t for t in knots], output_bias=False)


def _chebyshev(degree: int) -> list[Fraction]:
    """Return the coefficients of T_r(2x − 1), by the recursion T_{r+1} = 2(2x − 1)T_r − T_{r−1}."""
    former, current = [Fraction(1)], [Fraction(-1), Fraction(2)]
    for _ in range(degree - 1):
        following = [Fraction(0)] * (len(current) + 1)
        for k, c in enumerate(current):
            following[k] -= 2 * c
            following[k + 1] += 4 * c
        for k, c in enumerate(former):
            following[k] -= c
        former, current = current, following
    return current


def _horner(coefficients: list[Fraction], x: Fraction) -> Fraction:
    result = Fraction(0)
    for c in reversed(coefficients):
        result = result * x + c
    return result
