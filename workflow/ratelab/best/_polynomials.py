"""Best polynomials in L2: limits of networks with analytic activations."""

from functools import lru_cache

import numpy as np

from ratelab import exact
from ratelab.registry import Target

_NODES = 4096
_ROUNDING = 64 * np.finfo(np.float64).eps


def best_polynomial_error(target: Target, degree: int) -> float:
    """Return the L2 error of the best polynomial of that degree, rounded up to what float64 resolves.

    Parameters
    ----------
    target
        One variable, one output.
    degree
        At least 0.

    Returns
    -------
    float
        From the residual at graded quadrature nodes: numerical, not rigorous.
    """
    x, weight, values = _data(target)
    start, end = target.domain[0]
    basis = np.polynomial.legendre.legvander(2 * (x - start) / (end - start) - 1, degree)
    basis *= np.sqrt((2 * np.arange(degree + 1) + 1) / (end - start))
    residual = values
    for _ in range(2):  # a second projection removes what rounding and quadrature left of the first
        residual = residual - basis @ np.linalg.solve(
            basis.T @ (weight[:, None] * basis), basis.T @ (weight * residual)
        )
    floor = _ROUNDING * float(np.sqrt(np.sum(weight * values**2)))
    return max(float(np.sqrt(np.sum(weight * residual**2))), floor)


def rounding(target: Target) -> float:
    """Return the L2 norm of the target times the unit roundoff: errors below it say nothing in float64."""
    _, weight, values = _data(target)
    return float(np.finfo(np.float64).eps / 2 * np.sqrt(np.sum(weight * values**2)))


@lru_cache(maxsize=8)
def _data(target: Target) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, weight = exact.nodes(target, _NODES)
    return x[:, 0], weight, target(x)[:, 0]
