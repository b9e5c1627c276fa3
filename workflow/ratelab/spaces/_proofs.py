"""Which rates are proved for every size, by certified bounds of derivatives."""

from math import inf, nan

from ratelab.registry import Activation, Complexity, Target
from ratelab.spaces._derivatives import derivative_bound, lower_bound_all_n
from ratelab.spaces._network_class import check_class, polynomial_class
from ratelab.spaces._predictions import represents


def proved_rate(
    target: Target, activation: Activation, depth: int, complexity: Complexity
) -> tuple[float, float]:
    """Return (low, high) with c·n^(−high) ≤ E_n ≤ C·n^(−low) proved for all large n, C < ∞, c > 0.

    Parameters
    ----------
    target
        One variable, with `pieces` or an `enclosure`; the proof is a certified bound of a derivative.
    activation, depth, complexity
        The class: generalized networks of depth at most `depth`, errors in L2.

    Returns
    -------
    low
        R + 1 if |f^(R+1)| is bounded between the target's singular points, and splines of degree R with n
        pieces are in the closure of networks of size C·n; ∞ if the target itself is.
    high
        (D + 1)·e if f^(D+1) has no zero on some interval and networks of size n have at most C·n^e polynomial
        pieces of degree at most D.
    NaN where nothing is proved. A target that declares a finite Besov index and has a bounded derivative all
    the same is a finite stand-in for a rough function (a partial sum, say): then low, true only with a
    constant that no run can see, is left out. `docs/rates.md` has the proofs.

    Raises
    ------
    UserError
        If the depth is below 2 or the complexity is neither of the two.
    """
    check_class(depth, complexity)
    shape = polynomial_class(activation, depth, complexity) if target.dimension == 1 else None
    if shape is None:
        return nan, nan
    if represents(target.pieces, shape):
        return inf, nan
    # With a Heaviside activation identity neurons add one global slope, so the networks are piecewise linear;
    # a second derivative without zero makes f' differ from every such slope on some interval.
    order = max(shape.degree, 1)
    high = nan
    if lower_bound_all_n(target, order) is not None:
        high = (shape.degree + 1.0) * shape.pieces_exponent
    return _proved_low(target, shape.spline_degree), high


def _proved_low(target: Target, degree: int | None) -> float:
    stand_in = target.pieces is None and target.smoothness is not None and target.smoothness.besov < inf
    if degree is None or stand_in or derivative_bound(target, degree + 1) == inf:
        return nan
    return degree + 1.0
