"""What a network has outside a support: its leak in L1, above thresholds, and what floats that are 0 say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from numbers import Real
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._leak_balls import ball_layers, ball_values, working_precision
from ratelab.exact._regions import check_network
from ratelab.exact._support_cells import belongs, check_support_kind
from ratelab.exact._support_quadrature import (
    SupportErrors,
    SupportQuadrature,
    cut_quadrature,
    network_values,
    norms,
)
from ratelab.networks import Network
from ratelab.registry import Box

Array = NDArray[np.float64]

THRESHOLDS = (1e-3, 1e-6, 1e-9, 1e-12, 1e-15)
CELLS = {1: 20_000, 2: 400, 3: 60}
_PRECISIONS = (256, 1024, 4096)
_TRIES = 64


@dataclass(frozen=True, eq=False)
class Leak:
    """What a network has in a box outside a compact set S.

    Numbers from floats are numerical: sums over the points of a quadrature outside S. Numbers from balls are proved
    point by point, but are those of a sample of points.

    Parameters
    ----------
    sides
        Of the box, d pairs (lower, upper).
    volume
        Measure of the box without S, numerical.
    errors
        f̂ against 0 there, numerical: `errors.l1` is ∫|f̂|.
    thresholds
        t > 0.
    measures
        Measure of {|f̂| > t} there, by float64 values.
    ball_shares
        Shares of the sample points at which a ball proves |f̂| > t; NaN without balls.
    ball_undecided
        How many sample points no ball decides, for each t.
    samples
        Sample points that were evaluated in balls.
    float_zeros
        Measure where float64 values are exactly 0: no evidence that f̂ is.
    zeros_checked, zeros_refuted
        Points with float value 0 that were evaluated in balls, and how many are proved to be non-zero.
    reason
        Why nothing was evaluated in balls; else empty.
    """

    sides: tuple[tuple[float, float], ...]
    volume: float
    errors: SupportErrors
    thresholds: tuple[float, ...]
    measures: Array
    ball_shares: Array
    ball_undecided: NDArray[np.int64]
    samples: int
    float_zeros: float
    zeros_checked: int
    zeros_refuted: int
    reason: str

    @property
    def ball_measures(self) -> Array:
        """Estimates of the measures from the sample in balls: share times volume."""
        return np.asarray(self.ball_shares * self.volume)


def leak(
    network: Network,
    support: Any,
    radius: float | Box,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    cells: int | None = None,
    samples: int = 64,
) -> Leak:
    """Measure what a network has on [−R, R]^d, or another box, outside a compact set S.

    Parameters
    ----------
    network
        R^d → R^k, d = 1, 2, 3.
    support
        S: Box, Ball, Boxes, LevelSet or a union of cubes.
    radius
        R, or the box itself.
    thresholds
        t > 0, in any order; those far below 1e-12 mean something in balls only.
    cells
        Cells per axis; None for 20000, 400 and 60 in one, two and three variables. One cut at the ends of S does not
        count, and inside the bounds of S they are as fine as if these were the box, with half as many cells.
    samples
        How many points outside S, and how many with float value 0, are evaluated in balls; 0 for none.

    Raises
    ------
    UserError
        If the numbers are not like this.
    """
    check_network(network)
    sides, count = _checked(network, support, radius, cells)
    levels = tuple(float(t) for t in thresholds)
    if not all(0 < t < inf for t in levels):
        raise UserError(f"thresholds are {levels}; allowed: finite numbers above 0")
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 0:
        raise UserError(f"samples is {samples!r}; allowed: whole numbers from 0 on")
    rule = _quadrature(support, sides, count)
    every, weights = rule.points[~rule.inside], rule.weights[~rule.inside]
    rule = SupportQuadrature(every, weights, support)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        values = network_values(network, every)
        sizes = norms(values)
        errors = rule.errors(values)
    measures = np.array([float(weights[sizes > t].sum()) for t in levels])
    reason = _no_balls(network) if samples else "no sample was asked for"
    shares, undecided = np.full(len(levels), nan), np.zeros(len(levels), dtype=np.int64)
    taken = checked = refuted = 0
    if not reason:
        chosen = _scattered(support, sides, samples)
        sizes_in_balls = _decided(network, chosen, levels)
        taken = len(chosen)
        if taken:
            shares = np.mean(sizes_in_balls == 1, axis=0)
            undecided = np.sum(sizes_in_balls == -1, axis=0)
        empties = every[sizes == 0]
        empties = empties[_spread(len(empties), samples)]
        checked = len(empties)
        refuted = int((_decided(network, empties, (0.0,)) == 1).sum())
    return Leak(
        sides, float(weights.sum()), errors, levels, measures, shares, undecided, taken,
        float(weights[sizes == 0].sum()), checked, refuted, reason,
    )  # fmt: skip


def _checked(
    network: Network, support: Any, radius: Any, cells: Any
) -> tuple[tuple[tuple[float, float], ...], int]:
    """Return the sides of the box and the number of cells per axis."""
    if not hasattr(support, "contains"):
        check_support_kind(support)
    for name, region in (("support", support), ("box", radius)):
        if (name == "support" or isinstance(region, Box)) and region.dimension != network.inputs:
            raise UserError(
                f"the {name} has {region.dimension} variables, the network {network.inputs} inputs; both must agree"
            )
    if isinstance(radius, Box):
        sides = tuple((float(a), float(b)) for a, b in radius.bounds)
    elif isinstance(radius, Real) and not isinstance(radius, bool) and 0 < float(radius) < inf:
        sides = ((-float(radius), float(radius)),) * network.inputs
    else:
        raise UserError(f"radius is {radius!r}; allowed: a number above 0, finite, or a Box")
    if cells is None:
        if network.inputs not in CELLS:
            raise UserError(
                f"the network has {network.inputs} inputs; leaks are measured in 1, 2 and 3 variables"
            )
        return sides, CELLS[network.inputs]
    if isinstance(cells, bool) or not isinstance(cells, int) or cells < 1:
        raise UserError(f"cells is {cells!r}; allowed: whole numbers per axis from 1 on, or None")
    return sides, cells


def _quadrature(support: Any, sides: tuple[tuple[float, float], ...], cells: int) -> SupportQuadrature:
    """Return a quadrature on a box; two Gauss points a cell in one variable, midpoints in more."""
    bounds = [(float(a), float(b)) for a, b in support.bounds]

    def width(axis: int, a: float, b: float) -> float:
        (lower, upper), (first, last) = sides[axis], bounds[axis]
        widest = (upper - lower) / cells
        # so that a small support is resolved
        return min(widest, (last - first) / max(cells // 2, 1)) if first <= a and b <= last else widest

    return cut_quadrature(support, sides, width, order=2 if len(sides) == 1 else 1)


def _scattered(support: Any, sides: tuple[tuple[float, float], ...], wanted: int) -> Array:
    """Return equidistributed points of a box outside a set, at most so many, by an additive recurrence.

    Points of the grid at even distances would fall in step with its rows.
    """
    base = 2.0
    for _ in range(64):  # the root of x^(d+1) = x + 1, whose powers are far from rational numbers
        base = (1 + base) ** (1 / (len(sides) + 1))
    steps = base ** -np.arange(1.0, len(sides) + 1)
    lower, upper = np.array(sides).T
    points = lower + (upper - lower) * ((0.5 + np.arange(1, _TRIES * wanted + 1)[:, None] * steps) % 1)
    return np.asarray(points[~belongs(support, points)][:wanted])


def _spread(count: int, wanted: int) -> NDArray[np.int64]:
    """Return evenly spaced places among `count`, at most `wanted`."""
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).round().astype(np.int64))


def _no_balls(network: Network) -> str:
    for activation in sorted(
        {a for layer in network.layers for a in layer.activations}, key=lambda a: a.name
    ):
        if activation.ball is None and activation.polynomial is None:
            return f"activation '{activation.name}' declares no 'ball'"
    return ""


def _decided(network: Network, points: Array, levels: Sequence[float]) -> NDArray[np.int8]:
    """Return for each point and t whether |f̂| > t: 1 or 0 if a ball proves it, else −1."""
    result = np.full((len(points), len(levels)), -1, dtype=np.int8)
    for bits in _PRECISIONS:
        open_rows = np.flatnonzero((result == -1).any(axis=1))
        if not len(open_rows):
            break
        with working_precision(bits):
            layers = ball_layers(network)
            for start in range(0, len(open_rows), 64):
                rows = open_rows[start : start + 64]
                values = ball_values(layers, [[arb(x) for x in points[i].tolist()] for i in rows])
                for i, row in zip(rows.tolist(), values, strict=True):
                    size = abs(row[0]) if len(row) == 1 else sum((v * v for v in row), arb(0)).sqrt()
                    for k, level in enumerate(levels):
                        if size.is_finite() and size > level:
                            result[i, k] = 1
                        elif size.is_finite() and size <= level:
                            result[i, k] = 0
    return result
