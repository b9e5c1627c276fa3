"""Random instances for the checks: small rational networks and functions, the same for the same names."""

from fractions import Fraction

import numpy as np

from ratelab import exact
from ratelab.networks import Network

Generator = np.random.Generator


def numbers(generator: Generator, *shape: int, reach: int = 12, unit: int = 4) -> np.ndarray:
    """Random multiples of 1/unit between −reach/unit and reach/unit, as Fractions."""
    whole = generator.integers(-reach, reach + 1, shape)
    result = np.empty(shape, dtype=object)
    for index, value in np.ndenumerate(whole):
        result[index] = Fraction(int(value), unit)
    return result


def network(generator: Generator, widths: tuple[int, ...], density: float = 1.0) -> Network:
    """Random rational ReLU network with widths (d, hidden …, k); each weight is kept with probability `density`."""
    weights = []
    for columns, rows in zip(widths, widths[1:], strict=False):
        weight = numbers(generator, rows, columns)
        weight[generator.random((rows, columns)) >= density] = Fraction(0)
        weights.append(weight)
    biases = [numbers(generator, rows, reach=20) for rows in widths[1:]]
    return Network.dense(weights, biases).rational()


def function(generator: Generator, kinks: int) -> exact.PiecewiseLinear:
    """Random rational piecewise linear function of one variable with that many kinks."""
    if kinks == 0:
        slope, value = numbers(generator, 2)
        return exact.PiecewiseLinear([], [], slope, slope, intercept=value)
    knots = np.cumsum([Fraction(int(v), 3) for v in generator.integers(1, 7, kinks)])
    while True:
        values = numbers(generator, kinks)
        left, right = numbers(generator, 2)
        result = exact.PiecewiseLinear(knots, values, left, right)
        if len(result.knots) == kinks:
            return result
