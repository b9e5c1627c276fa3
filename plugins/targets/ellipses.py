"""A soft union of ellipses in the plane, cut off at a level: a blob with a smooth boundary as support."""

from collections.abc import Sequence
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from ratelab import Smoothness, Target, hookimpl
from ratelab.registry import Box, LevelSet

_ELLIPSES = (
    # centre, half axes, angle of the first axis
    ((-0.30, 0.12), (0.42, 0.26), 0.5),
    ((0.30, 0.20), (0.40, 0.24), -0.4),
    ((0.05, -0.32), (0.26, 0.38), 0.3),
)
_LEVEL = exp(-1.0)


def _maps() -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return for every ellipse its centre and the matrix that makes it a unit disc."""
    result = []
    for centre, axes, angle in _ELLIPSES:
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        result.append((np.array(centre), turn / np.array(axes)[:, None]))
    return result


_MAPS = _maps()
# exp(−|A(x − c)|²) changes by at most ‖A‖·max 2t·exp(−t²) = ‖A‖·√(2/e), and ‖A‖ is 1 over the smaller half axis
_LIPSCHITZ = sqrt(2.0 / exp(1.0)) * sum(1.0 / min(axes) for _, axes, _ in _ELLIPSES) * (1 + 1e-12)


def _bumps(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sum([np.exp(-(((x - c) @ a.T) ** 2).sum(axis=1)) for c, a in _MAPS], axis=0)


@hookimpl
def ratelab_targets() -> Sequence[Target]:
    return [
        Target(
            "ellipses",
            lambda x: np.maximum(0.0, _bumps(x) - _LEVEL),
            domain=((-1.5, 1.5), (-1.5, 1.5)),
            smoothness=Smoothness(
                besov=3.0,
                besov_uniform=2.0,
                source="a kink along the boundary, analytic inside: 1 + 1/q on the lines 1/q = s/2 + 1/p",
            ),
            support=LevelSet(lambda x: _LEVEL - _bumps(x), _LIPSCHITZ, Box((-1, -1), (1, 1))),
            lipschitz=_LIPSCHITZ,
            summary="a soft union of three ellipses, 0 outside a blob, d = 2",
            reference="the nested cubes of Kratsios and Zamanlooy 2022",
        )
    ]
