"""What theory says of one class of networks: a lower end, and an upper end in the closure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Literal

from ratelab.best._classes import pieces_bound
from ratelab.best._polynomials import best_polynomial_error
from ratelab.best._zero import exact_zero
from ratelab.networks import polynomial_degree
from ratelab.registry import Activation, Complexity, Target

Certainty = Literal["none", "numerical", "rigorous"]
Status = Literal["no_method", "trivial", "bound", "exact"]


@dataclass(frozen=True)
class SplineEnd:
    """Lower end of the error of piecewise polynomials with some number of pieces."""

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


def class_ends(
    target: Target,
    activation: Activation,
    depth: int,
    complexity: Complexity,
    budget: int,
    splines: Mapping[int, SplineEnd],
) -> ClassEnds:
    """Return the ends for all generalized networks of depth ≤ `depth` within the budget.

    Parameters
    ----------
    splines
        Pieces → lower end for piecewise polynomials of the activation's degree. A class that reaches P pieces is
        bounded by the entry with the fewest pieces ≥ P.
    """
    zero = exact_zero(target, activation)
    if zero is not None and budget >= (zero.neurons if complexity == "neurons" else zero.connections):
        return ClassEnds(0.0, "rigorous", "exact", 0.0, zero.attained)
    closure = _closure(target, activation, complexity, budget)
    reach = pieces_bound(activation, depth, complexity, budget) if target.dimension == 1 else None
    if reach is None:
        return ClassEnds(nan, "none", "no_method", closure, False)
    pieces, degree = reach
    polynomial = activation.polynomial
    large_enough = [n for n in splines if n >= pieces]
    if polynomial is None or degree != polynomial.degree or not large_enough:
        return ClassEnds(0.0, "rigorous", "trivial", closure, False)
    end = splines[min(large_enough)]
    return ClassEnds(end.lower, end.certainty, "trivial" if end.trivial else "bound", closure, False)


def class_name(activation: Activation, depth: int, complexity: Complexity) -> str:
    """Return the class that `class_ends` bounds, in words."""
    return f"all generalized {activation.name} networks of depth at most {depth} with at most n {complexity}"


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
