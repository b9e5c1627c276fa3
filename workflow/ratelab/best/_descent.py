"""Newton's method for free knots, in steps measured by the gaps between them."""

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray

from ratelab.best._variable_projection import SMALLEST_GAP, Fit, fit
from ratelab.exact._quadrature import Cells

Array = NDArray[np.float64]

_LARGEST_STEP = 0.4
_NEGLIGIBLE = 1e-12
_PATIENCE = 10
_LEAST_GAIN = 1e-4


def apart(knots: Array, ends: tuple[float, float], gap: float) -> Array:
    """Return the knots moved as little as keeps neighbours, and the ends, a gap apart."""
    ramp = gap * np.arange(len(knots) + 2)
    full = np.maximum.accumulate(np.concatenate([ends[:1], knots, ends[1:]]) - ramp) + ramp
    full[-1] = ends[1]
    back = np.minimum.accumulate((full - ramp)[::-1])[::-1] + ramp
    return np.asarray(back[1:-1])


def descend(cells: Cells, degree: int, start: Fit | Array, iterations: int, gap: float = SMALLEST_GAP) -> Fit:
    """Return a fit with knots of no greater error: damped Newton, every step accepted only if the error falls.

    Each knot moves by at most 0.4 of its smaller neighbouring gap, so knots never cross; negative curvature is
    turned round.

    Parameters
    ----------
    cells
        The target.
    degree
        Of the spline.
    start
        Knots (strictly increasing, inside), or an earlier fit with derivatives.
    iterations
        At most so many accepted or rejected steps.
    gap
        Least distance of neighbouring knots, as a part of the interval.
    """
    best = start if isinstance(start, Fit) else fit(cells, degree, start)
    if not len(best.knots):
        return best
    radius = _LARGEST_STEP
    ends = float(cells.edges[0]), float(cells.edges[-1])
    least = gap * (ends[1] - ends[0])
    floor = 1e-30 * float((cells.weights * cells.values[:, :, 0] ** 2).sum()) + 1e-300
    milestone = best.square
    for iteration in range(1, iterations + 1):
        if iteration % _PATIENCE == 0:
            if best.square > (1 - _LEAST_GAIN) * milestone:
                return best
            milestone = best.square
        assert best.gradient is not None and best.hessian is not None
        gaps = np.diff(np.concatenate([ends[:1], best.knots, ends[1:]]))
        scale = np.minimum(gaps[:-1], gaps[1:])
        gradient = best.gradient * scale
        curvature, directions = np.linalg.eigh(best.hessian * scale[:, None] * scale)
        size = np.maximum(np.abs(curvature), 1e-12 * np.abs(curvature).max() + 1e-300)
        step = -directions @ ((directions.T @ gradient) / size)
        longest = float(np.abs(step).max())
        if not np.isfinite(longest):
            return best
        step *= min(1.0, radius / longest) if longest > 0 else 1.0
        reach = min(longest, radius)
        expected = -float(gradient @ step)
        if expected < _NEGLIGIBLE * best.square or best.square < floor:
            return best
        knots = apart(best.knots + step * scale, ends, least)
        try:
            trial = fit(cells, degree, knots)
        except LinAlgError:
            trial = None
        if trial is not None and trial.square < best.square:
            best = trial
            radius = min(_LARGEST_STEP, 2 * max(radius, reach) if reach >= 0.99 * radius else radius)
        else:
            radius = 0.25 * reach
            if radius < 1e-7:
                return best
    return best
