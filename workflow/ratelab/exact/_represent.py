"""The smallest shallow ReLU network of a piecewise linear function of one variable, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.exact._cells_of import check_domain
from ratelab.exact._piecewise_linear import PiecewiseLinear
from ratelab.exact._subset_sum import subset_sum
from ratelab.networks import Network, fraction, rational

ZERO = Fraction(0)


@dataclass(frozen=True)
class Representation:
    """A shallow ReLU network of a function, and whether fewer nodes are possible.

    Parameters
    ----------
    network
        Rational, with one hidden layer; without one (a constant) if no node is needed.
    nodes
        Number of its hidden neurons.
    minimal
        ``proved``: no network with one hidden layer and an output bias has fewer nodes. ``undecided``: it may need one
        less.
    reason
        Why, in one sentence.
    """

    network: Network
    nodes: int
    minimal: Literal["proved", "undecided"]
    reason: str


def represent(function: PiecewiseLinear, domain: Sequence[Any] | None = None) -> Representation:
    """Return a network β + Σ αᵢ ρ(wᵢ x + bᵢ) that equals a piecewise linear function, with as few nodes as possible.

    With m kinks x₁ < … < x_m, slope jumps cᵢ ≠ 0 and last slope s: m nodes suffice if and only if s = Σ_{i∈I} cᵢ for
    some I (those nodes look right, the others left), otherwise m + 1 nodes are needed and suffice. On the whole line an
    affine function that is not constant needs 2 nodes. The decision is exact (`subset_sum`); it may stay undecided
    only for more than 40 kinks.

    Proof. A node has one kink at most, and the kinks of the function are among those of its nodes, so there are at
    least m. If there are m, each kink belongs to one node, and no node is left: the sum is
    β + Σ_{i∈I} cᵢ ρ(x − xᵢ) + Σ_{i∉I} cᵢ ρ(xᵢ − x), whose last slope is Σ_{i∈I} cᵢ. Conversely, if s is that sum, the
    function and the sum have the same kinks, jumps and last slope, hence differ by a constant, which β supplies. One
    more node always serves: all look right but one at x₁, which also looks left. A single node on the whole line has a
    kink or is constant, so an affine function that is not constant takes two; on an interval its kink may lie outside.

    Parameters
    ----------
    function
        With one output. Float64 data are taken as the dyadic rationals that they are: knots, values at the knots and
        outer slopes.
    domain
        A pair (lower, upper) to which the function is restricted; None: the function's own domain.

    Raises
    ------
    UserError
        If the function has several outputs, or the domain leaves the function's.
    """
    line = _Line.of(function, domain)
    kinks = len(line.knots)
    if not kinks:
        return _affine(line)
    jumps = [b - a for a, b in zip(line.slopes[:-1], line.slopes[1:], strict=True)]
    answer = subset_sum(jumps, line.slopes[-1])
    if answer.subset is not None:
        network = _one_each(line, jumps, answer.subset)
        return Representation(
            network, kinks, "proved", f"each of the {kinks} kinks needs a node; {answer.reason}"
        )
    network = _one_more(line, jumps)
    if answer.decided:
        reason = f"with {kinks} nodes the last slope would be a sum of slope jumps, but {answer.reason}"
        return Representation(network, kinks + 1, "proved", reason)
    reason = (
        f"whether the last slope is a sum of slope jumps, so that {kinks} nodes suffice, was not decided: "
        f"{answer.reason}"
    )
    return Representation(network, kinks + 1, "undecided", reason)


@dataclass(frozen=True)
class _Line:
    """Knots, slopes and an anchor (x, value) of a function, all Fractions; `start` is a finite left end or None."""

    knots: list[Fraction]
    slopes: list[Fraction]
    anchor: tuple[Fraction, Fraction]
    start: Fraction | None

    @classmethod
    def of(cls, function: PiecewiseLinear, domain: Sequence[Any] | None) -> "_Line":
        if not isinstance(function, PiecewiseLinear):
            raise UserError(
                f"found {type(function).__name__}; allowed: a PiecewiseLinear, such as exact.piecewise_linear(net)"
            )
        exact = _exact(function)
        pair = exact.domain
        if domain is not None:
            checked = check_domain([domain], 1)
            assert checked is not None
            if pair is not None and not (pair[0] <= checked[0][0] and checked[0][1] <= pair[1]):
                raise UserError(f"domain is {domain!r}; the function is given on [{pair[0]}, {pair[1]}] only")
            pair = checked[0]
        knots, slopes = list(exact.knots), list(exact.slopes)
        anchor = (knots[0], exact.values[0]) if knots else (ZERO, exact.intercept)
        if pair is None:
            return cls(knots, slopes, anchor, None)
        lower, upper = (fraction(rational(end)) for end in pair)
        inside = [i for i, knot in enumerate(knots) if lower < knot < upper]
        if not inside:
            piece = sum(knot <= lower for knot in knots)
            return cls([], [slopes[piece]], (lower, exact(lower)), lower)
        first, last = inside[0], inside[-1]
        anchor = (knots[first], exact.values[first])
        return cls(knots[first : last + 1], slopes[first : last + 2], anchor, lower)


def _exact(function: PiecewiseLinear) -> PiecewiseLinear:
    if function.slopes.ndim == 2:
        if function.slopes.shape[1] != 1:
            raise UserError(
                f"the function has {function.slopes.shape[1]} outputs; a smallest network is known for one output"
            )
    elif function.exact:
        return function
    numbers = [
        [fraction(rational(v)) for v in part.reshape(-1)]
        for part in (function.knots, function.values, function.slopes)
    ]
    knots, values, slopes = numbers
    intercept = None
    if not knots:
        intercept = fraction(rational(np.asarray(function.intercept).reshape(-1)[0]))
    return PiecewiseLinear(knots, values, slopes[0], slopes[-1], domain=function.domain, intercept=intercept)


def _affine(line: _Line) -> Representation:
    slope, (x, value) = line.slopes[0], line.anchor
    if not slope:
        network = Network.dense([[[ZERO]]], [[value]])
        return Representation(network, 0, "proved", "a constant needs no node")
    if line.start is not None:
        network = _shallow([(Fraction(1), line.start, slope)], value + slope * (line.start - x))
        return Representation(network, 1, "proved", "without nodes only constants exist")
    network = _shallow([(Fraction(1), x, slope), (Fraction(-1), x, -slope)], value)
    reason = "on the whole line one node has a kink or is constant"
    return Representation(network, 2, "proved", reason)


def _one_each(line: _Line, jumps: list[Fraction], right: frozenset[int]) -> Network:
    nodes = [
        (Fraction(1) if i in right else Fraction(-1), knot, jump)
        for i, (knot, jump) in enumerate(zip(line.knots, jumps, strict=True))
    ]
    x, value = line.anchor
    there = sum((c * max(direction * (x - knot), ZERO) for direction, knot, c in nodes), ZERO)
    return _shallow(nodes, value - there)


def _one_more(line: _Line, jumps: list[Fraction]) -> Network:
    # the first kink looks both ways: its left slope is slopes[0], its right one slopes[1]
    first = line.knots[0]
    nodes = [(Fraction(1), first, line.slopes[1]), (Fraction(-1), first, -line.slopes[0])]
    nodes += [(Fraction(1), knot, jump) for knot, jump in zip(line.knots[1:], jumps[1:], strict=True)]
    return _shallow(nodes, line.anchor[1])


def _shallow(nodes: list[tuple[Fraction, Fraction, Fraction]], constant: Fraction) -> Network:
    """Build constant + Σ c ρ(direction·(x − knot))."""
    return Network.dense(
        [[[direction] for direction, _, _ in nodes], [[c for _, _, c in nodes]]],
        [[-direction * knot for direction, knot, _ in nodes], [constant]],
    )
