"""What theory says of one class of networks: a lower end, and an upper end in the closure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import nan
from typing import Literal

from ratelab.best._classes import (
    activation_knots,
    architecture_pieces,
    joins,
    kink_ratio,
    pieces_bound,
)
from ratelab.best._polynomials import best_polynomial_error, rounding
from ratelab.best._zero import exact_zero
from ratelab.networks import polynomial_degree
from ratelab.registry import Activation, Complexity, Target
from ratelab.spaces import lower_bound_all_n
from ratelab.spaces._self_similar import SelfSimilarBound, self_similar_bound

Certainty = Literal["none", "numerical", "rigorous"]
Status = Literal["no_method", "trivial", "bound", "exact"]

_LARGEST_DEGREE = 16
"""Bounds for all sizes of pieces of higher degree are below rounding for whatever is computed here."""


@dataclass(frozen=True)
class SplineEnd:
    """Lower end of the error of piecewise polynomials with some number of pieces.

    For degree 1 the pieces join: the end of S(n, 1), jumps counted as one more piece. For all other degrees they need
    not join.
    """

    lower: float
    certainty: Certainty
    trivial: bool


@dataclass(frozen=True)
class ClassEnds:
    """Ends that hold for a whole class of networks.

    Parameters
    ----------
    lower, certainty, status
        Lower end of the error of every generalized network in the class; NaN with status ``no_method`` where theory
        gives none.
    closure
        Error of a proven limit of networks in the class; NaN if none is known.
    attained
        Whether that limit is itself a network.
    """

    lower: float
    certainty: Certainty
    status: Status
    closure: float
    attained: bool

    def of_larger_class(self) -> "ClassEnds":
        """Return what remains true of a class that contains this one: upper ends, and a lower end of 0."""
        if self.status == "exact" and self.lower == 0.0:
            return self
        return ClassEnds(nan, "none", "no_method", self.closure, False)


def class_ends(
    target: Target,
    activation: Activation,
    depth: int,
    complexity: Complexity,
    budget: int,
    splines: Mapping[int, SplineEnd],
    shallow: Mapping[int, SplineEnd] | None = None,
) -> ClassEnds:
    """Return the ends for all generalized networks of depth ≤ `depth` within the budget.

    Parameters
    ----------
    splines
        Pieces → lower end for piecewise polynomials of the activation's degree. A class that reaches P pieces is
        bounded by the entry with the fewest pieces ≥ P, and by what holds for all numbers of pieces.
    shallow
        Neurons → lower end for shallow ReLU networks (`subset_sum_bounds`), used at depth 2 for ReLU and whatever
        differs from it by shifts, scales and mirror images.

    Raises
    ------
    UserError
        If the depth is below 1, the budget below 0, or the complexity is neither of the two.
    """
    if depth == 1:  # affine functions: the activation plays no part
        reach = pieces_bound(activation, 1, complexity, budget) if target.dimension == 1 else None
        found = _candidates(target, activation, 1, 1, splines) if reach is not None else []
        return _best(target, found, nan)
    zero = exact_zero(target, activation)
    if zero is not None and budget >= (zero.neurons if complexity == "neurons" else zero.connections):
        return ClassEnds(0.0, "rigorous", "exact", 0.0, zero.attained)
    closure = _closure(target, activation, complexity, budget)
    reach = pieces_bound(activation, depth, complexity, budget) if target.dimension == 1 else None
    if reach is None:
        return ClassEnds(nan, "none", "no_method", closure, False)
    found = _candidates(target, activation, *reach, splines)
    if shallow and depth <= 2 and kink_ratio(activation) == 0:
        found += _large_enough(shallow, budget if complexity == "neurons" else budget // 2)
    return _best(target, found, closure)


def architecture_end(
    target: Target,
    activation: Activation,
    widths: Sequence[int],
    splines: Mapping[int, SplineEnd],
    shallow: Mapping[int, SplineEnd] | None = None,
) -> ClassEnds:
    """Return the lower end for all networks with these hidden widths, identity neurons allowed.

    Parameters
    ----------
    widths
        Neurons in each hidden layer.
    splines, shallow
        As for `class_ends`.

    Returns
    -------
    ClassEnds
        Without a closure: limits of one architecture are not looked for.
    """
    polynomial = activation.polynomial
    if polynomial is None or target.dimension != 1:
        return ClassEnds(nan, "none", "no_method", nan, False)
    pieces = architecture_pieces(activation_knots(activation), polynomial.degree, widths)
    degree = max(polynomial.degree, 1) ** len(widths)
    found = _candidates(target, activation, pieces, degree, splines)
    if shallow and len(widths) == 1 and kink_ratio(activation) == 0:
        found += _large_enough(shallow, widths[0])
    return _best(target, found, nan)


def class_name(activations: Sequence[Activation], depth: int, complexity: Complexity) -> str:
    """Return the class of networks whose neurons have these activations or none, in words."""
    names = " and ".join(activation.name for activation in activations)
    return f"all generalized {names} networks of depth at most {depth} with at most n {complexity}"


def _candidates(
    target: Target, activation: Activation, pieces: int, degree: int, splines: Mapping[int, SplineEnd]
) -> list[SplineEnd]:
    """Lower ends for all piecewise polynomials with that many pieces that such networks can be.

    Joined pieces have their own, larger ends; where the activation jumps, each knot counts twice among joined ones.
    """
    found: list[SplineEnd] = []
    polynomial = activation.polynomial
    if polynomial is not None and degree == polynomial.degree:
        doubled = degree == 1 and not joins(activation)
        found += _large_enough(splines, 2 * pieces - 1 if doubled else pieces)
    for bound in _for_all_sizes(target, degree):
        # what the entries are about obeys the same recursion, whether its pieces join or not
        fitting = polynomial is not None and degree == polynomial.degree
        if isinstance(bound, SelfSimilarBound) and fitting and (degree > 1 or joins(activation)):
            bound = bound.sharpened(_proved(splines))
        found.append(SplineEnd(bound(pieces), "rigorous", False))
    return found


def _proved(splines: Mapping[int, SplineEnd]) -> dict[int, float]:
    return {n: end.lower for n, end in splines.items() if end.certainty == "rigorous"}


def _large_enough(ends: Mapping[int, SplineEnd], size: int) -> list[SplineEnd]:
    enough = [n for n in ends if n >= size]
    return [ends[min(enough)]] if enough else []


def _best(target: Target, found: Sequence[SplineEnd], closure: float) -> ClassEnds:
    """Take the largest end; below rounding it says nothing."""
    best = max(found, key=lambda end: end.lower, default=None)
    if best is None or best.trivial or best.lower <= rounding(target):
        return ClassEnds(0.0, "rigorous", "trivial", closure, False)
    return ClassEnds(best.lower, best.certainty, "bound", closure, False)


@lru_cache(maxsize=64)
def _for_all_sizes(target: Target, degree: int) -> list[Callable[[int], float]]:
    if degree > _LARGEST_DEGREE:
        return []
    bounds = [lower_bound_all_n(target, degree), self_similar_bound(target, degree)]
    return [bound for bound in bounds if bound is not None]


def _closure(target: Target, activation: Activation, complexity: Complexity, budget: int) -> float:
    """Error of the best polynomial of degree N: with N analytic neurons it is a limit of networks.

    Differences of order up to N in w of σ(w x + b) at w = 0 tend to x^k σ^(k)(b), and for almost all b no derivative
    vanishes unless σ is a polynomial.
    """
    if (
        activation.regularity != "analytic"
        or target.dimension != 1
        or polynomial_degree(activation) is not None
    ):
        return nan
    return best_polynomial_error(target, budget if complexity == "neurons" else budget // 2)
