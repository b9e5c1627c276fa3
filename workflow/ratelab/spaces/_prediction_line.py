"""What theory predicts in one variable, for a bounded depth."""

from math import inf, isnan, log, nan

from ratelab.networks import power
from ratelab.registry import Activation, Complexity, PiecewisePolynomial, Target
from ratelab.spaces._network_class import PolynomialClass, polynomial_class, tails
from ratelab.spaces._prediction_statements import (
    Prediction,
    Statement,
    at_least,
    critical_index,
    is_analytic,
    jumps,
    kept_jump,
    silent,
)
from ratelab.spaces._self_similar import self_similar_exponent

IN_CLOSURE = Statement(
    "A10", "the target is in the closure of the class from some size on", "closure", "derived"
)
_POLYNOMIALS = Statement(
    "A6", "the closure holds all polynomials, whose error decays geometrically", "direct", "derived"
)


def on_the_line(
    target: Target, activation: Activation, depth: int, complexity: Complexity, p: float
) -> Prediction:
    """Predict for a target of one variable and networks of at most `depth` layers."""
    kept = kept_jump(target, activation, p)
    if kept is not None:
        return kept
    shape = polynomial_class(activation, depth, complexity)
    if shape is None:
        return _smooth_activation(target, activation, depth, complexity, p)
    if represents(target.pieces, shape):
        return Prediction(inf, inf, (IN_CLOSURE,))
    if shape.pieces_exponent == 0:
        topic = "without a knot the networks are polynomials of bounded degree"
        return Prediction(0.0, 0.0, (Statement("A6", topic, "saturation", "derived"),))
    if p == inf and jumps(target):
        return silent("no theorem for functions with jumps in the uniform norm")
    index = critical_index(target, p)
    if isnan(index):
        return silent("nothing is known about the target's smoothness")
    low, below, note = direct(index, shape.spline_degree, depth, p)
    high, above = inverse(target, shape, depth, p)
    found = Prediction(low, high, (*below, *above), note)
    return at_least(found, _repeated(target, shape, depth, complexity, p))


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


def direct(
    index: float, degree: float | None, depth: int, p: float
) -> tuple[float, tuple[Statement, ...], str]:
    """Return (low, statements, note): the rate that smoothness gives through splines of a degree in the closure."""
    if degree is None:
        return nan, (), "splines are not known to be in the closure of these networks"
    if index == inf:
        topic = "piecewise smooth targets have the rate degree + 1, on equal or graded knots"
        return degree + 1.0, (Statement("A10", topic, "direct", "derived"),), ""
    shallow = "shallow networks and Besov spaces, Petrushev 1988"
    topic = shallow if depth == 2 else "deeper networks hold the splines of shallow ones, Petrushev 1988"
    if p < inf:
        return min(index, degree + 1.0), (Statement("A10", topic, "direct", "derived"),), ""
    if not degree:
        return nan, (), "outside the direct estimate: 0 < α < r + min(1, 1/p) is empty for r = 0, p = ∞"
    topic = f"Besov smoothness below r + min(1, 1/p) = {degree:g} on the line 1/τ = α is a rate"
    return min(index, float(degree)), (Statement("A7", topic, "direct", "recalled"),), ""


def inverse(
    target: Target, shape: PolynomialClass, depth: int, p: float
) -> tuple[float, tuple[Statement, ...]]:
    """Return (high, statements): the rate that the target's smoothness allows, by the number of pieces."""
    index = critical_index(target, p)
    if p == inf:  # rates in the uniform norm are rates in every other
        index = min(index, critical_index(target, 2)) if critical_index(target, 2) < inf else inf
    if target.pieces is not None and target.pieces.degree <= shape.degree:
        topic = "the target is piecewise polynomial of the degree that depth reaches: no bound is known"
        return inf, (Statement("A14", topic, "inverse", "derived"),)
    if index == inf:
        topic = (
            "a function that is smooth on some interval and no polynomial of the pieces' degree there has no better "
            "rate than (degree + 1) times that of pieces"
        )
        return (shape.degree + 1.0) * shape.pieces_exponent, (
            Statement("A14" if depth > 2 else "A13", topic, "saturation", "derived"),
        )
    if depth == 2:
        statement = Statement(
            "A10", "shallow networks and Besov spaces, Petrushev 1988", "inverse", "derived"
        )
    else:
        topic = "a rate is Besov smoothness, by the number of pieces"
        statement = Statement("A8", topic, "inverse", "recalled, derived")
    return index * shape.pieces_exponent, (statement,)


def repeated_exponent(target: Target, depth: int, complexity: Complexity, p: float) -> float | None:
    """Return the rate of a self-similar target in L_p, from its exponent e in L2: e − (1/p − 1/2)·log_m(m·width)."""
    found = self_similar_exponent(target, depth, complexity == "neurons")
    if found is None or target.self_similar is None:
        return None
    copies = len(target.self_similar.starts)
    covered = log(float(copies * target.self_similar.width)) / log(copies)
    exponent = target.self_similar.exponent
    return found / exponent * (exponent - (1 / p - 0.5) * covered)


def _repeated(
    target: Target, shape: PolynomialClass, depth: int, complexity: Complexity, p: float
) -> Prediction:
    repeated = repeated_exponent(target, depth, complexity, p)
    if repeated is None or (shape.spline_degree or 0) < 1:
        return silent("")
    topic = "the target repeats itself: networks copy or compose"
    return Prediction(repeated, nan, (Statement("A14", topic, "explicit function", "derived"),))


def _smooth_activation(
    target: Target, activation: Activation, depth: int, complexity: Complexity, p: float
) -> Prediction:
    if activation.regularity == "analytic" and is_analytic(target):
        return Prediction(inf, inf, (_POLYNOMIALS,))
    limit = tails(activation)
    pieces = target.pieces
    if limit == "ramp":
        found = on_the_line(target, power(1), depth, complexity, p)
        topic = "rescaled networks tend to ReLU networks of the same size"
        imitated = Statement("A5", topic, "direct", "derived, tails observed")
        kept = tuple(s for s in found.statements if s.direction not in ("inverse", "saturation"))
        low = inf if pieces is not None and pieces.degree <= 1 else found.low
        return Prediction(low, nan, (imitated, *kept), "no inverse estimate for this activation")
    if limit == "step" and p < inf:
        index = critical_index(target, p)
        topic = "rescaled networks tend to step functions of as many pieces"
        low = inf if pieces is not None and pieces.degree == 0 else min(index, 1.0)
        statement = Statement("A5", topic, "direct", "derived, tails observed")
        return Prediction(low, nan, (statement,), "no inverse estimate for this activation")
    return silent("no theorem for this activation and target")
