"""Optimisers that fit all networks of a job at once (row 4)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "LBFGS": "._lbfgs",
    "Adam": "._adam",
    "FreeKnots": "._knots",
    "Greedy": "._greedy_trainer",
    "Polish": "._polish",
    "VariableProjection": "._varpro",
    "generator": "._generator",
    "initial_weights": "._initial",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.training._adam import Adam
    from ratelab.training._generator import generator
    from ratelab.training._greedy_trainer import Greedy
    from ratelab.training._initial import initial_weights
    from ratelab.training._knots import FreeKnots
    from ratelab.training._lbfgs import LBFGS
    from ratelab.training._polish import Polish
    from ratelab.training._varpro import VariableProjection

__all__ = [
    "LBFGS",
    "Adam",
    "FreeKnots",
    "Greedy",
    "Polish",
    "VariableProjection",
    "generator",
    "initial_weights",
]
