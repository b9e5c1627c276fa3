"""What theory predicts when the depth grows with the size, and in several variables."""

from math import ceil, inf, isnan, log2, nan

from ratelab.networks import power
from ratelab.registry import Activation, Ball, Box, Complexity, Target
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.spaces._network_class import polynomial_class, tails
from ratelab.spaces._prediction_line import IN_CLOSURE, direct, on_the_line, repeated_exponent, represents
from ratelab.spaces._prediction_statements import (
    Prediction,
    Statement,
    at_least,
    critical_index,
    is_analytic,
    kept_jump,
    silent,
)

NO_INVERSE = "no inverse estimate holds without a bound on the depth (A9, paper)"
_TREE = 4
"""Layers beside the tree of products that the direct estimate in several variables needs; 2 or 4, as recalled."""


def growing(
    target: Target, activation: Activation, depth: DepthGrowth, complexity: Complexity, p: float
) -> Prediction:
    """Predict for a target of one variable and a depth that grows without bound: every constant depth comes in time."""
    kept = kept_jump(target, activation, p)
    if kept is not None:
        return kept
    shape = polynomial_class(activation, 2, complexity)
    if shape is not None and shape.pieces_exponent == 0:
        return _without_knots(target, activation, complexity, p)
    if shape is None:
        shallow = on_the_line(target, activation, 2, complexity, p)
        if shallow.low == inf or tails(activation) != "ramp":
            return shallow
        found = growing(target, power(1), depth, complexity, p)
        topic = "rescaled networks tend to ReLU networks of the same size"
        statement = Statement("A5", topic, "direct", "derived, tails observed")
        return Prediction(found.low, found.high, (statement, *found.statements), found.note)
    first = on_the_line(target, activation, 2, complexity, p)
    if first.low == inf:
        return Prediction(inf, inf, first.statements)
    found = Prediction(
        first.low,
        nan,
        tuple(s for s in first.statements if s.direction in ("direct", "explicit function")),
        NO_INVERSE,
    )
    grows = shape.spline_degree is not None and shape.spline_degree == shape.degree >= 2
    deeper = polynomial_class(activation, 3, complexity)
    if (
        grows and deeper is not None and deeper.spline_degree == shape.degree**2
    ):  # the degree grows with the depth
        if target.pieces is not None:
            return Prediction(inf, inf, (IN_CLOSURE,))
        low, statements, note = direct(critical_index(target, p), inf, 3, p)
        found = at_least(found, Prediction(low, nan, statements, note))
    if (shape.spline_degree or 0) >= 1:
        found = at_least(found, _composed(target, complexity, p))
        found = at_least(found, deep_networks(target, depth, p))
    return found


def deep_networks(target: Target, depth: DepthGrowth, p: float) -> Prediction:
    """Predict what ReLU networks whose depth grows like a power of the size gain, in any number of variables."""
    if depth.kind in ("power", "unbounded") and is_analytic(target):
        topic = "polynomials converge exponentially in the depth, Yarotsky 2017"
        return Prediction(inf, inf, (Statement("A14", topic, "direct", "derived"),))
    index = critical_index(target, p)
    if depth.linear_at_least and p < inf and not isnan(index):
        topic = "smoothness s on the line 1/τ = s/d + 1/p is the rate s/d for every s, Ali and Nouy 2020"
        return Prediction(index / target.dimension, nan, (Statement("A7", topic, "direct", "abstract"),))
    return silent("")


def several_variables(
    target: Target, activation: Activation, depth: DepthGrowth, complexity: Complexity, p: float
) -> Prediction:
    """Predict for a target of d ≥ 2 variables: direct estimates only."""
    kept = kept_jump(target, activation, p)
    if kept is not None:
        return kept
    d = target.dimension
    if is_analytic(target) and activation.regularity == "analytic":
        topic = "the closure holds ridge polynomials, hence all polynomials"
        return Prediction(inf, inf, (Statement("A6", topic, "direct", "derived"),))
    shape = polynomial_class(activation, 2, complexity)
    imitates = shape is None and tails(activation) == "ramp"
    degree = 1 if imitates else 0 if shape is None else shape.spline_degree or 0
    if degree < 1:
        return silent("no theorem for this activation in several variables")
    found = Prediction(nan, nan, (), "no inverse theorem in several variables (A9)")
    if is_analytic(target) and p <= 2 and not imitates:
        topic = "shallow networks with powers of ReLU on Sobolev classes, Mao, Siegel and Xu"
        low = (2 * degree + d + 1) / (2 * d)
        found = at_least(found, Prediction(low, nan, (Statement("", topic, "direct", "abstract"),)))
    if depth.supremum >= 3 and p < inf and isinstance(target.indicator_of, Box):
        topic = "indicators of boxes are limits of networks of depth 3 and one size"
        return Prediction(inf, inf, (Statement("A6", topic, "closure", "derived"),))
    if depth.supremum >= 3 and p < inf and isinstance(target.indicator_of, Ball) and d == 2:
        topic = "polygons of n sides approximate a disc like n^(−2/p)"
        found = at_least(
            found, Prediction(2 / p, nan, (Statement("A6", topic, "explicit function", "derived"),))
        )
    besov, reason = _besov(critical_index(target, p), degree, depth, d, p)
    found = at_least(found, besov)
    if depth.supremum == inf:
        found = at_least(found, deep_networks(target, depth, p))
    if isnan(found.low):
        return silent(f"{reason}; no inverse theorem in several variables (A9)")
    if imitates:
        topic = "rescaled networks tend to ReLU networks of the same size"
        imitated = Statement("A5", topic, "direct", "derived, tails observed")
        return Prediction(found.low, found.high, (imitated, *found.statements), found.note)
    return found


def _besov(index: float, degree: int, depth: DepthGrowth, d: int, p: float) -> tuple[Prediction, str]:
    """Return the direct estimate by n-term B-splines, or why it says nothing."""
    if isnan(index):
        return silent(""), "nothing is known about the target's smoothness"
    needed = 3 if degree == 1 else 2 * ceil(log2(d)) + _TREE
    if depth.supremum < needed:
        return silent(""), (
            f"outside the direct estimate: ρ_{degree} in {d} variables needs {needed} layers, found {depth.supremum:g}"
        )
    # ReLU has the strength of piecewise constants only, higher powers that of splines of their degree
    limit = min(1.0, 1 / p) + (degree if degree > 1 else 0)
    if not limit > 0:
        return silent(""), "outside the direct estimate: 0 < α < min(1, 1/p)/d is empty for p = ∞"
    bound = "min(1, 1/p)/d" if degree == 1 else "(r + min(1, 1/p))/d"
    topic = f"Besov smoothness s = dα on the line 1/τ = α + 1/p is the rate α below {bound} = {limit / d:.3g}"
    statement = Statement("A7", topic, "direct", "recalled")
    return Prediction(min(index, limit) / d, nan, (statement,)), ""


def _composed(target: Target, complexity: Complexity, p: float) -> Prediction:
    """Predict for self-similar targets: rate e·⌊L/2⌋ at every depth if folded, else e."""
    shallow, deep = (repeated_exponent(target, depth, complexity, p) for depth in (2, 6))
    if shallow is None or deep is None:
        return silent("")
    topic = "the target repeats itself: networks copy or compose"
    statement = Statement("A14", topic, "explicit function", "derived")
    return Prediction(inf if deep > shallow else shallow, nan, (statement,))


def _without_knots(target: Target, activation: Activation, complexity: Complexity, p: float) -> Prediction:
    pieces = activation.polynomial
    assert pieces is not None
    shape = polynomial_class(activation, 2, complexity)
    assert shape is not None
    if pieces.degree < 2 or represents(target.pieces, shape):
        return on_the_line(target, activation, 2, complexity, p)
    if is_analytic(target):
        topic = "products are exact, so polynomials of every degree are networks of as many neurons"
        return Prediction(inf, inf, (Statement("A5", topic, "direct", "derived"),))
    return silent("no theorem for polynomials of growing degree and this target")
