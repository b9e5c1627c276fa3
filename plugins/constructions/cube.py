"""The indicator of a box by one hinge for each face: error 0 in the limit of narrow collars, W = 4d + 1.

Gribonval, Kutyniok, Nielsen and Voigtlaender 2022, Approximation spaces of deep neural networks, take twice as many
connections (recalled). See docs/indicators.md.
"""

from collections.abc import Sequence
from math import hypot, prod

from ratelab import Activation, Network, Target, UserError, hookimpl
from ratelab.networks import cube_indicator, cube_indicator_bound, power_exponent
from ratelab.registry import Box, Complexity, Promise, require_accepted, too_small
from ratelab.spaces import cube_error

_COLLAR = 2.0**-26
"""Share of the shortest side, or of the largest coordinate: narrow against anything trained, wide against rounding."""


class CubeConstruction:
    """ReLU networks of depth 3 for the indicator of a box."""

    name = "cube"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if not isinstance(target.indicator_of, Box):
            return f"cubes are for the indicator of a box; target '{target.name}' is none"
        if depth < 3:
            return f"the faces of a box and what they have in common take depth 3 or more, not {depth}"
        if power_exponent(activation) != 1:
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
        require_accepted(self, target=target, activation=activation, depth=depth)
        counts = cube_indicator_bound(target.dimension)
        smallest = counts.neurons if complexity == "neurons" else counts.connections
        if budget < smallest:
            raise too_small("cube", budget, complexity, smallest)
        box = _box(target)
        return cube_indicator([float(v) for v in box.lower], [float(v) for v in box.upper], _width(box))

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return the counts and the error in closed form, with room for the rounding of corners and values.

        A corner moves by 2^-53 of its size, a value on the plateau by 2^-51 of the coordinates over the width for each
        variable.
        """
        counts, box = cube_indicator_bound(target.dimension), _box(target)
        sides = [float(b - a) for a, b in box.bounds]
        width, reach = _width(box), _reach(box)
        plateau = prod(sides) ** 0.5 * box.dimension * reach * 2.0**-51 / width
        return Promise(
            counts.depth,
            counts.connections,
            counts.neurons,
            hypot(cube_error(sides, min(width * (1 + 2**-20) + reach * 2.0**-51, min(sides) / 2)), plateau),
            source="closed form, docs/indicators.md",
        )


def _box(target: Target) -> Box:
    assert isinstance(target.indicator_of, Box)
    return target.indicator_of


def _width(box: Box) -> float:
    """Width of the collar: at least 2^26 units in the last place of every corner.

    Raises
    ------
    UserError
        If no such collar fits into the box: float64 does not resolve it.
    """
    shortest = float(min(b - a for a, b in box.bounds))
    width = _COLLAR * max(shortest, _reach(box))
    if not 2 * width <= shortest:
        raise UserError(
            f"construction 'cube': the box {box.bounds} is too thin for float64 so far from 0; "
            f"allowed: sides of at least {2 * _COLLAR * _reach(box):.3g}"
        )
    return width


def _reach(box: Box) -> float:
    """Largest modulus of a coordinate."""
    return max(abs(float(v)) for side in box.bounds for v in side)


@hookimpl
def ratelab_constructions() -> Sequence[CubeConstruction]:
    return [CubeConstruction()]
