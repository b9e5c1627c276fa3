"""Splines with simple free knots, and the shallow networks that they are."""

from dataclasses import dataclass
from fractions import Fraction
from math import comb

import numpy as np
from numpy.typing import NDArray

from ratelab.exact._quadrature import gauss
from ratelab.networks import Network, power
from ratelab.registry import Activation

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spline:
    """A spline of degree r with simple knots: r − 1 times continuously differentiable (steps for r = 0).

    Parameters
    ----------
    degree
        r ≥ 0.
    domain
        (lower, upper).
    knots
        (n − 1,) strictly increasing, inside the domain.
    coefficients
        (n + r,): of the B-splines on these knots with (r + 1)-fold ends, each scaled to sum to 1.
    """

    degree: int
    domain: tuple[float, float]
    knots: Array
    coefficients: Array

    @property
    def pieces(self) -> int:
        """Number of pieces n."""
        return len(self.knots) + 1

    def __call__(self, x: Array) -> Array:
        """Values (m,) at points (m,); at a jump the value from the right."""
        points = np.asarray(x, dtype=np.float64)
        index = np.searchsorted(self.knots, points, side="right")
        values = basis_values(
            full_knots(self.knots, self.domain, self.degree), self.degree, index, points[:, None]
        )[:, 0, :]
        active = self.coefficients[index[:, None] + np.arange(self.degree + 1)]
        return np.asarray((values * active).sum(axis=1))

    def power_form(self) -> tuple[list[Fraction], list[Fraction]]:
        """Return exact rationals: the polynomial on the first piece about the left end, and each knot's weight.

        The spline is Σ_k p_k (x − lower)^k + Σ_j c_j (x − t_j)_+^r.
        """
        lower = Fraction(self.domain[0])
        knots = [Fraction(float(t)) for t in full_knots(self.knots, self.domain, self.degree)]
        r = self.degree
        coefficients = [Fraction(float(c)) for c in self.coefficients]
        first = _local_polynomial(knots, coefficients, r, 0)
        weights, former = [], first[r]
        for index in range(1, self.pieces):
            leading = _local_polynomial(knots, coefficients, r, index)[r]
            weights.append(leading - former)
            former = leading
        shifted = _shift(first, lower)
        return shifted, weights

    def network(self, activation: Activation | None = None) -> Network:
        """Return the shallow network that equals this spline on its domain.

        Parameters
        ----------
        activation
            ρ_r (the default), or for r = 1 any piecewise linear activation with one knot.

        Raises
        ------
        ValueError
            If the activation cannot write splines of this degree.
        """
        chosen = power(self.degree) if activation is None else activation
        if not writes_splines(chosen, self.degree):
            raise ValueError(f"activation '{chosen.name}' does not write splines of degree {self.degree}")
        if self.degree == 1:
            return self._piecewise_linear(chosen)
        polynomial, weights = self.power_form()
        lower, upper = Fraction(self.domain[0]), Fraction(self.domain[1])
        knots = [Fraction(float(t)) for t in self.knots]
        r = self.degree
        offsets = [lower - i * (upper - lower) / 2 for i in range(r)]
        rows = [(1.0, -float(t)) for t in offsets]
        outer: list[Fraction] = []
        for t, c in zip(knots, weights, strict=True):
            # a neuron that looks towards the nearer end keeps its large weight where its power is small
            backwards = r > 0 and t - lower < upper - t
            if backwards:
                polynomial = [p + c * q for p, q in zip(polynomial, _power(lower - t, r), strict=True)]
            rows.append((-1.0, float(t)) if backwards else (1.0, -float(t)))
            outer.append(-c * (-1) ** r if backwards else c)
        first, bias = _polynomial_neurons(polynomial, lower, offsets, r)
        values = [float(c) for c in [*first, *outer]]
        if not values:
            return Network.dense([[[0.0]]], [[float(bias)]])
        inner, biases = zip(*rows, strict=True)
        return Network.dense([np.array(inner)[:, None], [values]], [list(biases), [float(bias)]], chosen)

    def _piecewise_linear(self, activation: Activation) -> Network:
        """Write the spline with one neuron per knot and one more whose knot no point of the domain passes."""
        pieces = activation.polynomial
        assert pieces is not None
        (bend,) = pieces.knots
        left, right = (row[1] if len(row) > 1 else Fraction(0) for row in pieces.coefficients)
        height = pieces(bend)
        (start, slope), weights = self.power_form()
        lower, upper = Fraction(self.domain[0]), Fraction(self.domain[1])
        knots = [Fraction(float(t)) for t in self.knots]
        outer = [c / (right - left) for c in weights]
        # each bent neuron also carries the line `left`·(x − t); one neuron bent at an end makes up for it
        rest = slope - left * sum(outer, Fraction(0))
        value = start - sum((a * left * (lower - t) for a, t in zip(outer, knots, strict=True)), Fraction(0))
        end, own = (lower, right) if right else (upper, left)
        outer, knots = [rest / own, *outer], [end, *knots]
        value -= rest * (lower - end)
        bias = value - height * sum(outer, Fraction(0))
        return Network.dense(
            [np.ones((len(outer), 1)), [[float(a) for a in outer]]],
            [[float(bend - t) for t in knots], [float(bias)]],
            activation,
        )


def writes_splines(activation: Activation, degree: int) -> bool:
    """Return whether shallow networks of the activation are the splines of that degree with simple knots."""
    pieces = activation.polynomial
    if pieces is None or len(pieces.knots) != 1 or pieces.degree != degree:
        return False
    if degree == 1:
        (value, slope, *_) = (*pieces.jumps(0), Fraction(0), Fraction(0))
        return value == 0 and slope != 0
    return pieces == power(degree).polynomial


def full_knots(knots: Array, domain: tuple[float, float], degree: int) -> Array:
    """Return the knots with (degree + 1)-fold ends."""
    return np.concatenate([np.full(degree + 1, domain[0]), knots, np.full(degree + 1, domain[1])])


def basis_values(knots: Array, degree: int, interval: NDArray[np.intp], x: Array) -> Array:
    """Return the degree + 1 B-splines that live on given knot intervals, by the recursion of Cox and de Boor.

    Parameters
    ----------
    knots
        With (degree + 1)-fold ends.
    interval
        (m,): number of the knot interval, from 0.
    x
        (m, q): points of that interval.

    Returns
    -------
    (m, q, degree + 1).
    """
    position = interval + degree
    values = [np.ones_like(x)]
    for order in range(1, degree + 1):
        following = [np.zeros_like(x) for _ in range(order + 1)]
        for index, value in enumerate(values):
            low = knots[position - order + 1 + index][:, None]
            high = knots[position + 1 + index][:, None]
            share = value / (high - low)
            following[index] += (high - x) * share
            following[index + 1] += (x - low) * share
        values = following
    return np.stack(values, axis=-1)


def local_nodes(edges: Array, degree: int) -> Array:
    """Return (n, degree + 1) Gauss nodes on consecutive intervals."""
    nodes, _ = gauss(degree + 1)
    return (0.5 * (edges[1:] + edges[:-1]))[:, None] + (0.5 * np.diff(edges))[:, None] * nodes


Polynomial = list[Fraction]


def _local_polynomial(
    knots: list[Fraction], coefficients: list[Fraction], degree: int, interval: int
) -> Polynomial:
    """Return the polynomial in x on a knot interval, by de Boor's algorithm on polynomials."""
    position = interval + degree
    table: list[Polynomial] = [[coefficients[interval + j]] for j in range(degree + 1)]
    for order in range(1, degree + 1):
        for j in range(degree, order - 1, -1):
            low, high = knots[position - degree + j], knots[position + 1 + j - order]
            width = high - low
            # (x − low)/width · d_j + (high − x)/width · d_{j−1}
            rise = [(a - b) / width for a, b in zip(table[j], table[j - 1], strict=True)]
            flat = [(high * b - low * a) / width for a, b in zip(table[j], table[j - 1], strict=True)]
            table[j] = [x + y for x, y in zip([*flat, Fraction(0)], [Fraction(0), *rise], strict=True)]
        for j in range(order):
            table[j] = [*table[j], Fraction(0)]
    return table[degree]


def _shift(polynomial: Polynomial, centre: Fraction) -> Polynomial:
    """Return the coefficients about another centre."""
    result = [Fraction(0)] * len(polynomial)
    for c in reversed(polynomial):
        carried = [Fraction(0), *result[:-1]]
        result = [centre * a + b for a, b in zip(result, carried, strict=True)]
        result[0] += c
    return result


def _power(shift: Fraction, degree: int) -> Polynomial:
    """Return the coefficients of (y + shift)^degree in y."""
    return [comb(degree, k) * shift ** (degree - k) for k in range(degree + 1)]


def _polynomial_neurons(
    polynomial: Polynomial, centre: Fraction, offsets: list[Fraction], degree: int
) -> tuple[list[Fraction], Fraction]:
    """Write Σ p_k (x − centre)^k as bias + Σ a_i (x − offset_i)^r: r equations for the powers 1 … r."""
    from flint import fmpq, fmpq_mat

    if degree == 0:
        return [], polynomial[0]

    def entry(k: int, offset: Fraction) -> Fraction:
        return comb(degree, k) * (centre - offset) ** (degree - k)

    rows = [[entry(k, o) for o in offsets] for k in range(1, degree + 1)]
    matrix = fmpq_mat([[fmpq(v.numerator, v.denominator) for v in row] for row in rows])
    right = fmpq_mat([[fmpq(v.numerator, v.denominator)] for v in polynomial[1:]])
    solution = matrix.solve(right)
    outer = [Fraction(int(solution[i, 0].p), int(solution[i, 0].q)) for i in range(degree)]
    bias = polynomial[0] - sum((a * entry(0, o) for a, o in zip(outer, offsets, strict=True)), Fraction(0))
    return outer, bias
