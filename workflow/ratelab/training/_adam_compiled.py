"""Adam by compiled loops: each network by itself, through many steps at a time."""

from collections.abc import Sequence

import numpy as np

from ratelab.networks import FitProblem
from ratelab.training._adam_recipe import Group, total_weight, zero_loss
from ratelab.training._engine import Engine, Formula
from ratelab.training._stack import Data


class Compiled:
    """Run groups of networks whose activations compiled loops know (`formulas`)."""

    def __init__(self, problem: FitProblem, groups: Sequence[Group], known: Formula) -> None:
        self._groups = groups
        self._engines = [Engine(problem, group.shape, known) for group in groups]
        self._moments = [(np.zeros_like(g.parameters), np.zeros_like(g.parameters)) for g in groups]
        self._free = [group.shape.free.astype(np.float64) for group in groups]
        self._ends = (total_weight(problem), zero_loss(Data.of(problem)))

    def advance(self, first: int, last: int) -> None:
        """See `Descent`."""
        from ratelab.training._adam_kernels import descend

        for group, engine, moments, free in zip(
            self._groups, self._engines, self._moments, self._free, strict=True
        ):
            recipe = group.recipe
            if group.over:
                continue
            descend(
                first,
                last,
                (
                    recipe.steps,
                    float(recipe.rate),
                    recipe.first,
                    recipe.second,
                    recipe.epsilon,
                    recipe.cosine,
                    float(recipe.tolerance),
                    *self._ends,
                ),
                (group.parameters, *moments, group.best),
                (group.best_loss, group.evaluations, group.outcome),
                free,
                engine.shape,
                engine.data,
                engine.formula,
                (*engine.rooms, np.empty(group.shape.count)),
            )
