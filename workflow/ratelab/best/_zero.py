"""Targets that shallow networks reach exactly, or in the limit: proven zeros of the best error."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ratelab.best._classes import truncated_power_degree
from ratelab.registry import Activation, PiecewisePolynomial, Target

_LARGEST_SUBSET = 20

Polynomial = tuple[Fraction, ...]


@dataclass(frozen=True)
class ExactZero:
    """A size from which on the best error is proved to be zero.

    Parameters
    ----------
    neurons
        A shallow generalized network with that many neurons, and twice as many connections, represents the target
        or has it in the L2 closure.
    attained
        Whether a network equals the target almost everywhere, rather than only in the limit.
    """

    neurons: int
    attained: bool

    @property
    def connections(self) -> int:
        """One edge into and one out of each neuron."""
        return 2 * self.neurons


def exact_zero(target: Target, activation: Activation) -> ExactZero | None:
    """Return how many neurons represent a target with exact `pieces`, or None where that is not known.

    Knots count with multiplicity: a jump of the derivative of order m costs r − m + 1 neurons of degree r, in the
    limit of divided differences if that is more than one. The number is sufficient; fewer may do.

    Parameters
    ----------
    target
        One variable; its `pieces` in exact rationals.
    activation
        One knot, where only the derivative of its degree r jumps (ρ_r, leaky ReLU, …).
    """
    degree = truncated_power_degree(activation)
    if target.pieces is None or target.dimension != 1 or degree is None or activation.polynomial is None:
        return None
    domain = Fraction(target.domain[0][0]), Fraction(target.domain[0][1])
    orders, polynomials = _knots(target.pieces, domain)
    if max(len(p) for p in polynomials) > max(degree, 1) + 1:
        return None
    if degree == 0 and len({_slope(p) for p in polynomials}) > 1:
        return None
    neurons = sum(degree - order + 1 for order in orders)
    attained = all(order >= degree for order in orders)
    if degree == 0:
        return ExactZero(neurons + bool(_slope(polynomials[0])), attained)
    if degree == 1:
        return ExactZero(neurons + _affine_neurons(activation.polynomial, orders, polynomials), attained)
    return ExactZero(
        neurons + _polynomial_neurons(activation.polynomial, degree, domain, polynomials), attained
    )


def _knots(
    pieces: PiecewisePolynomial, domain: tuple[Fraction, Fraction]
) -> tuple[list[int], list[Polynomial]]:
    """Orders of the first derivative that jumps at each true knot inside the domain, and the polynomials between."""
    orders: list[int] = []
    inside = [i for i, t in enumerate(pieces.knots) if domain[0] < t < domain[1]]
    first = sum(1 for t in pieces.knots if t <= domain[0])
    polynomials = [_trimmed(pieces.coefficients[first])]
    for index in inside:
        jumps = pieces.jumps(index)
        if any(jumps):
            orders.append(next(order for order, jump in enumerate(jumps) if jump))
            polynomials.append(_trimmed(pieces.coefficients[index + 1]))
    return orders, polynomials


def _trimmed(coefficients: Sequence[Fraction]) -> Polynomial:
    """Without vanishing leading coefficients; constants keep one."""
    found = list(coefficients) or [Fraction(0)]
    while len(found) > 1 and not found[-1]:
        found.pop()
    return tuple(found)


def _slope(polynomial: Polynomial) -> Fraction:
    return polynomial[1] if len(polynomial) > 1 else Fraction(0)


def _affine_neurons(activation: PiecewisePolynomial, orders: list[int], polynomials: list[Polynomial]) -> int:
    """0 if neurons at the knots, each looking right or left, can give the first slope; else 1 more neuron.

    A jump takes two neurons that look the same way. Looking right, a knot where the slope grows by δ leaves
    δ·σ_L / (σ_R − σ_L) on its left, σ_L and σ_R being the activation's own slopes; looking left, −δ·σ_R / (σ_R − σ_L).
    """
    left, right = _slope(_trimmed(activation.coefficients[0])), _slope(_trimmed(activation.coefficients[1]))
    changes = [_slope(q) - _slope(p) for p, q in zip(polynomials, polynomials[1:], strict=False)]
    wanted = _slope(polynomials[0]) + sum(changes, Fraction(0)) * right / (right - left)
    steps = [change * (left + right) / (right - left) for change in changes if change * (left + right)]
    if not wanted:
        return 0
    if len(steps) > _LARGEST_SUBSET:
        return 1
    sums = {Fraction(0)}
    for step in steps:
        sums |= {total + step for total in sums}
    return 0 if wanted in sums else 1


def _polynomial_neurons(
    activation: PiecewisePolynomial,
    degree: int,
    domain: tuple[Fraction, Fraction],
    polynomials: list[Polynomial],
) -> int:
    """Neurons for what the knots leave: the first polynomial, or the last if all neurons look left."""
    if len(polynomials) == 1 and len(polynomials[0]) == 1:
        return 0
    if not _one_sided(activation):
        return degree
    return min(_single(p, degree, domain) for p in (polynomials[0], polynomials[-1]))


def _one_sided(activation: PiecewisePolynomial) -> bool:
    """Whether the activation vanishes on one side of its knot t, hence is c·(x − t)^r on the other."""
    return any(_trimmed(row) == (Fraction(0),) for row in activation.coefficients)


def _single(polynomial: Polynomial, degree: int, domain: tuple[Fraction, Fraction]) -> int:
    """0 for a constant; 1 for an affine one (identity) or a(x − t)^degree + c, t not inside; else `degree`."""
    if len(polynomial) <= 2:
        return len(polynomial) - 1
    if len(polynomial) == degree + 1:
        centre = -polynomial[degree - 1] / (degree * polynomial[degree])
        power = [polynomial[degree]]
        for _ in range(degree):
            power = [
                a - centre * b for a, b in zip([Fraction(0), *power], [*power, Fraction(0)], strict=True)
            ]
        if not domain[0] < centre < domain[1] and list(polynomial[1:]) == power[1:]:
            return 1
    return degree
