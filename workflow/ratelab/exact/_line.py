"""Exact affine pieces of networks of one variable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cells_of import (
    DIFFERENT,
    LIMIT,
    UNDECIDED,
    Cells,
    Domain,
    LimitReached,
    check_arithmetic,
    check_domain,
    check_limit,
)
from ratelab.exact._linear_activation import linear_layers
from ratelab.exact._piecewise_linear import PiecewiseLinear
from ratelab.networks import Network


@dataclass(frozen=True, eq=False)
class Line:
    """A network on the line or an interval: its affine maps between walls, from left to right.

    Parameters
    ----------
    walls
        (w,): where some neuron changes its segment; float64 or fmpq.
    values
        (w, k): the network there.
    slopes, offsets
        (w + 1, k): it is slope · x + offset between the walls.
    patterns
        (w + 1, neurons with a kink).
    equal
        (w,): whether the maps on both sides agree, as in `Cells`.
    certain
        Whether it is proved that these are the walls.
    slope_errors, offset_errors
        In float64: error bounds.
    """

    walls: NDArray[Any]
    values: NDArray[Any]
    slopes: NDArray[Any]
    offsets: NDArray[Any]
    patterns: NDArray[np.int16]
    equal: NDArray[np.int8]
    certain: bool
    slope_errors: NDArray[np.float64] | None = None
    offset_errors: NDArray[np.float64] | None = None

    @property
    def exact(self) -> bool:
        """Whether the arithmetic is rational."""
        return self.slope_errors is None

    @property
    def decided(self) -> bool:
        """Whether walls and kinks are proved."""
        return self.certain and not (self.equal == UNDECIDED).any()


def line(
    network: Network,
    domain: Sequence[Sequence[Any]] | None,
    arithmetic: str,
    limit: int,
    patterns: bool,
) -> tuple[Line, Domain | None]:
    """Return the line of a network and the checked domain."""
    check_arithmetic(arithmetic)
    check_limit(limit)
    pieces = linear_layers(network)
    if network.inputs != 1:
        raise UserError(f"this is for networks of one variable; the network has {network.inputs}")
    box = check_domain(domain, 1)
    ends = None if box is None else box[0]
    if arithmetic != "rational":
        from ratelab.exact._line_float import float_line

        try:
            found = float_line(network, pieces, ends, limit, patterns)
        except (OverflowError, FloatingPointError):
            if arithmetic == "float":
                raise UserError(
                    "weights or values leave the range of float64; rational arithmetic has no such limit"
                ) from None
        else:
            if arithmetic == "float" or found.decided:
                return found, box
    from ratelab.exact._line_rational import rational_line

    return rational_line(network.rational(), pieces, ends, limit, patterns), box


def line_cells(
    network: Network,
    domain: Sequence[Sequence[Any]] | None = None,
    *,
    arithmetic: str = "auto",
    limit: int = LIMIT,
    patterns: bool = True,
) -> Cells:
    """Return the cells of a network of one variable, see `ratelab.exact.cells`; without patterns if not wanted."""
    found, box = line(network, domain, arithmetic, limit, patterns)
    count = len(found.slopes)
    if count > limit:
        raise LimitReached(limit, count)
    number: Any = fmpq if found.exact else float
    ends = [None, None] if box is None else [number_of(v, found.exact) for v in box[0]]
    positions = [ends[0], *found.walls, ends[1]]
    points = np.empty((count, 1), dtype=object if found.exact else np.float64)
    for i, (a, b) in enumerate(zip(positions, positions[1:], strict=False)):
        if a is None or b is None:
            points[i, 0] = number(0) if a is b else (b - 1 if a is None else a + 1)
        else:
            points[i, 0] = (a + b) / 2
    pairs = np.arange(count - 1)
    walls = np.empty((count - 1, 2), dtype=points.dtype)
    walls[:, 0], walls[:, 1] = number(1), -found.walls
    errors = None
    if found.slope_errors is not None and found.offset_errors is not None:
        errors = (found.slope_errors[:, :, None], found.offset_errors)
    return Cells(
        1,
        box,
        found.patterns,
        found.slopes[:, :, None],
        found.offsets,
        points,
        np.stack([pairs, pairs + 1], axis=1),
        found.equal,
        found.exact,
        found.certain,
        walls,
        errors=errors,
    )


def piecewise_linear(
    network: Network,
    domain: Sequence[Sequence[Any]] | None = None,
    *,
    arithmetic: str = "auto",
    limit: int = LIMIT,
) -> PiecewiseLinear:
    """Return a network of one variable as a piecewise linear function with the fewest pieces.

    Parameters
    ----------
    network
        One input, any number of outputs; continuous piecewise linear activations, no poolings.
    domain
        One pair (lower, upper), or None for the whole line.
    arithmetic
        ``rational``: Fractions, nothing is rounded. ``float``: float64; kinks within rounding errors are dropped.
        ``auto``: rational for a rational network, else float64 if that proves all kinks and they stay apart when
        rounded, else rational.
    limit
        Most cells that are allowed.

    Returns
    -------
    PiecewiseLinear
        Values of shape (m,) for one output, (m, k) for several.

    Raises
    ------
    UserError
        If the network is not of this kind; `LimitReached` if there are too many cells.
    """
    if arithmetic == "auto" and network.exact:
        arithmetic = "rational"
    found, box = line(network, domain, arithmetic, limit, False)
    result, faithful = _function(found, box)
    if arithmetic == "auto" and not faithful:
        result, _ = _function(*line(network, domain, "rational", limit, False))
    return result


def _function(found: Line, box: Domain | None) -> tuple[PiecewiseLinear, bool]:
    """Return the function of a line without the kinks that rounding merges, and whether there were none."""
    kinks = found.equal == DIFFERENT
    count = int(kinks.sum())
    if not found.exact:
        x = found.walls[kinks]
        inside = (
            np.ones(count, dtype=bool) if box is None else (float(box[0][0]) < x) & (x < float(box[0][1]))
        )
        inside[1:] &= x[1:] > np.maximum.accumulate(x)[:-1]
        kinks[np.flatnonzero(kinks)[~inside]] = False
    one = found.slopes.shape[1] == 1
    values, slopes, offsets = (
        part[:, 0] if one else part for part in (found.values[kinks], found.slopes, found.offsets)
    )
    first, last = 0, len(slopes) - 1
    if (
        count and not kinks.any()
    ):  # all of them merged with an end: one affine map is left, that of the middle
        assert box is not None
        first = last = int(np.searchsorted(found.walls, (float(box[0][0]) + float(box[0][1])) / 2))
    result = PiecewiseLinear(
        found.walls[kinks],
        values,
        slopes[first],
        slopes[last],
        None if box is None else box[0],
        intercept=None if kinks.any() else offsets[first],
    )
    return result, result.pieces == count + 1


def number_of(value: Any, exact: bool) -> Any:
    """Return an end of an interval in the arithmetic of the line."""
    from ratelab.networks import rational

    return rational(value) if exact else float(value)
