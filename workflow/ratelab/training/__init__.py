"""Optimisers that fit all networks of a job at once (row 4)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "Adam": "._adam",
    "AffineFit": "._successive_affine_fit",
    "Energies": "._successive_affine",
    "FreeKnots": "._knots",
    "Grade": "._multigrade_grades",
    "GradedFit": "._multigrade_grades",
    "Greedy": "._greedy_trainer",
    "LBFGS": "._lbfgs",
    "MiniBatchAdam": "._minibatch",
    "Multigrade": "._multigrade",
    "Polish": "._polish",
    "RandomFeatures": "._features",
    "Slopes": "._slopes",
    "SuccessiveAffine": "._successive_affine",
    "VariableProjection": "._varpro",
    "generator": "._generator",
    "initial_weights": "._initial",
    "least_squares_readout": "._least_squares",
    "multigrade_fit": "._multigrade_fit",
    "polynomial_regressor": "._polynomial_regressor",
    "published_grades": "._multigrade_grades",
    "single_grade_fit": "._multigrade_fit",
    "successive_affine_fit": "._successive_affine_fit",
    "trained_slopes": "._slopes",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.training._adam import Adam
    from ratelab.training._features import RandomFeatures
    from ratelab.training._generator import generator
    from ratelab.training._greedy_trainer import Greedy
    from ratelab.training._initial import initial_weights
    from ratelab.training._knots import FreeKnots
    from ratelab.training._lbfgs import LBFGS
    from ratelab.training._least_squares import least_squares_readout
    from ratelab.training._minibatch import MiniBatchAdam
    from ratelab.training._multigrade import Multigrade
    from ratelab.training._multigrade_fit import multigrade_fit, single_grade_fit
    from ratelab.training._multigrade_grades import Grade, GradedFit, published_grades
    from ratelab.training._polish import Polish
    from ratelab.training._polynomial_regressor import polynomial_regressor
    from ratelab.training._slopes import Slopes, trained_slopes
    from ratelab.training._successive_affine import Energies, SuccessiveAffine
    from ratelab.training._successive_affine_fit import AffineFit, successive_affine_fit
    from ratelab.training._varpro import VariableProjection

__all__ = [
    "LBFGS",
    "Adam",
    "AffineFit",
    "Energies",
    "FreeKnots",
    "Grade",
    "GradedFit",
    "Greedy",
    "MiniBatchAdam",
    "Multigrade",
    "Polish",
    "RandomFeatures",
    "Slopes",
    "SuccessiveAffine",
    "VariableProjection",
    "generator",
    "initial_weights",
    "least_squares_readout",
    "multigrade_fit",
    "polynomial_regressor",
    "published_grades",
    "single_grade_fit",
    "successive_affine_fit",
    "trained_slopes",
]
