"""Composed zigzags for functions that fold onto themselves: Takagi's series T_a, x − x², x².

Levels are split into blocks over the depth as the budget allows, and every count and the error are known in closed
form: P^(−ak)/√(12(4^a − 1)) for k blocks of P neurons each on T_a. Compare Yarotsky 2017 on x².
"""

from collections.abc import Sequence
from functools import lru_cache

from ratelab import Activation, Network, Target, UserError, hookimpl
from ratelab.networks import (
    Blocks,
    SelfSimilarFunction,
    best_folded,
    folded_error,
    folded_network,
    folded_network_bound,
    folded_rounding,
    power,
    power_exponent,
)
from ratelab.registry import Complexity, Promise


class TakagiConstruction:
    """ReLU networks of any depth for continuous functions of two copies, one a mirror image of the other."""

    name = "takagi"

    def accepts(self, *, target: Target, activation: Activation, depth: int) -> str | None:
        """Return None if the construction applies, else why not."""
        if depth < 2:
            return f"composed zigzags need a hidden layer: depth 2 or more, not {depth}"
        if power_exponent(activation) != 1:
            return f"zigzags are made of the activation 'relu', not of '{activation.name}'"
        similar = target.self_similar
        if similar is None:
            return f"target '{target.name}' is not known to be made of copies of itself"
        if not similar.folded or len(similar.starts) != 2:
            return f"the copies of target '{target.name}' are not two that a tent folds onto the whole"
        if _function(target) is None:
            return f"target '{target.name}' is not known to be continuous on [0, 1]"
        return None

    def build(
        self,
        *,
        budget: int,
        complexity: Complexity,
        depth: int,
        target: Target | None = None,
        activation: Activation | None = None,
    ) -> Network:
        """Return the network with most levels within the budget, on [0, 1]; T_1 and ReLU unless others are given.

        Depth is at most `depth`. The network is strict, and rational if the target's values are.

        Raises
        ------
        UserError
            If the construction does not apply, the budget is too small, or the network too large to be written down.
        """
        function, blocks = self._blocks(budget, complexity, depth, target, activation)
        return folded_network(function, blocks.total, blocks.levels, blocks.merged, strict=True)

    def promise(
        self,
        *,
        budget: int,
        complexity: Complexity,
        depth: int,
        target: Target | None = None,
        activation: Activation | None = None,
    ) -> Promise:
        """Return counts and error of `build`, which are attained.

        Raises
        ------
        UserError
            If the construction does not apply or the budget is too small.
        """
        function, blocks = self._blocks(budget, complexity, depth, target, activation)
        counts = folded_network_bound(function, blocks.total, blocks.levels, blocks.merged)
        error, rounding = folded_error(function, blocks.total), folded_rounding(function, blocks)
        return Promise(
            counts.depth,
            counts.connections,
            counts.neurons,
            error + rounding,
            attained=rounding <= 1e-9 * error,
            source="derived: the compositions of a tent are uncorrelated and preserve the measure",
        )

    def _blocks(
        self,
        budget: int,
        complexity: Complexity,
        depth: int,
        target: Target | None,
        activation: Activation | None,
    ) -> tuple[SelfSimilarFunction, Blocks]:
        function: SelfSimilarFunction | None = SelfSimilarFunction.takagi(1)
        if target is not None:
            reason = self.accepts(target=target, activation=activation or power(1), depth=depth)
            if reason is not None:
                raise UserError(f"construction 'takagi': {reason}")
            function = _function(target)
        elif activation is not None and power_exponent(activation) != 1:
            raise UserError(f"construction 'takagi': activation is '{activation.name}'; allowed: 'relu'")
        assert function is not None
        blocks = best_folded(function, budget, complexity, depth)
        if blocks is None:
            smallest = folded_network_bound(function, 1)
            raise UserError(
                f"construction 'takagi': budget is {budget} {complexity} at depth {depth}; allowed: from "
                f"{smallest.neurons if complexity == 'neurons' else smallest.connections} on, depth 2 or more"
            )
        return function, blocks


@lru_cache(maxsize=64)
def _function(target: Target) -> SelfSimilarFunction | None:
    return SelfSimilarFunction.of(target)


@hookimpl
def ratelab_constructions() -> Sequence[TakagiConstruction]:
    return [TakagiConstruction()]
