"""The sawtooth Δ_j itself, in the fewest neurons or connections that blocks of tents need at a given depth.

Below that budget a shallow network follows the first teeth and stays at the mean ½, so that almost all of the error
remains until it vanishes at once.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt

from ratelab import Activation, Network, Target, hookimpl
from ratelab.networks import Counts, power, power_exponent, sawtooth, sawtooth_blocks, sawtooth_bound
from ratelab.registry import Complexity, Promise, require_accepted


class SawtoothWave:
    """ReLU networks of any depth for the target Δ_j."""

    name = "sawtooth_wave"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if depth < 2:
            return f"teeth need a hidden layer: depth 2 or more, not {depth}"
        if power_exponent(activation) != 1:
            return f"teeth are made of the activation 'relu', not of '{activation.name}'"
        if _levels(target) is None:
            return f"target '{target.name}' is not a sawtooth of 2^j pieces between 0 and 1 on [0, 1]"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the sawtooth in the smallest network of the depth, or, if it exceeds the budget, its first teeth.

        Raises
        ------
        UserError
            If the construction does not apply.
        """
        levels = self._checked(target, activation, depth)
        blocks = sawtooth_blocks(levels, depth, complexity)
        if _size(sawtooth_bound(levels, blocks.levels, blocks.merged), complexity) <= budget:
            return sawtooth(levels, blocks.levels, blocks.merged)
        return _first_teeth(levels, _neurons(budget, complexity))

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return counts and error of `build`, which are attained.

        Raises
        ------
        UserError
            If the construction does not apply.
        """
        levels = self._checked(target, activation, depth)
        blocks = sawtooth_blocks(levels, depth, complexity)
        counts = sawtooth_bound(levels, blocks.levels, blocks.merged)
        error, source = 0.0, "derived: compositions of a tent"
        if _size(counts, complexity) > budget:
            neurons = _neurons(budget, complexity)
            counts = Counts(2, 2 * neurons, neurons) if neurons > 1 else Counts(1, 0, 0)
            followed = neurons - Fraction(3, 2) if neurons > 1 else Fraction(0)
            error = sqrt((1 - followed / 2**levels) / 12)
            source = "derived: every half piece that is not followed keeps the variance 1/12"
        return Promise(counts.depth, counts.connections, counts.neurons, error, attained=True, source=source)

    def _checked(self, target: Target, activation: Activation, depth: int) -> int:
        require_accepted(self, target=target, activation=activation, depth=depth)
        levels = _levels(target)
        assert levels is not None
        return levels


def _size(counts: Counts, complexity: Complexity) -> int:
    return counts.neurons if complexity == "neurons" else counts.connections


def _neurons(budget: int, complexity: Complexity) -> int:
    return budget if complexity == "neurons" else budget // 2


def _first_teeth(levels: int, neurons: int) -> Network:
    """Return the sawtooth on its first neurons − 3/2 pieces, then ½; ½ alone for fewer than two neurons."""
    half = Fraction(1, 2)
    if neurons < 2:
        return Network.dense([[[0]]], [[half]]).rational()
    slope, pieces = 2**levels, neurons - 1
    knots = [Fraction(i, slope) for i in range(pieces)] + [Fraction(2 * pieces - 1, 2 * slope)]
    slopes = [slope * (-1) ** i for i in range(pieces)]
    changes = [slope, *(b - a for a, b in zip(slopes, slopes[1:], strict=False)), -slopes[-1]]
    return Network.dense(
        [[[1]] * neurons, [changes]], [[-t for t in knots], [Fraction(0)]], power(1)
    ).rational()


def _levels(target: Target) -> int | None:
    """Return j if the target is Δ_j by its exact pieces, else None."""
    pieces = target.pieces
    if pieces is None or target.domain != ((0.0, 1.0),):
        return None
    count = len(pieces.coefficients)
    levels = count.bit_length() - 1
    if levels < 1 or count != 2**levels:
        return None
    knots = [Fraction(0), *pieces.knots, Fraction(1)]
    for index, row in enumerate(pieces.coefficients):
        ends = [sum((c * x**k for k, c in enumerate(row)), Fraction(0)) for x in knots[index : index + 2]]
        straight = not any(row[2:])
        if not straight or knots[index] != Fraction(index, count) or ends != [index % 2, 1 - index % 2]:
            return None
    return levels


@hookimpl
def ratelab_constructions() -> Sequence[SawtoothWave]:
    return [SawtoothWave()]
