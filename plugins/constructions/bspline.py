"""B-splines with equispaced knots, and their tensor products, as networks of max(x, 0)^r: no error.

r + 2 neurons for one variable, then the tree of products; see Gribonval, Kutyniok, Nielsen and Voigtlaender 2022. A
target of several variables says that it is such a product by its function, a `TensorProduct`.
"""

from collections.abc import Sequence
from fractions import Fraction

from ratelab import Activation, Network, Target, hookimpl
from ratelab.networks import (
    Counts,
    TensorProduct,
    bspline,
    bspline_bound,
    bspline_pieces,
    cheapest,
    mean_square_rounding,
    power_exponent,
)
from ratelab.registry import Complexity, PiecewisePolynomial, Promise, require_accepted, too_small

Rows = list[tuple[Fraction, tuple[Fraction, ...]]]


class BSplineConstruction:
    """Networks that equal a (tensor) B-spline of the activation's degree; the cheaper form that the depth allows."""

    name = "bspline"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        exponent = power_exponent(activation)
        least = 1 if target.dimension == 1 else 2
        if exponent is None or exponent < least:
            return (
                f"B-splines are written with powers max(x, 0)^r, r >= {least}, not with '{activation.name}'"
            )
        if _place(target, exponent) is None:
            return (
                f"target '{target.name}' is not declared as a B-spline of degree {exponent} in each variable"
            )
        smallest = bspline_bound(exponent, target.dimension, merged=True).depth
        if depth < smallest:
            return f"B-splines of {target.dimension} variables need depth {smallest} or more, not {depth}"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the network, which does not depend on the budget.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        counts, merged = self._counts(complexity, depth, target, activation)
        smallest = getattr(counts, complexity)
        if budget < smallest:
            raise too_small("bspline", budget, complexity, smallest)
        return self._network(merged, target, activation)

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return its counts; the error is 0, and the bound is what float64 values may lose."""
        counts, merged = self._counts(complexity, depth, target, activation)
        network = self._network(merged, target, activation)
        return Promise(
            depth=counts.depth,
            connections=counts.connections,
            neurons=counts.neurons,
            error=mean_square_rounding(network, target.domain),
            source="B-splines as sums of truncated powers (derived); exact but for rounding",
        )

    def _network(self, merged: bool, target: Target, activation: Activation) -> Network:
        place = _place(target, power_exponent(activation) or 0)
        assert place is not None
        return bspline(activation, target.dimension, scale=place[0], shift=place[1], merged=merged)

    def _counts(
        self, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> tuple[Counts, bool]:
        """Return the counts of the cheaper form and whether it is the merged one."""
        require_accepted(self, target=target, activation=activation, depth=depth)
        exponent = power_exponent(activation) or 0
        forms = [
            (bspline_bound(exponent, target.dimension, merged=merged), merged) for merged in (True, False)
        ]
        return cheapest(forms, complexity, depth)


def _place(target: Target, degree: int) -> tuple[Fraction, Fraction] | None:
    """Return (scale, shift) if the target is Π β(scale·x_i − shift) on its domain, supports inside, else None."""
    factors: tuple[PiecewisePolynomial, ...] = ()
    if isinstance(target.function, TensorProduct):
        factors = target.function.factors
    elif target.dimension == 1 and target.pieces is not None:
        factors = (target.pieces,)
    if len(factors) != target.dimension:
        return None
    found = {_factor_place(f, domain, degree) for f, domain in zip(factors, target.domain, strict=True)}
    return found.pop() if len(found) == 1 else None


def _factor_place(
    factor: PiecewisePolynomial, domain: tuple[float, float], degree: int
) -> tuple[Fraction, Fraction] | None:
    lower, upper = Fraction(domain[0]), Fraction(domain[1])
    rows = _inside(factor, lower, upper)
    live = [index for index, (_, row) in enumerate(rows) if row]
    if len(live) != degree + 1:
        return None
    starts = [start for start, _ in rows] + [upper]
    start, end = starts[live[0]], starts[live[-1] + 1]
    scale = (degree + 1) / (end - start)
    place = scale, scale * start
    return (
        place if _inside(bspline_pieces(degree, scale=scale, shift=place[1]), lower, upper) == rows else None
    )


def _inside(factor: PiecewisePolynomial, lower: Fraction, upper: Fraction) -> Rows:
    """Return the pieces on an interval as (start, coefficients), neighbours that agree joined."""
    result: Rows = []
    for start in [lower, *(t for t in factor.knots if lower < t < upper)]:
        row = list(factor.coefficients[sum(t <= start for t in factor.knots)])
        while row and not row[-1]:
            row.pop()
        if not result or result[-1][1] != tuple(row):
            result.append((start, tuple(row)))
    return result


@hookimpl
def ratelab_constructions() -> Sequence[BSplineConstruction]:
    return [BSplineConstruction()]
