"""Which rate theory gives for one target and one class of networks."""

from math import inf

from ratelab.registry import Activation, Complexity, Target
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.spaces._families import check_norm
from ratelab.spaces._network_class import check_class
from ratelab.spaces._prediction_line import on_the_line, represents
from ratelab.spaces._prediction_statements import Prediction
from ratelab.spaces._prediction_unbounded import growing, several_variables

__all__ = ["predict", "predicted_rate", "represents"]


def predict(
    target: Target,
    activation: Activation,
    depth: int | str | DepthGrowth,
    complexity: Complexity,
    p: float = 2,
) -> Prediction:
    """Return between which limits theory puts the rate of best approximation in L_p, and by which statements.

    Parameters
    ----------
    target
        Its `smoothness`, `pieces` and `self_similar` are what is known about it; without all theory is silent. A target
        that is smooth between finitely many points is taken not to be piecewise polynomial unless it says so.
    activation, depth, complexity
        The class: generalized networks of at most `depth` layers, or of ℒ(n) layers at size n (a growth or its label),
        sized by ``neurons`` or ``connections``.
    p
        0 < p ≤ ∞.

    Raises
    ------
    UserError
        If the depth is below 2, the complexity is neither of the two, or p is not positive.
    """
    if isinstance(depth, int | float):
        check_class(depth, complexity)
    growth = DepthGrowth.parse(depth)
    bounded = growth.supremum < inf
    check_class(int(growth.supremum) if bounded else 2, complexity)
    check_norm(p)
    if target.dimension > 1:
        return several_variables(target, activation, growth, complexity, p)
    if bounded:
        return on_the_line(target, activation, int(growth.supremum), complexity, p)
    return growing(target, activation, growth, complexity, p)


def predicted_rate(
    target: Target,
    activation: Activation,
    depth: int | str | DepthGrowth,
    complexity: Complexity,
    p: float = 2,
) -> tuple[float, float, str]:
    """Return (low, high, source): the limits of `predict`, and its statements in one line.

    NaN where theory is silent; `source` names the claims and whether they are recalled from the paper or derived
    independently, or which range of a theorem was left.

    Raises
    ------
    UserError
        As `predict`.
    """
    found = predict(target, activation, depth, complexity, p)
    return found.low, found.high, found.source
