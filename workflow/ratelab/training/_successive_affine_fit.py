"""Successive affine learning of plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, Network
from ratelab.training._generator import generator
from ratelab.training._multigrade_checks import checked_list, checked_seed
from ratelab.training._multigrade_grades import Grade, stages_of
from ratelab.training._multigrade_sample import checked_sample, domain_of
from ratelab.training._multigrade_stair import stair
from ratelab.training._successive_affine import Energies, fitted_grade, weighted_energy

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AffineFit:
    """A fit by successive affine learning.

    Parameters
    ----------
    network
        With a readout for the sum of heads up to each grade.
    energies
        How it splits the energy of the data.
    frozen_hashes
        SHA-256 of each grade's weights.
    """

    network: Network
    energies: Energies
    frozen_hashes: tuple[str, ...]


def successive_affine_fit(
    x: Any, y: Any, grades: Sequence[Grade], *, weights: Any = None, seed: int = 0
) -> AffineFit:
    """Fit data grade by grade, all maps by least squares; see `SuccessiveAffine`.

    Parameters
    ----------
    x, y
        (m, d) or (m,) points, (m, k) or (m,) values.
    grades
        Their widths and activations; numbers of epochs and rates are not used.
    weights
        (m,) positive weights of the inner product; None means 1/m.
    seed
        Of the windows.

    Raises
    ------
    UserError
        If data do not fit together or are not finite, weights are not positive, or there is no grade.
    """
    points, values = checked_sample(x, y, "data")
    grades = checked_list("successive_affine_fit", grades, Grade)
    seed = checked_seed("successive_affine_fit", seed)
    try:
        given = np.asarray(1.0 / len(points) if weights is None else weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError(
            f"successive_affine_fit: weights are no numbers; allowed: {len(points)} positive numbers"
        ) from None
    given = np.full(len(points), given) if weights is None else given
    if given.shape != (len(points),) or not (np.isfinite(given) & (given > 0)).all():
        raise UserError(
            f"successive_affine_fit: weights have shape {given.shape} or are not positive; allowed: "
            f"{len(points)} positive numbers"
        )
    features = np.append(points, np.ones((len(points), 1)), axis=1)
    made, gained, left = [], [], []
    residual = values
    for number, stage in enumerate(stages_of(grades, (points, values), 1)):
        problem = FitProblem(points, given, values, stage.activation, (), domain_of(points))
        random = generator("successive affine", seed, number)
        with np.errstate(all="ignore"):
            grade, features, added = fitted_grade(
                features, problem, residual, stage.layout, stage.activation, random
            )
        residual = residual - added
        if not np.isfinite(residual).all():
            raise UserError(
                f"successive_affine_fit: grade {number + 1} overflows with activation '{stage.activation.name}'; "
                "allowed: activations that stay finite on the data"
            )
        made.append(grade)
        gained.append(weighted_energy(given, added))
        left.append(weighted_energy(given, residual))
    energies = Energies(weighted_energy(given, values), np.array(gained), np.array(left))
    return AffineFit(stair(made), energies, tuple(grade.fingerprint for grade in made))
