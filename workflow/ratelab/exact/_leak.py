"""What a network has outside a support: its leak in L1, above thresholds, and what floats that are 0 say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._leak_balls import ball_layers, ball_values, working_precision
from ratelab.exact._leak_lower import LeakBound as LeakBound
from ratelab.exact._leak_lower import leak_lower_bound as leak_lower_bound
from ratelab.exact._leak_regions import check_region, grid, inside, norms, spread, width_of
from ratelab.networks import Network
from ratelab.registry import Target

Array = NDArray[np.float64]

THRESHOLDS = (1e-3, 1e-6, 1e-9, 1e-12, 1e-15)
_GAUSS = 0.5 / 3**0.5
_PRECISIONS = (256, 1024, 4096)


@dataclass(frozen=True, eq=False)
class Leak:
    """What a network has on [−R, R]^d outside a compact set S.

    Numbers from floats are numerical: sums over cells whose midpoints lie outside S. Numbers from balls are proved
    point by point, but are those of a sample of points.

    Parameters
    ----------
    radius
        R.
    volume
        Measure of the box without S, numerical.
    integral
        ∫|f̂| there, numerical; Euclidean norm for several outputs.
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

    radius: float
    volume: float
    integral: float
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


@dataclass(frozen=True)
class SupportErrors:
    """Numerical errors of a network against a target with compact support S, 0 outside it.

    Parameters
    ----------
    supremum, integral
        sup and ∫ of |f̂ − f| on S (on the part of it inside the box).
    box_integral, box_square
        ∫|f̂ − f| and (∫|f̂ − f|²)^{1/2} on [−R, R]^d.
    radius
        R.
    """

    supremum: float
    integral: float
    box_integral: float
    box_square: float
    radius: float


def leak(
    network: Network,
    support: Any,
    radius: float,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    cells: int | None = None,
    samples: int = 64,
) -> Leak:
    """Measure what a network has on [−R, R]^d outside a compact set S.

    Parameters
    ----------
    network
        R^d → R^k, d = 1, 2, 3.
    support
        S: Box, Ball, Boxes, LevelSet or a union of cubes.
    radius
        R.
    thresholds
        t > 0, in any order; those far below 1e-12 mean something in balls only.
    cells
        Cells per axis; None for 20000, 400 and 60 in one, two and three variables.
    samples
        How many points outside S, and how many with float value 0, are evaluated in balls; 0 for none.

    Raises
    ------
    UserError
        If the numbers are not like this.
    """
    count = check_region(network, support, radius, cells)
    levels = tuple(float(t) for t in thresholds)
    if not all(0 < t < inf for t in levels):
        raise UserError(f"thresholds are {levels}; allowed: finite numbers above 0")
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 0:
        raise UserError(f"samples is {samples!r}; allowed: whole numbers from 0 on")
    outside: list[Array] = []
    zeros: list[Array] = []
    volume = integral = empty = 0.0
    measures = np.zeros(len(levels))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for points, volumes in grid(float(radius), support, count).midpoints(width_of(network)):
            free = ~inside(support, points)
            points, volumes = points[free], volumes[free]
            if not len(points):
                continue
            sizes = norms(network(points))
            volume += float(volumes.sum())
            integral += _integral(network, points, volumes, sizes)
            measures += [float(volumes[sizes > t].sum()) for t in levels]
            empty += float(volumes[sizes == 0].sum())
            outside.append(points)
            zeros.append(points[sizes == 0])
    reason = _no_balls(network) if samples else "no sample was asked for"
    shares, undecided = np.full(len(levels), nan), np.zeros(len(levels), dtype=np.int64)
    taken = checked = refuted = 0
    if not reason:
        every = np.concatenate(outside) if outside else np.zeros((0, network.inputs))
        chosen = every[list(spread(len(every), samples))]
        sizes_in_balls = _decided(network, chosen, levels)
        taken = len(chosen)
        if taken:
            shares = np.mean(sizes_in_balls == 1, axis=0)
            undecided = np.sum(sizes_in_balls == -1, axis=0)
        empties = np.concatenate(zeros) if zeros else np.zeros((0, network.inputs))
        empties = empties[list(spread(len(empties), samples))]
        checked = len(empties)
        refuted = int((_decided(network, empties, (0.0,)) == 1).sum())
    return Leak(
        float(radius), volume, integral, levels, measures, shares, undecided, taken, empty, checked, refuted, reason
    )  # fmt: skip


def _integral(network: Network, points: Array, volumes: Array, sizes: Array) -> float:
    """Integrate |f̂| over cells: two Gauss points each in one variable, whose cells have the width of their volume."""
    if points.shape[1] > 1:
        return float(sizes @ volumes)
    shift = _GAUSS * volumes[:, None]
    pair = norms(network(points - shift)) + norms(network(points + shift))
    return float(pair @ volumes) / 2


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


def errors_on(
    network: Network, target: Target, support: Any, radius: float, *, cells: int | None = None
) -> SupportErrors:
    """Return numerical errors inside a support S and on a box, of a target that is 0 outside S.

    Parameters
    ----------
    network
        As many inputs and outputs as the target has.
    target
        Asked for values in S only.
    support
        S; None for the target's own.
    radius
        R of the box [−R, R]^d.
    cells
        Cells per axis, as in `leak`.

    Raises
    ------
    UserError
        If the numbers are not like this.
    """
    if support is None:
        support = target.support
    if support is None:
        raise UserError(f"target '{target.name}' declares no support; give one")
    count = check_region(network, support, radius, cells)
    supremum = integral = rest = square = 0.0
    shifts = (0.0,) if network.inputs > 1 else (-_GAUSS, _GAUSS)
    for points, volumes in grid(float(radius), support, count).midpoints(width_of(network)):
        for shift in shifts:
            places = points + shift * volumes[:, None]
            held = inside(support, places)
            residual = np.asarray(network(places))
            if held.any():
                values = target(places[held])
                if values.shape[1] != network.outputs:
                    raise UserError(
                        f"target '{target.name}' has {values.shape[1]} outputs, the network {network.outputs}; "
                        "both must agree"
                    )
                residual[held] -= values
            sizes = norms(residual)
            if held.any():
                supremum = max(supremum, float(sizes[held].max()))
            part = volumes / len(shifts)
            integral += float(sizes[held] @ part[held])
            rest += float(sizes[~held] @ part[~held])
            square += float((sizes * sizes) @ part)
    return SupportErrors(supremum, integral, integral + rest, square**0.5, float(radius))
