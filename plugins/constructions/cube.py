"""The indicator of a box by one hinge for each face: error 0 in the limit of narrow collars, W = 4d + 1.

Gribonval, Kutyniok, Nielsen and Voigtlaender 2022, Approximation spaces of deep neural networks, take twice as many
connections (recalled). See docs/indicators.md.
"""

from collections.abc import Sequence

from ratelab import Activation, Network, Target, UserError, hookimpl
from ratelab.networks import cube_indicator, cube_indicator_bound, power
from ratelab.registry import Box, Complexity, Promise
from ratelab.spaces import cube_error

_COLLAR = 2.0**-26
"""Share of the shortest side: narrow against the error of anything trained, wide against rounding."""


class CubeConstruction:
    """ReLU networks of depth 3 for the indicator of a box."""

    name = "cube"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if not isinstance(target.indicator_of, Box):
            return f"cubes are for the indicator of a box; target '{target.name}' is none"
        if depth != 3:
            return f"the faces of a box and what they have in common take depth 3, not {depth}"
        if activation.polynomial != power(1).polynomial:
            return f"cubes are made of the activation 'relu', not of '{activation.name}'"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the network of a narrow collar; the same for every budget that allows it.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        reason = self.accepts(target=target, activation=activation, depth=depth)
        if reason is not None:
            raise UserError(f"construction 'cube': {reason}")
        counts = cube_indicator_bound(target.dimension)
        smallest = counts.neurons if complexity == "neurons" else counts.connections
        if budget < smallest:
            raise UserError(
                f"construction 'cube': budget is {budget} {complexity}; allowed: from {smallest} on"
            )
        box = _box(target)
        return cube_indicator([float(v) for v in box.lower], [float(v) for v in box.upper], _width(box))

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return the counts and the error in closed form, with room for the rounding of the corners."""
        counts, box = cube_indicator_bound(target.dimension), _box(target)
        sides = [float(b - a) for a, b in box.bounds]
        return Promise(
            counts.depth,
            counts.connections,
            counts.neurons,
            cube_error(sides, _width(box) * (1 + 2**-20)),
            source="closed form, docs/indicators.md",
        )


def _box(target: Target) -> Box:
    assert isinstance(target.indicator_of, Box)
    return target.indicator_of


def _width(box: Box) -> float:
    return _COLLAR * float(min(b - a for a, b in box.bounds))


@hookimpl
def ratelab_constructions() -> Sequence[CubeConstruction]:
    return [CubeConstruction()]
