"""Splines that refine the copies of a self-similar function one after the other, such as those of Cantor's function.

2^(j+1) − 1 pieces follow all copies of generation j of Cantor's function, with error 6^(−j/2)/√120; between these
numbers the error is known as well.
"""

from collections.abc import Sequence
from functools import lru_cache

from ratelab import Activation, Network, Target, UserError, hookimpl
from ratelab.networks import (
    SelfSimilarFunction,
    pieces_per_refinement,
    power_exponent,
    self_similar_spline,
    self_similar_spline_bound,
    self_similar_spline_error,
    self_similar_spline_rounding,
)
from ratelab.registry import Complexity, Promise, require_accepted


class CantorSpline:
    """Shallow ReLU networks for continuous self-similar functions whose copies are not folded onto each other."""

    name = "cantor_spline"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if depth != 2:
            return f"splines are shallow networks: depth 2, not {depth}"
        if power_exponent(activation) != 1:
            return f"the splines are written with the activation 'relu', not '{activation.name}'"
        if target.self_similar is None:
            return f"target '{target.name}' is not known to be made of copies of itself"
        if target.self_similar.folded:
            return f"the copies of target '{target.name}' are folded: construction 'takagi' uses that"
        if _function(target) is None:
            return f"target '{target.name}' is not known to be continuous on [0, 1] with values at the copies' ends"
        return None

    def build(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Network:
        """Return the spline with most refinements within the budget, at most 2^20 of them.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        return self_similar_spline(*self._refined(budget, complexity, depth, target, activation))

    def promise(
        self, *, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> Promise:
        """Return bounds of the counts and the error of `build`.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        function, refinements = self._refined(budget, complexity, depth, target, activation)
        counts = self_similar_spline_bound(function, refinements)
        rounding = self_similar_spline_rounding(function, refinements)
        return Promise(
            counts.depth,
            counts.connections,
            counts.neurons,
            self_similar_spline_error(function, refinements) + rounding,
            attained=False,
            source="derived: the error on a copy is that on the whole, scaled",
        )

    def _refined(
        self, budget: int, complexity: Complexity, depth: int, target: Target, activation: Activation
    ) -> tuple[SelfSimilarFunction, int]:
        require_accepted(self, target=target, activation=activation, depth=depth)
        function = _function(target)
        assert function is not None
        pieces = budget if complexity == "neurons" else budget // 2
        if pieces < 1 or (
            pieces <= pieces_per_refinement(function) and function.outer[0] == function.outer[1]
        ):
            raise UserError(
                f"construction 'cantor_spline': budget is {budget} {complexity}, room for {pieces} pieces; allowed: "
                "room for one refinement"
            )
        return function, min((pieces - 1) // pieces_per_refinement(function), 1 << 20)


@lru_cache(maxsize=64)
def _function(target: Target) -> SelfSimilarFunction | None:
    return SelfSimilarFunction.of(target)


@hookimpl
def ratelab_constructions() -> Sequence[CantorSpline]:
    return [CantorSpline()]
