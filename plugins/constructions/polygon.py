"""The indicator of a disc by a regular polygon with a soft edge: depth 3, one hinge for each side.

The error is 2.22·R/n in L2 for n sides, n + 1 neurons and 3n + 1 connections; see docs/indicators.md.
"""

from collections.abc import Sequence

from ratelab import Activation, Network, Target, hookimpl
from ratelab.networks import polygon_indicator_bound, power_exponent, regular_polygon_indicator
from ratelab.registry import Ball, Complexity, Promise, require_accepted, too_small
from ratelab.spaces import disc_polygon

_RAYS = 4096


class PolygonConstruction:
    """ReLU networks of depth 3 for the indicator of a disc."""

    name = "polygon"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if not isinstance(target.indicator_of, Ball) or target.dimension != 2:
            return f"polygons are for the indicator of a disc; target '{target.name}' is none"
        if depth < 3:
            return f"the sides of a polygon and what they have in common take depth 3 or more, not {depth}"
        if power_exponent(activation) != 1:
            return f"polygons are made of the activation 'relu', not of '{activation.name}'"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the network of the regular polygon with the most sides that fit.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        require_accepted(self, target=target, activation=activation, depth=depth)
        ball, sides = _ball(target), _sides(budget, complexity)
        found = disc_polygon(sides, float(ball.radius))
        x, y = (float(v) for v in ball.centre)
        return regular_polygon_indicator(sides, found.inradius, found.width, (x, y))

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return the counts and a certified upper end of the error on R²."""
        ball, sides = _ball(target), _sides(budget, complexity)
        counts = polygon_indicator_bound(sides)
        return Promise(
            counts.depth,
            counts.connections,
            counts.neurons,
            disc_polygon(sides, float(ball.radius), rays=_RAYS).upper,
            source="integrals along rays, enclosed, docs/indicators.md",
        )


def _sides(budget: int, complexity: Complexity) -> int:
    """Return the most sides that fit."""
    sides = budget - 1 if complexity == "neurons" else (budget - 1) // 3
    if sides < 3:
        smallest = 4 if complexity == "neurons" else 10
        raise too_small("polygon", budget, complexity, smallest)
    return sides


def _ball(target: Target) -> Ball:
    assert isinstance(target.indicator_of, Ball)
    return target.indicator_of


@hookimpl
def ratelab_constructions() -> Sequence[PolygonConstruction]:
    return [PolygonConstruction()]
