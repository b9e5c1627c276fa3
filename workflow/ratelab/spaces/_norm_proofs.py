"""Tails proved for every size: what bounds the errors of all networks of one class, from both sides.

From below, networks of size m have at most (g·m + 1)^x pieces, and errors of pieces are bounded for all their numbers.
From above, splines take knots where certified bounds of a derivative ask for them, and functions that repeat themselves
are composed of zigzags. `docs/norms.md` has the proofs.
"""

from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from math import ceil, exp, factorial, inf, isfinite, log, sqrt

import numpy as np

from ratelab.registry import Activation, Complexity, PiecewisePolynomial, Target
from ratelab.spaces._derivatives import (
    _balls,
    _breaks,
    _has_enclosure,
    _partition,
    derivative,
    lower_bound_all_n,
)
from ratelab.spaces._network_class import check_class, knots_by_connections, truncated_power_degree
from ratelab.spaces._norm_tails import OneTail, PowerTail, ZeroTail
from ratelab.spaces._self_similar import self_similar_bound

_UP, _DOWN = 1 + 1e-12, 1 - 1e-12
"""Cover the rounding of a few powers and products."""

_LARGEST_DEGREE = 16
_CELLS = 128
_GROUPS = (1, 8, 128)
"""Into how many parts the domain is cut for bounds of a derivative, besides its singular points."""


@lru_cache(maxsize=64)
def tail_of(
    target: Target, activation: Activation, depth: int, complexity: Complexity
) -> tuple[OneTail, ...] | None:
    """Return what is proved, for every size, about the L2 error of best approximation by a class of networks.

    Parameters
    ----------
    target
        One variable, with `pieces`, an `enclosure`, or with `self_similar` and certified moments.
    activation, depth, complexity
        The class: generalized networks of depth at most `depth`, sized by ``neurons`` or ``connections``.

    Returns
    -------
    Certificates, each with one end; None where nothing is proved. Lower ends need a piecewise polynomial activation,
    upper ends one with a single knot, where only its highest derivative jumps. A target that stands for a rough
    function has no upper end from derivatives (see `proved_rate`). `docs/norms.md` has the proofs.

    Raises
    ------
    UserError
        If the depth is below 2 or the complexity is neither of the two.
    """
    check_class(depth, complexity)
    if target.dimension > 1 or activation.polynomial is None or not activation.polynomial.knots:
        return None
    lower = _lower_tails(target, activation.polynomial, depth, complexity)
    degree = truncated_power_degree(activation.polynomial)
    upper: list[OneTail] = []
    if degree is not None:
        upper = [*_spline_tails(target, degree, complexity), *_repeated(target, degree, depth, complexity)]
    if any(isinstance(tail, ZeroTail) for tail in upper):
        return tuple(tail for tail in upper if isinstance(tail, ZeroTail))
    return (*lower, *upper) or None


def most_pieces_of_class(
    polynomial: PiecewisePolynomial, depth: int, complexity: Complexity
) -> tuple[float, int, int]:
    """Return (g, x, D): networks of size m have at most (g·m + 1)^x polynomial pieces of degree at most D.

    Parameters
    ----------
    polynomial
        The activation, with knots.
    depth, complexity
        Of the class.
    """
    knots = sum(1 for index in range(len(polynomial.knots)) if any(polynomial.jumps(index)))
    degree, hidden = max(polynomial.degree, 1), depth - 1
    top = degree**hidden
    if complexity == "neurons":
        return knots * degree ** (hidden - 1) / hidden * _UP, hidden, top
    if depth == 2:
        return knots / 2, 1, top
    if degree == 1 and depth == 3:
        return float(max(knots, knots**2)), 1, top
    if degree == 1 and depth == 4 and knots == 1:
        return 0.5, 2, top
    total, power = knots_by_connections(knots, degree, depth)
    return exp(log(total) / power) * _UP, power, top


def _lower_tails(
    target: Target, polynomial: PiecewisePolynomial, depth: int, complexity: Complexity
) -> list[OneTail]:
    factor, power, degree = most_pieces_of_class(polynomial, depth, complexity)
    tails: list[OneTail] = []
    if factor == 0 or degree > _LARGEST_DEGREE:
        return tails
    smooth = lower_bound_all_n(target, degree)
    if smooth is not None:
        order = power * (degree + 1)
        found = smooth.constants
        for intervals, constant in dict.fromkeys((found[0], found[len(found) // 2], found[-1])):
            shift = intervals ** (1 / power) / factor * _UP
            value = constant * _power(factor, -order) * _DOWN
            if 0 < value < inf:
                tails.append(PowerTail(value, inf, float(order), 0, lower_shift=shift))
    similar = self_similar_bound(target, degree)
    if similar is not None:
        exponent = similar.exponent * power
        value = similar.constant * _power(factor, -exponent) * _DOWN
        first, shift = (ceil(1 / factor), 0.0) if power == 1 else (0, 1 / factor * _UP)
        if 0 < value < inf:
            tails.append(PowerTail(value, inf, exponent, max(first, 1), lower_shift=shift))
    return tails


def _spline_tails(target: Target, degree: int, complexity: Complexity) -> list[OneTail]:
    """Upper ends by interpolation on cells whose lengths follow certified bounds of derivative degree + 1."""
    if not _has_enclosure(target) or _stands_for_another(target):
        return []
    low, high = (Fraction(end) for end in target.domain[0])
    cells, bounds = _derivative_bounds(target, degree + 1)
    if not all(isfinite(bound) for bound in bounds):
        return []
    inner = {t for t in _breaks(target) if low < t < high}
    joined = target.smoothness is not None and target.smoothness.hoelder > 0
    singular = len(inner) * (max(degree, 1) if joined else degree + 1)
    if not any(bounds):
        return [ZeroTail(_size(degree + singular, complexity))]
    tails: list[OneTail] = []
    for groups in _GROUPS:
        total, count, stretch = 0.0, 0, 0
        keys = []
        for a, _ in cells:
            stretch += a in inner
            keys.append((stretch, (a - low) * groups // (high - low)))
        for _, members in groupby(range(len(cells)), key=keys.__getitem__):
            run = list(members)
            length = float(cells[run[-1]][1] - cells[run[0]][0])
            total += max(bounds[i] for i in run) ** (2 / (2 * degree + 3)) * length
            count += 1
        knots = singular + max(degree, 1) * (count - 1 - len(inner))
        constant = _interpolation_constant(degree) * total ** (degree + 1.5) * _UP
        tails.append(
            _spline_tail(constant * max(degree, 1) ** (degree + 1), degree + 1.0, degree, knots, complexity)
        )
    return tails


def _spline_tail(
    constant: float, exponent: float, degree: int, knots: float, complexity: Complexity
) -> PowerTail:
    """From errors constant·(n − knots)^(−exponent) of splines with n > knots pieces to shallow networks.

    N neurons reach n = N − degree + 1 pieces, m connections N = ⌊m/2⌋ ≥ (m − 1)/2 neurons.
    """
    shift = 1.0 - degree - knots
    neurons = max(degree, ceil(knots) + degree)
    if complexity == "neurons":
        return PowerTail(0.0, constant, exponent, max(neurons, 1), upper_shift=shift)
    doubled = constant * 2**exponent * _UP
    return PowerTail(0.0, doubled, exponent, max(2 * neurons, 2), upper_shift=2 * shift - 1)


def _size(neurons: int, complexity: Complexity) -> int:
    return neurons if complexity == "neurons" else 2 * neurons


def _stands_for_another(target: Target) -> bool:
    return target.pieces is None and target.smoothness is not None and target.smoothness.besov < inf


def _derivative_bounds(target: Target, order: int) -> tuple[list[tuple[Fraction, Fraction]], list[float]]:
    """Cells and, on each, a bound of |f^(order)|, ∞ where none is certified."""
    with _balls(order + 1):
        cells = _partition(target, _CELLS)
        balls = [derivative(target, order, a, b) for a, b in cells]
        bounds = [float(ball.abs_upper()) * _UP if ball.is_finite() else inf for ball in balls]
    return cells, bounds


def _interpolation_constant(degree: int) -> float:
    """L2(0, 1) norm of Π(x − x_i)/(degree + 1)!, degree + 1 equispaced points with both ends (the middle alone)."""
    points = [Fraction(i, degree) for i in range(degree + 1)] if degree else [Fraction(1, 2)]
    product = [Fraction(1)]
    for point in points:
        product = [
            a - point * b for a, b in zip([Fraction(0), *product], [*product, Fraction(0)], strict=True)
        ]
    square = sum(
        (a * b / (i + j + 1) for i, a in enumerate(product) for j, b in enumerate(product)), Fraction(0)
    )
    return sqrt(square) / factorial(degree + 1)


def _repeated(target: Target, degree: int, depth: int, complexity: Complexity) -> list[OneTail]:
    """Upper ends of a function that repeats itself: splines in every copy, or composed zigzags."""
    similar = target.self_similar
    if similar is None or degree < 1:
        return []
    deviation = _deviation(target)
    if deviation == inf:
        return []
    copies, exponent = len(similar.starts), similar.exponent
    ends = [Fraction(0), *(start + similar.width for start in similar.starts)]
    gaps = sum(a < b for a, b in zip(ends, [*similar.starts, Fraction(1)], strict=True))
    share = gaps / (copies - 1)
    constant = deviation * (copies * (1 + share) * (degree + 1)) ** exponent * _UP
    tails: list[OneTail] = [_spline_tail(constant, exponent, degree, -share * (degree + 1), complexity)]
    continuous = target.smoothness is not None and target.smoothness.hoelder > 0
    if not (similar.folded and continuous and degree == 1):
        return tails
    if depth == 2 or (complexity == "connections" and depth == 3):
        width = copies if complexity == "neurons" else 2 * copies
        return [*tails, PowerTail(0.0, deviation * float(width) ** exponent * _UP, exponent, 1)]
    if complexity == "neurons":
        blocks, factor, offset = depth - 1, (depth - 1) * copies, depth - 1
    else:
        blocks, factor, offset = depth // 2, 3 * (depth // 2) * copies, 2 * (depth // 2)
    power = exponent * blocks
    constant = deviation * _power(factor, power) * _UP
    if constant == inf:
        return tails
    return [*tails, PowerTail(0.0, constant, power, offset + 1, upper_shift=-float(offset))]


def _power(base: float, exponent: float) -> float:
    """Return a power, ∞ where it is out of the range of floats."""
    try:
        return float(float(base) ** exponent)
    except OverflowError:
        return inf


@lru_cache(maxsize=64)
def _deviation(target: Target) -> float:
    """A certified upper end of the L2 distance to the constants; ∞ if there is none."""
    from ratelab.exact import cell_moments, certified_error
    from ratelab.networks import Network

    moments = cell_moments(target, np.array(target.domain[0], dtype=np.float64), 0)
    mean = float(moments.coefficients[0, 0])
    found = certified_error(Network.dense([[[0.0]]], [[mean]]), target)
    return found.upper if found.certainty == "rigorous" else inf
