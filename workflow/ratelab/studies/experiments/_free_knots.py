"""n² times the L2 error of best continuous piecewise linear fits with n pieces, on free and on uniform knots.

Free knots: both ends of a bracket. Uniform knots: the least squares fit, whose error is integrated in balls. Both
tend to a norm of the second derivative, in L^(2/5) and in L2, over √720.
"""

from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from ratelab import best, datasets, exact
from ratelab.best._variable_projection import fit
from ratelab.exact._quadrature import resolved_cells
from ratelab.registry import Progress, Registry, Target
from ratelab.spaces import free_knot_limit
from ratelab.studies.experiments._space_parameters import FreeKnots

if TYPE_CHECKING:
    import xarray as xr

_LONG_NAMES = {
    "target": "target, by label",
    "pieces": "number of pieces n",
    "free_lower": "n^2 times the lower end of the best error with free knots",
    "free_upper": "n^2 times the error of the best fit with free knots in hand",
    "certainty": "of both ends of the bracket",
    "uniform": "n^2 times the error of the least squares fit on uniform knots",
    "uniform_certainty": "of the error on uniform knots",
    "free_limit": "limit of n^2 times the best error with free knots; not a number if f has no second derivative here",
    "uniform_limit": "the same on uniform knots; infinite if the error decays more slowly",
}


def run(parameters: FreeKnots, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Bracket the free-knot errors, fit on uniform knots, and evaluate the limits."""
    import xarray as xr

    labels, pieces = list(parameters.targets), sorted(set(parameters.pieces))
    cells = (len(labels), len(pieces))
    tables = {name: np.full(cells, nan) for name in ("free_lower", "free_upper", "uniform")}
    flags = {name: np.zeros(cells, np.int8) for name in ("certainty", "uniform_certainty")}
    limits = {name: np.full(len(labels), nan) for name in ("free_limit", "uniform_limit")}
    for i, label in enumerate(labels):
        target = registry.targets[label]
        brackets = best.brackets(target, pieces, 1)
        for j, n in enumerate(pieces):
            found, uniform = brackets[n], uniform_error(target, n)
            tables["free_lower"][i, j], tables["free_upper"][i, j] = n * n * found.lower, n * n * found.upper
            tables["uniform"][i, j] = n * n * uniform.upper
            both = (found.certainty, found.upper_certainty)
            flags["certainty"][i, j] = min(datasets.CERTAINTY[word] for word in both)
            flags["uniform_certainty"][i, j] = datasets.CERTAINTY[uniform.certainty]
        limits["free_limit"][i], limits["uniform_limit"][i] = _limits(target)
        progress(i + 1, len(labels))
    dataset = xr.Dataset(
        {name: (("target", "pieces"), table) for name, table in {**tables, **flags}.items()}
        | {name: ("target", table) for name, table in limits.items()},
        coords={"target": np.array(labels, dtype=object), "pieces": np.array(pieces)},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    for name in flags:
        dataset[name].attrs["flag_values"] = np.array(list(datasets.CERTAINTY.values()), dtype=np.int8)
        dataset[name].attrs["flag_meanings"] = " ".join(datasets.CERTAINTY)
    return dataset


def uniform_error(target: Target, pieces: int) -> exact.Enclosure:
    """Enclose the L2 error of the continuous piecewise linear least squares fit on equispaced knots."""
    lower, upper = (float(end) for end in target.domain[0])
    knots = lower + (upper - lower) * np.arange(1, pieces) / pieces
    found = fit(resolved_cells(target), 1, knots, derivatives=False)
    spline = best.Spline(1, (lower, upper), knots, found.coefficients)
    return exact.certified_error(spline.network(), target)


def _limits(target: Target) -> tuple[float, float]:
    """Return both limits; NaN for a target without derivatives, or one that is rough everywhere."""
    rough = target.smoothness is not None and target.smoothness.besov < inf
    if rough or (target.pieces is None and target.enclosure is None):
        return nan, nan
    return free_knot_limit(target), free_knot_limit(target, knots="uniform")
