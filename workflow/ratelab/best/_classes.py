"""From networks to piecewise polynomials in one variable: how many pieces and which degree a budget can reach."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import prod

import numpy as np

from ratelab._errors import UserError
from ratelab.registry import Activation, Complexity
from ratelab.spaces._network_class import knots_by_connections
from ratelab.spaces._network_class import truncated_power_degree as degree_of_truncated_power

_EXHAUSTIVE = 1000
"""Up to this budget all distributions on the layers are tried; beyond it means bound products."""

_EXHAUSTIVE_EDGES = 8000
"""The same for connections of piecewise linear networks."""

_WHOLE = 2**60
"""Below, numbers of knots and what they are made of are 64 bit integers."""


def pieces_bound(
    activation: Activation, depth: int, complexity: Complexity, budget: int
) -> tuple[int, int] | None:
    """Bound what any generalized network within a budget can be on an interval: (pieces, degree).

    The class holds all networks R → R of depth at most `depth` with at most `budget` hidden neurons or connections,
    identity neurons included and biases free, whatever their architecture. Heaviside networks get degree 1: an
    identity neuron adds a slope. At depth 2 the number of pieces is attained; deeper it is a bound (inverse
    estimates in one variable).

    Parameters
    ----------
    activation
        Any; piecewise polynomials have a bound.
    depth
        Number of affine layers, at least 1.
    complexity, budget
        What is counted, and how many are allowed.

    Returns
    -------
    tuple[int, int] | None
        Largest number of polynomial pieces and their largest degree; None where no bound is known.

    Raises
    ------
    UserError
        If the depth is below 1, the budget below 0, or the complexity is neither of the two.
    """
    polynomial = activation.polynomial
    if polynomial is None:
        return None
    return class_pieces(activation_knots(activation), polynomial.degree, depth, complexity, budget)


def class_pieces(knots: int, degree: int, depth: int, complexity: Complexity, budget: int) -> tuple[int, int]:
    """Return `pieces_bound` for any activation with that many knots and that degree."""
    _check(complexity, budget)
    if depth < 1:
        raise UserError(f"piece bound: depth is {depth}; allowed: 1 or more")
    if complexity == "connections" and budget == 0:
        return 1, 0
    degree = max(degree, 1)
    if complexity == "neurons":
        return _product(knots, degree, depth - 1, budget), degree ** (min(depth - 1, budget))
    pieces = max(_by_connections(knots, degree, length, budget) for length in range(1, depth + 1))
    return pieces, degree ** max(0, min(depth - 1, budget - 1))


def architecture_pieces(knots: int, degree: int, widths: Sequence[int]) -> int:
    """Bound the pieces of networks R → R with these hidden widths: Π_l (1 + knots·degree^(l−1)·w_l).

    Neurons that are identities do not bend, so the bound holds for generalized networks of these widths too. The
    pieces are polynomials of degree at most degree^(number of hidden layers), or 1 if the degree is 0.

    Parameters
    ----------
    knots, degree
        Of the activation, whose pieces are polynomials.
    widths
        Neurons in each hidden layer, each at least 0; empty for affine functions.

    Raises
    ------
    UserError
        If a width is below 0.
    """
    if any(width < 0 for width in widths):
        raise UserError(f"hidden widths are {list(widths)}; allowed: 0 or more each")
    return prod(1 + knots * max(degree, 1) ** layer * width for layer, width in enumerate(widths))


def kink_ratio(activation: Activation) -> Fraction | None:
    """Return s if the activation is x for x ≥ 0 and s·x for x < 0, up to shifts, scales and mirror images.

    The ratio is the outer slope of smaller modulus over the other one: 0 for ReLU, −1 for |x|. None for all other
    activations: two slopes, joined at one knot, is what it takes.
    """
    polynomial = activation.polynomial
    if polynomial is None or polynomial.degree != 1 or truncated_power_degree(activation) != 1:
        return None
    slopes = [row[1] if len(row) > 1 else Fraction(0) for row in polynomial.coefficients]
    small, large = sorted(slopes, key=abs)
    return small / large


def joins(activation: Activation) -> bool:
    """Whether the activation is a continuous piecewise polynomial."""
    polynomial = activation.polynomial
    return polynomial is not None and not any(
        any(polynomial.jumps(index)[:1]) for index in range(len(polynomial.knots))
    )


def activation_knots(activation: Activation) -> int:
    """Return how many knots of a piecewise polynomial activation are true ones; 0 for all other activations."""
    polynomial = activation.polynomial
    if polynomial is None:
        return 0
    return sum(1 for index in range(len(polynomial.knots)) if any(polynomial.jumps(index)))


def spline_pieces(activation: Activation, budget: int, complexity: Complexity) -> int | None:
    """Largest n such that every free-knot spline with n pieces is a shallow network within the budget.

    Splines have the activation's degree r and simple knots: N neurons reach n = N − r + 1 pieces, N being half
    the connections. The activation needs one knot where only its r-th derivative jumps.

    Returns
    -------
    int | None
        At least 1; None if the budget is too small or the activation is of another kind.

    Raises
    ------
    UserError
        If the budget is below 0 or the complexity unknown.
    """
    _check(complexity, budget)
    degree = truncated_power_degree(activation)
    if degree is None:
        return None
    neurons = budget if complexity == "neurons" else budget // 2
    pieces = neurons - degree + 1
    return pieces if pieces >= 1 else None


def truncated_power_degree(activation: Activation) -> int | None:
    """Degree r of an activation that is c·(x − t)₊^r plus a polynomial of degree at most r, else None."""
    return None if activation.polynomial is None else degree_of_truncated_power(activation.polynomial)


def _check(complexity: str, budget: int) -> None:
    if complexity not in ("neurons", "connections"):
        raise UserError(f"complexity is '{complexity}'; allowed: neurons, connections")
    if budget < 0:
        raise UserError(f"budget is {budget} {complexity}; allowed: 0 or more")


@cache
def _product(knots: int, degree: int, layers: int, neurons: int) -> int:
    """Largest Π_l (1 + knots · degree^(l−1) · N_l) over Σ N_l ≤ neurons: zeros of one neuron on one piece.

    What a neuron of layer l reads is on each piece a polynomial of degree ≤ degree^(l−1), which meets each knot at
    most that often or is constant.
    """
    if layers == 1:
        return 1 + knots * neurons
    if layers and neurons > _EXHAUSTIVE:
        # the geometric mean of the factors is at most their arithmetic mean
        return int((1 - (-knots * degree ** (layers - 1) * neurons // layers)) ** layers)
    best = [1] * (neurons + 1)
    for layer in range(layers):
        factor = knots * degree**layer
        best = [max(best[n - k] * (1 + factor * k) for k in range(n + 1)) for n in range(neurons + 1)]
    return best[neurons]


def _by_connections(knots: int, degree: int, depth: int, connections: int) -> int:
    """Pieces of networks of exactly that depth; dead neurons have been removed, so edges bound neurons."""
    if depth == 1 or connections < depth:
        return 1
    if depth == 2:
        return 1 + knots * (connections // 2)
    constant, power = knots_by_connections(knots, degree, depth)
    bounds: list[int] = [
        _product(knots, degree, depth - 1, connections - 1),
        1 + constant * connections**power,
    ]
    if degree == 1:
        if connections <= _EXHAUSTIVE_EDGES:
            bounds.append(1 + _breaks(knots, depth - 1, connections - 1))
        if depth == 3:
            # N_1 neurons break K times each, one of in-degree D adds K (K D + 1), and N_1 + ΣD + N_2 ≤ W
            bounds.append(1 + max(knots, knots**2) * connections)
        if depth == 4 and knots == 1:
            bounds.append((2 + connections) ** 2 // 4)
    return min(bounds)


@cache
def _breaks(knots: int, layers: int, edges: int) -> int:
    """Bound the breaks of piecewise affine networks after their last hidden layer.

    ``total[e]`` bounds the breaks of all neurons of a layer together when e edges lead up to it, ``single[e]`` those
    of one neuron, which reads at most all breaks of the layer before.
    """
    constant, power = knots_by_connections(knots, 1, layers + 1)
    kind = np.int64 if constant * max(edges, 1) ** power < _WHOLE else object
    total, single = (np.zeros(edges + 1, dtype=kind) for _ in range(2))
    numbers = np.arange(edges + 1).astype(kind) * knots
    for _ in range(layers):
        more = single + 1
        # v edges lead to the layer, e − v up to the layer before
        following = [(total[e::-1] + numbers[: e + 1] * more[e::-1]).max() for e in range(edges + 1)]
        single = total * (1 + knots) + knots
        total = np.array(following, dtype=kind)
    most: int = total[edges].item() if kind is np.int64 else total[edges]
    return most
