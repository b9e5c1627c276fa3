"""Polynomials fitted by least squares, as networks of identity neurons and poolings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, isfinite

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import Layer, Network, identity
from ratelab.training._least_squares import checked_data, least_squares_readout

Array = NDArray[np.float64]
Powers = tuple[int, ...]

_MOST = 2000
_DEGREE = 64


def polynomial_regressor(
    degree: int,
    nodes: Array,
    weights: Array,
    values: Array,
    domain: Sequence[tuple[float, float]],
    ridge: float = 0.0,
) -> Network:
    """Return the polynomial of least squares, as a network of identity neurons and poolings.

    The basis are products of Chebyshev polynomials of the domain with total degree at most `degree`; the network makes
    them by T_2k = 2 T_k² − 1, T_2k+1 = 2 T_k T_k+1 − x and one pooling for each further variable: depth
    ⌈log₂ degree⌉ + d. On all of R^d it is a polynomial, in every arithmetic.

    Parameters
    ----------
    degree
        From 0 to 64, and at most 2000 products.
    nodes, weights, values, ridge
        As for `least_squares_readout`, d = 1, 2 or 3.
    domain
        d pairs.

    Raises
    ------
    UserError
        If an argument is not like this.
    """
    nodes, weights, values = checked_data("polynomial_regressor", nodes, weights, values)
    try:
        sides = [(float(a), float(b)) for a, b in domain]
    except (TypeError, ValueError):
        raise UserError(
            f"polynomial_regressor: domain is {domain!r}; allowed: pairs (lower, upper), one for each variable"
        ) from None
    dimension = len(sides)
    if dimension not in (1, 2, 3) or nodes.shape[1] != dimension:
        raise UserError(
            f"polynomial_regressor: nodes have {nodes.shape[1]} coordinates and the domain {dimension} sides; allowed: "
            "1, 2 or 3, the same for both"
        )
    if not all(isfinite(a) and isfinite(b) and a < b for a, b in sides):
        raise UserError(
            f"polynomial_regressor: domain is {list(domain)!r}; allowed: pairs (lower, upper), lower below upper"
        )
    if (
        not isinstance(degree, int | np.integer)
        or not 0 <= degree <= _DEGREE
        or comb(int(degree) + dimension, dimension) > _MOST
    ):
        raise UserError(
            f"polynomial_regressor: degree is {degree}; allowed for d = {dimension}: whole numbers from 0 to "
            f"{max(n for n in range(_DEGREE + 1) if comb(n + dimension, dimension) <= _MOST)}"
        )
    if degree == 0:
        total = float(np.sum(weights))
        mean = weights @ values / total if total else np.zeros(values.shape[1])
        return Network([_affine(np.zeros((values.shape[1], dimension)), mean)])
    layers = chebyshev_layers(int(degree), sides)
    reads = layers[-1].outputs if layers else dimension
    last = _affine(np.zeros((values.shape[1], reads)), np.zeros(values.shape[1]))
    return least_squares_readout(Network([*layers, last]), nodes, weights, values, ridge)


@dataclass(frozen=True, eq=False)
class _Values:
    """Functions as affine maps of what the layers so far give: a row of weights and a constant for each."""

    rows: Array
    constants: Array

    def of(self, index: int) -> tuple[Array, float]:
        return self.rows[index], float(self.constants[index])


def chebyshev_layers(degree: int, domain: Sequence[tuple[float, float]]) -> list[Layer]:
    """Return layers that give what spans, with the constant, all polynomials of that total degree.

    Parameters
    ----------
    degree
        At least 1; for degree 1 there is no layer: the inputs do.
    domain
        d pairs (lower, upper).
    """
    dimension = len(domain)
    lower, upper = np.array(domain, dtype=np.float64).T
    first = 2.0 / (upper - lower)
    # T_1 … T_known of every variable, variable by variable
    known, basis = 1, _Values(np.diag(first), -(lower + upper) / (upper - lower))
    layers: list[Layer] = []
    while known < degree:
        reach = min(2 * known, degree)
        pairs = [
            (v * known + i - 1, v * known + j - 1 if j else None)
            for v in range(dimension)
            for i, j in [(k, 0) for k in range(1, known + 1)]
            + [(k // 2, k - k // 2) for k in range(known + 1, reach + 1)]
        ]
        layers.append(_pooled(basis, pairs))
        rows, constants = np.eye(dimension * reach), np.zeros(dimension * reach)
        for v, k in product(range(dimension), range(known + 1, reach + 1)):
            at = v * reach + k - 1
            rows[at, at] = 2.0
            if k % 2:
                rows[at, v * reach] = -1.0
            else:
                constants[at] = -1.0
        known, basis = reach, _Values(rows, constants)
    if dimension == 1 or degree == 1:
        return layers
    powers: list[Powers] = [(k,) for k in range(degree + 1)]
    place = {power: power[0] - 1 for power in powers[1:]}  # of products of the variables so far
    for variable in range(1, dimension):
        start = len(basis.constants) - known * (dimension - variable)
        pairs, made = [], {}
        for power, k in product(powers, range(degree + 1)):
            if 0 < sum(power) + k <= degree:
                made[(*power, k)] = len(pairs)
                factors = [place[power]] if any(power) else []
                factors += [start + k - 1] if k else []
                pairs.append((factors[0], factors[1] if len(factors) > 1 else None))
        rest = range(start + known, len(basis.constants))
        layers.append(_pooled(basis, [*pairs, *((index, None) for index in rest)]))
        count = len(pairs) + len(rest)
        basis = _Values(np.eye(count), np.zeros(count))
        powers, place = [(0,) * (variable + 1), *made], made
    return layers


def _pooled(basis: _Values, pairs: Sequence[tuple[int, int | None]]) -> Layer:
    """Return the layer that gives the product of two functions for each pair, None for the constant 1."""
    width = basis.rows.shape[1]
    one = (np.zeros(width), 1.0)
    first = [basis.of(i) for i, _ in pairs]
    second = [one if j is None else basis.of(j) for _, j in pairs]
    weight = np.array([row for row, _ in (*first, *second)])
    bias = np.array([constant for _, constant in (*first, *second)])
    return Layer(weight, bias, (identity,) * len(bias), pooled=True)


def _affine(weight: Array, bias: Array) -> Layer:
    return Layer(weight, bias, (identity,) * len(bias))
