"""Independent uniform values in [−1, 1] on equal cubes: nothing can be left out of what describes the function."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from ratelab import Family, Smoothness, Target, UserError, hookimpl
from ratelab.registry import PiecewisePolynomial

_MOST_CELLS = 32_768


def random_cells(seed: int = 0, per_side: int = 8, dimension: int = 1) -> Target:
    if dimension not in (1, 2, 3):
        raise UserError(f"target 'random_cells': dimension is {dimension}; allowed: 1, 2, 3")
    most = max(n for n in range(1, _MOST_CELLS + 1) if n**dimension <= _MOST_CELLS)
    if not 1 <= per_side <= most:
        raise UserError(
            f"target 'random_cells': per_side is {per_side}; allowed in {dimension} variables: 1 to {most}"
        )
    if not 0 <= seed < 2**63:
        raise UserError(f"target 'random_cells': seed is {seed}; allowed: 0 to 2^63 - 1")
    bits = np.random.PCG64(seed).random_raw(per_side**dimension)
    values = ((bits >> np.uint64(11)).astype(np.float64) / 2**52 - 1).reshape((per_side,) * dimension)
    ends = [Fraction(k, per_side) for k in range(per_side)]
    # the first float of every cell, so that floats and rationals agree everywhere
    first = np.array([float(e) if Fraction(float(e)) >= e else np.nextafter(float(e), inf) for e in ends])

    def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
        place = np.maximum(np.searchsorted(first, x, side="right") - 1, 0)
        return values[tuple(place.T)]

    single, whole = dimension == 1, per_side == 1
    return Target(
        "random_cells",
        function,
        domain=((0.0, 1.0),) * dimension,
        singular_points=tuple(ends[1:]) if single else (),
        pieces=PiecewisePolynomial(tuple(ends[1:]), tuple((Fraction(v),) for v in values.tolist()))
        if single
        else None,
        grid=None if single else per_side,
        smoothness=Smoothness(
            besov=inf if single or whole else dimension / (2 * dimension - 2),
            hoelder=1.0 if whole else 0.0,
            analytic=whole,
            besov_uniform=None if whole else 0.0,
            mean_square=(inf if whole else 0.5) if single else None,
            source="constant on cubes" + ("" if single else ": index on the line 1/q = s/d + 1/2"),
        ),
        summary=f"random values on {per_side}^{dimension} cubes, seed {seed}",
        reference="the PCG64 generator's raw bits; a lookup table of independent entries",
    )


@hookimpl
def ratelab_targets() -> Sequence[Family[Target]]:
    return [Family("random_cells", random_cells, "random values on equal cubes of [0, 1]^d, d = 1, 2 or 3")]
