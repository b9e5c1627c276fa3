"""Which rate theory gives for one target and one class of networks, in L2."""

from math import inf, isnan, nan

from ratelab.registry import Activation, Complexity, PiecewisePolynomial, Target
from ratelab.spaces._network_class import PolynomialClass, check_class, polynomial_class, tails
from ratelab.spaces._self_similar import self_similar_exponent

Prediction = tuple[float, float, str]


def predicted_rate(target: Target, activation: Activation, depth: int, complexity: Complexity) -> Prediction:
    """Return (low, high, source): between which limits theory puts the rate of best approximation in L2.

    Parameters
    ----------
    target
        Its `smoothness` and `pieces` are what is known about it; without both theory is silent. A target
        that is smooth between finitely many points is taken not to be piecewise polynomial unless it says so.
    activation, depth, complexity
        The class: generalized networks of depth at most `depth`, sized by ``neurons`` or ``connections``.

    Returns
    -------
    Limits of α*, the largest α with E_n = O(n^(−α+ε)) for every ε > 0; ∞ if E_n vanishes or decays faster
    than every power; NaN where theory is silent. `source` names paper and topic, and whether the statement is
    recalled from the paper or derived independently.

    Raises
    ------
    UserError
        If the depth is below 2 or the complexity is neither of the two.
    """
    check_class(depth, complexity)
    if target.dimension > 1:
        return _several_variables(target, activation, depth)
    shape = polynomial_class(activation, depth, complexity)
    if shape is None:
        return _smooth_activation(target, activation)
    if represents(target.pieces, shape):
        return inf, inf, "the target is in the closure of the class from some size on (derived)"
    if shape.pieces_exponent == 0:
        return 0.0, 0.0, "without a knot the networks are polynomials of bounded degree (derived)"
    low, high, source = _piecewise_polynomial(target, shape, depth)
    repeated = self_similar_exponent(target, depth, complexity == "neurons")
    if repeated is not None and (shape.spline_degree or 0) >= 1 and not low >= repeated:
        return repeated, max(repeated, high), f"{source}; low end: the target repeats itself (derived)"
    return low, high, source


def represents(pieces: PiecewisePolynomial | None, shape: PolynomialClass) -> bool:
    """Whether some size of the class holds this piecewise polynomial in its closure."""
    if pieces is None:
        return False
    if shape.pieces_exponent == 0:
        return not pieces.knots and pieces.degree <= shape.degree
    if shape.spline_degree is None:
        return False
    if pieces.degree <= shape.spline_degree:
        return True
    slopes = {c[1] if len(c) > 1 else 0 for c in pieces.coefficients}
    return shape.spline_degree == 0 and pieces.degree == 1 and len(slopes) == 1


def _piecewise_polynomial(target: Target, shape: PolynomialClass, depth: int) -> Prediction:
    index = _besov_index(target)
    if isnan(index):
        return nan, nan, "nothing is known about the target's smoothness"
    low = nan if shape.spline_degree is None else min(index, shape.spline_degree + 1.0)
    high = (shape.degree + 1.0 if index == inf else index) * shape.pieces_exponent
    if target.pieces is not None and target.pieces.degree <= shape.degree:
        high = inf  # deep networks may or may not hold it
    if depth == 2:
        source = "Gribonval et al. 2022, shallow networks and Besov spaces; Petrushev 1988 (derived)"
        if index == inf:
            source = "Gribonval et al. 2022, saturation of shallow networks on smooth functions (derived)"
    else:
        source = "Gribonval et al. 2022, inverse estimate by the number of pieces (recalled, derived)"
    return low, high, source


def _smooth_activation(target: Target, activation: Activation) -> Prediction:
    if activation.regularity == "analytic" and _analytic(target):
        return inf, inf, "the closure holds all polynomials, whose error decays geometrically (derived)"
    index, limit = _besov_index(target), tails(activation)
    pieces = target.pieces
    if limit == "ramp":
        source = (
            "rescaled networks tend to ReLU networks of the same size (derived; slopes of the tails observed)"
        )
        low = inf if pieces is not None and pieces.degree <= 1 else min(index, 2.0)
    elif limit == "step":
        source = "rescaled networks tend to step functions (derived; limits of the tails observed)"
        low = inf if pieces is not None and pieces.degree == 0 else min(index, 1.0)
    else:
        return nan, nan, "no theorem for this activation and target"
    return low, nan, source


def _several_variables(target: Target, activation: Activation, depth: int) -> Prediction:
    if not _analytic(target):
        return nan, nan, "no theorem for this target in several variables"
    if activation.regularity == "analytic":
        return inf, inf, "the closure holds ridge polynomials, hence all polynomials (derived)"
    shape = polynomial_class(activation, 2, "neurons")
    if shape is None or not shape.spline_degree:
        return nan, nan, "no theorem for this activation in several variables"
    d = target.dimension
    low = (2 * shape.spline_degree + d + 1) / (2 * d)
    return low, nan, "Mao, Siegel, Xu: shallow networks with powers of ReLU on Sobolev classes (abstract)"


def _besov_index(target: Target) -> float:
    """Critical index on the adaptivity line; NaN if nothing is known."""
    if target.pieces is not None:
        return inf
    return nan if target.smoothness is None else target.smoothness.besov


def _analytic(target: Target) -> bool:
    if target.pieces is not None:
        return not target.pieces.knots
    return target.smoothness is not None and target.smoothness.analytic
