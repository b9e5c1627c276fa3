"""Distances in L_p between networks, or between a network and a polynomial: exact, or enclosed in balls."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any, Literal

from ratelab._errors import UserError
from ratelab.exact._cells_of import check_domain
from ratelab.exact._distance_line import line_function, line_total
from ratelab.exact._distance_numbers import working_precision
from ratelab.exact._distance_plane import plane_total
from ratelab.exact._distance_polynomials import Polynomial2
from ratelab.exact._piecewise_linear import PiecewiseLinear
from ratelab.networks import Network, rational
from ratelab.registry import PiecewisePolynomial

Function = Network | PiecewisePolynomial | PiecewiseLinear | Polynomial2


@dataclass(frozen=True)
class Distance:
    """A distance between two functions.

    Parameters
    ----------
    lower, upper
        Floats around it, equal if it is a float.
    certainty
        ``rigorous``: all arithmetic is rational or in balls.
    power
        ∫ |f − g|^p exactly, where it is rational; for p = inf the distance itself. None otherwise.
    """

    lower: float
    upper: float
    certainty: Literal["rigorous"]
    power: Fraction | None

    def __post_init__(self) -> None:
        """Refuse what is no enclosure: a fault of the computation, never of the user."""
        if not 0 <= self.lower <= self.upper:
            raise AssertionError(f"the distance would lie between {self.lower} and {self.upper}")


def distance(
    f: Function,
    g: Function,
    p: float = 2,
    domain: Sequence[Sequence[Any]] | None = None,
    *,
    tolerance: float = 1e-6,
) -> Distance:
    """Return ‖f − g‖ in L_p of a box, in one or two variables (several outputs: Euclidean norm).

    All numbers are taken as exact, floats as the dyadic rationals that they are. The integral is rational, and given
    as such, if p is even, or p is odd and the residual changes sign at rational points (d = 1) or is affine on the
    common cells (d = 2). Otherwise it is enclosed.

    Parameters
    ----------
    f, g
        Networks with the same numbers of inputs and outputs; d = 1: also piecewise polynomials and piecewise linear
        functions, activations piecewise polynomial; d = 2: also one `Polynomial2`, activations piecewise linear.
    p
        At least 1, ``float("inf")`` included; for several outputs even or infinite; whole against a `Polynomial2`.
    domain
        d pairs (lower, upper); None is the unit cube.
    tolerance
        Relative width of the enclosure of ∫ |f − g|^p for odd p, and of the distance for p = inf, against a
        `Polynomial2` from which the residual changes sign along a curve. All other enclosures are far narrower.

    Raises
    ------
    UserError
        If the functions do not fit each other, or an activation has no exact pieces.
    """
    p = float(p)
    if not p >= 1:
        raise UserError(f"p is {p}; allowed: numbers from 1 on, inf included")
    if not 0 < tolerance < inf:
        raise UserError(f"tolerance is {tolerance}; allowed: positive numbers")
    inputs = _inputs(f, g)
    box = check_domain([(0, 1)] * inputs if domain is None else domain, inputs)
    assert box is not None
    with working_precision():
        if inputs == 1:
            lower, upper = map(rational, box[0])
            first, second = line_function(f, lower, upper), line_function(g, lower, upper)
            outputs = _outputs(first.outputs, second.outputs)
            total = line_total(first, second, p)
        else:
            if not isinstance(f, Network):
                f, g = g, f
            if not isinstance(f, Network) or not isinstance(g, Network | Polynomial2):
                raise UserError(
                    "distances in two variables are between networks, or a network and a Polynomial2"
                )
            outputs = _outputs(f.outputs, g.outputs if isinstance(g, Network) else 1)
            if isinstance(g, Polynomial2) and p != inf and p != int(p):
                raise UserError(f"p is {p}; against a Polynomial2 it must be a whole number or inf")
            total = plane_total(f, g, p, box, tolerance)
        squared = p == inf and outputs > 1
        ends = total.ends(2 if squared else p)
        return Distance(*ends, "rigorous", None if squared else total.power)


def _inputs(f: Function, g: Function) -> int:
    found = [h.inputs if isinstance(h, Network) else 2 if isinstance(h, Polynomial2) else 1 for h in (f, g)]
    if found[0] != found[1]:
        raise UserError(
            f"distances are between functions of the same variables; found {found[0]} and {found[1]}"
        )
    if found[0] not in (1, 2):
        raise UserError(f"the functions have {found[0]} variables; distances are exact in one or two")
    return found[0]


def _outputs(first: int, second: int) -> int:
    if first != second:
        raise UserError(f"distances are between functions with as many outputs; found {first} and {second}")
    return first
