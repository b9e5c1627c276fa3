"""Rates of functions that are made of affine images of themselves: both ends, proved for every size."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import inf, nextafter, sqrt

import numpy as np

from ratelab._errors import UserError
from ratelab.registry import Target

_DEGREE = 12
"""Legendre coefficients up to this degree show that a function is not a polynomial of lower degree."""


@dataclass(frozen=True)
class SelfSimilarBound:
    """A proved lower bound of the error of free-knot piecewise polynomials, for every number of pieces.

    Parameters
    ----------
    copies, exponent
        m and e: the m copies of the function have together m^(−e) times its L2 norm, but for lines.
    first
        From this number of pieces on the error is at least ``constant``·(n − 1)^(−exponent).
    constant
        See `first`.
    known
        Lower ends for fewer pieces, decreasing: pairs (n, bound), n from 1 to at least ``first`` − 1.
    """

    copies: int
    exponent: float
    first: int
    constant: float
    known: tuple[tuple[int, float], ...]

    def __call__(self, n: int) -> float:
        """Return the bound at n pieces, rounded down."""
        if n < 1:
            raise UserError(f"number of pieces is {n}; allowed: 1 or more")
        beyond = [value for pieces, value in self.known if pieces >= n]
        tail = _down(self.constant * float(n - 1) ** -self.exponent) if n >= max(self.first, 2) else 0.0
        return max([tail, *beyond])

    def sharpened(self, lower: Mapping[int, float]) -> "SelfSimilarBound":
        """Return the bound that a window of lower ends carries over to all larger numbers of pieces.

        Parameters
        ----------
        lower
            Pieces → a proved lower end of the error of pieces of the same degree; any numbers, a bound for more
            pieces is one for fewer.
        """
        window = {n: max(value, self(n)) for n, value in lower.items()}
        window |= {1: max(self(1), *window.values())} if window else {1: self(1)}
        last = max(window)
        ends = {n: max(v for k, v in window.items() if k >= n) for n in window}
        steps = sorted(ends)
        best = self
        square = float(self.copies) ** (-1 - 2 * self.exponent)
        factor = sqrt(square / (1 - (self.copies - 1) * square)) * _SHRINK
        for before in steps:
            # all parts have more than `before` pieces, or one has at most so many: see docs/rates.md
            constant = factor * ends[before] * float(last) ** self.exponent
            for low, high in zip(steps, steps[1:], strict=False):
                if high > before:
                    constant = min(constant, ends[high] * float(max(low, before)) ** self.exponent * _SHRINK)
            if constant > best.constant:
                first = before + 1
                best = replace(self, first=first, constant=constant, known=tuple(sorted(ends.items())))
        return best


_SHRINK = 1 - 1e-12
"""Covers the rounding of a few powers and products."""


def self_similar_bound(target: Target, degree: int) -> SelfSimilarBound | None:
    """Bound from below the L2 error of n pieces of a self-similar target, for all n at once.

    With m copies, E²(n) ≥ m^(−1−2e)·Σ E²(n_k), where the copies meet n_k pieces each and Σ (n_k − 1) ≤ n − 1; by
    induction E(n) ≥ c·(n − 1)^(−e). That the target is no polynomial of that degree is seen from its certified
    Legendre coefficients.

    Parameters
    ----------
    target
        With `self_similar`, and what certifies its moments.
    degree
        Of the pieces, at least 1; they need not join.

    Returns
    -------
    The bound; None if the target is not self-similar or a proof is missing. `docs/rates.md` has the proof.
    """
    similar = target.self_similar
    if similar is None or degree < 1:
        return None
    whole = _distance_to_polynomials(target, degree)
    if whole <= 0:
        return None
    copies = len(similar.starts)
    square = float(copies) ** (-1 - 2 * similar.exponent)
    constant = whole * sqrt(square / (1 - (copies - 1) * square)) * _SHRINK
    return SelfSimilarBound(copies, similar.exponent, 2, constant, ((1, whole),))


def self_similar_exponent(target: Target, depth: int, by_neurons: bool) -> float | None:
    """Exponent of an upper bound C·n^(−exponent) for ReLU networks of that depth; None if not self-similar.

    A copy of n pieces in each copy of the target gives e at every depth. If the copies are folded onto each other by
    a zigzag and the target is continuous, a network composes the zigzag: e·(depth − 1) by neurons, e·⌊depth/2⌋ by
    connections.
    """
    similar = target.self_similar
    if similar is None:
        return None
    continuous = target.smoothness is not None and target.smoothness.hoelder > 0
    if not (similar.folded and continuous):
        return similar.exponent
    return similar.exponent * (depth - 1 if by_neurons else depth // 2)


@lru_cache(maxsize=64)
def _distance_to_polynomials(target: Target, degree: int) -> float:
    """A proved lower end of the distance to polynomials of that degree; 0 if none is certified."""
    from ratelab.exact import cell_moments

    if degree >= _DEGREE or not target.certifiable:
        return 0.0
    moments = cell_moments(target, np.array(target.domain[0], dtype=np.float64), _DEGREE)
    if moments.certainty != "rigorous":
        return 0.0
    width = Fraction(target.domain[0][1]) - Fraction(target.domain[0][0])
    squares = [
        float(c) ** 2 * float(width) / (2 * k + 1) for k, c in enumerate(moments.coefficients[0].tolist())
    ]
    return max(0.0, _down(sqrt(sum(squares[degree + 1 :])) * _SHRINK - float(moments.radius[0]) / _SHRINK))


def _down(value: float) -> float:
    return nextafter(nextafter(value, -inf), -inf)
