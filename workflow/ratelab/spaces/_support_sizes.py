"""Sizes of networks that match function and support: depth, width and poolings from what the target is like.

Exact formulas for our own constructions, tensor hats and the mask of cubes; and the recalled shape of the paper's
quantitative theorem, whose constants are not verified, behind a flag.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, inf, log, sqrt
from numbers import Integral, Real
from typing import Literal

from ratelab._errors import UserError

Status = Literal["derived", "reconstruction, unverified"]
Number = int | float | Fraction

MARGIN = Fraction(1, 4)
"""Margin of masks, as a share of the side of their cubes."""
_SHIFT = Fraction(1, 2**30)
_MOST = 10**18


@dataclass(frozen=True)
class SupportSizes:
    """What a network for accuracy ε needs at most.

    Parameters
    ----------
    status
        ``derived``: a proved bound for our construction; ``reconstruction, unverified``: the recalled shape of a
        theorem whose constants nobody here has checked; never to be quoted as the paper's.
    depth
        Affine maps.
    width
        Largest number of neurons in a hidden layer.
    poolings
        Pooled layers.
    nodes
        Grid points or cubes; −1 where the construction has none.
    spacing
        h of the grid; None where there is none.
    margin
        How far the support may reach beyond the target's, in the maximum norm; None if unknown.
    error
        Bound of the uniform error, within the accuracy that was asked for.
    """

    status: Status
    depth: int
    width: int
    poolings: int
    nodes: int
    spacing: Fraction | None
    margin: Fraction | None
    error: float


def dyadic_below(value: Fraction) -> Fraction:
    """Return the largest power of 2 that is at most a positive number."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    power = Fraction(2) ** exponent
    while power > value:
        power /= 2
    while 2 * power <= value:
        power *= 2
    return power


def grid_spacing(
    dimension: int,
    lipschitz: Number,
    accuracy: Number,
    reach: Number | None = None,
    margin: Fraction = Fraction(0),
) -> Fraction:
    """Return the largest dyadic h with L·h·√d/2 ≤ ε and √d·h + m·h ≤ r, decided in rationals.

    Parameters
    ----------
    dimension, lipschitz, accuracy
        d, L, ε.
    reach
        r: how far the support may go beyond the target's, Euclidean; None asks nothing.
    margin
        m: what a mask's margin adds, as a share of h.
    """
    _checked(dimension, 1, lipschitz, 1, accuracy)
    error, slope = 4 * Fraction(accuracy) ** 2, Fraction(lipschitz) ** 2 * dimension
    h = dyadic_below(2 * Fraction(accuracy) / Fraction(lipschitz))
    if reach is not None:
        h = min(h, dyadic_below(Fraction(reach)))
    while slope * h**2 > error or not (
        reach is None or (margin * h <= reach and dimension * h**2 <= (Fraction(reach) - margin * h) ** 2)
    ):
        h /= 2
    return h


def hat_sizes(
    dimension: int,
    outputs: int,
    lipschitz: Number,
    diameter: Number,
    accuracy: Number,
    *,
    reach: Number | None = None,
) -> SupportSizes:
    """Return what tensor hats need for uniform error ε.

    Spacing h, the largest power of 2 with L·h·√d/2 ≤ ε; J = (⌊diam/h⌋ + 1)^d grid points at most lie in the support;
    3 + ⌈log₂ d⌉ affine maps, ⌈log₂ d⌉ poolings and width max(2M, 2⌈d/2⌉J), M = d(⌊diam/h⌋ + 1) grid lines (2M for
    d = 1). The support grows by h at most in the maximum norm. More outputs cost nothing but connections.

    Parameters
    ----------
    dimension, outputs
        d, D ≥ 1.
    lipschitz
        L > 0 of every output, Euclidean norm.
    diameter
        Of the support in the maximum norm, above 0; see `spaces.diameter`.
    accuracy
        ε > 0.
    reach
        How far the support may go beyond the target's, Euclidean distance: then √d·h is at most that, too.

    Raises
    ------
    UserError
        If a number is out of range.
    """
    _checked(dimension, outputs, lipschitz, diameter, accuracy, reach)
    h = grid_spacing(dimension, lipschitz, accuracy, reach)
    return _hats(dimension, Fraction(diameter), h, _error(dimension, lipschitz, h))


def mask_sizes(
    dimension: int,
    outputs: int,
    lipschitz: Number,
    diameter: Number,
    accuracy: Number,
    *,
    reach: Number | None = None,
    width: int | None = None,
    depth: int | None = None,
    poolings: int | None = None,
) -> SupportSizes:
    """Return what a mask of cubes needs for uniform error ε, with a support between S and its r-neighbourhood.

    Cubes of side h with margin δ = h/4 and √d·h + δ ≤ r. J = (⌈diam/h⌉ + 1)^d of them at most meet the support. The
    mask is 2dJ wide at most and 4 affine maps deep; the masked network g stands beside it, and the last maps are
    pooled. For tensor hats as g also L·h·√d/2 ≤ (1 − 2^(−30))·ε: the rest is for the shift η.

    Parameters
    ----------
    dimension, outputs, lipschitz, diameter, accuracy
        As for `hat_sizes`.
    reach
        r, Euclidean distance; by default ε.
    width, depth, poolings
        Of another g, accurate to (1 − 2^(−30))·ε near the support and ending in an affine map: all three or none. By
        default g are tensor hats on the same grid. A shift η that float64 does not hold takes one affine map more.

    Raises
    ------
    UserError
        If a number is out of range.
    """
    _checked(dimension, outputs, lipschitz, diameter, accuracy, reach)
    given = (width, depth, poolings)
    for name, value, least in (("width", width, 0), ("depth", depth, 1), ("poolings", poolings, 0)):
        if value is not None:
            _whole(name, value, least)
    room = Fraction(accuracy) * (1 - _SHIFT)
    r = accuracy if reach is None else reach
    if width is not None and depth is not None and poolings is not None:
        # nothing is asked of the Lipschitz constant: errors are those of the given network
        h = grid_spacing(dimension, 1, dimension * Fraction(r), r, MARGIN)
        error = float(accuracy)
        # poolings of g beside wide layers of the mask pair its neurons with ones
        crowded = 2 if poolings else 1
    elif all(value is None for value in given):
        h = grid_spacing(dimension, lipschitz, room, r, MARGIN)
        error = _error(dimension, lipschitz, h) + float(_SHIFT * Fraction(accuracy))
        base = _hats(dimension, Fraction(diameter), h, error)
        width, depth, poolings, crowded = base.width, base.depth, base.poolings, 1
    else:
        raise UserError(
            f"width, depth, poolings are {given}; allowed: all three of the masked network, or none"
        )
    cubes = (ceil(Fraction(diameter) / h) + 1) ** dimension
    widest = crowded * 2 * dimension * cubes + max(width, outputs)
    return SupportSizes("derived", max(4, depth), widest, poolings + 1, cubes, h, (1 + MARGIN) * h, error)


def _hats(dimension: int, diameter: Fraction, h: Fraction, error: float) -> SupportSizes:
    lines = floor(diameter / h) + 1
    nodes = lines**dimension
    rounds = _rounds(dimension)
    pairs = 2 * ceil(dimension / 2) * nodes if rounds else 0
    width = max(2 * dimension * lines, pairs)
    return SupportSizes("derived", 3 + rounds, width, rounds, nodes, h, h, error)


def _error(dimension: int, lipschitz: Number, h: Fraction) -> float:
    return float(Fraction(lipschitz) * h) * sqrt(dimension) / 2


def reconstructed_sizes(
    dimension: int,
    outputs: int,
    lipschitz: Number,
    diameter: Number,
    accuracy: Number,
    *,
    layers: int = 1,
    capacity: int | None = None,
    unverified: bool = False,
) -> SupportSizes:
    """Return an unverified reconstruction of the shape of the paper's quantitative theorem.

    Recalled, not checked: the base approximator (after Shen, Yang and Zhang) has width 3^(d+3)·max(d⌊N^(1/d)⌋, N + 2),
    11L + 18 + 2d layers and error 131√d·ω((N²L²·log₃(N + 2))^(−1/d)) on the unit cube; rescaled by the diameter, with
    the Lipschitz constant inflated by log cap, one per output in parallel, and ⌈log₂ d⌉ + 1 poolings for the mask.
    Use `hat_sizes` and `mask_sizes` for anything that is to be true.

    Parameters
    ----------
    dimension, outputs, lipschitz, diameter, accuracy
        As for `hat_sizes`.
    layers
        L ≥ 1; the least N is computed for it.
    capacity
        Metric capacity of the support, at least 3; by default the bound 11^d.
    unverified
        Must be true: says that the caller knows what these numbers are.

    Raises
    ------
    UserError
        If `unverified` is not true, or a number is out of range.
    """
    if unverified is not True:
        raise UserError(
            "the sizes of the quantitative theorem are a reconstruction whose constants are not verified; "
            "pass unverified=True to get them, or use hat_sizes and mask_sizes, which are proved"
        )
    _checked(dimension, outputs, lipschitz, diameter, accuracy)
    _whole("layers", layers, 1)
    cap = 11**dimension if capacity is None else capacity
    _whole("capacity", cap, 3)
    constant: float = 131 * sqrt(dimension) * float(lipschitz) * log(cap) * float(diameter)

    def error(size: int) -> float:
        terms = size * size * layers * layers * log(size + 2) / log(3)
        return float(constant * terms ** (-1 / dimension))

    high = 1
    while error(high) > accuracy:
        high *= 2
        if high > _MOST:
            raise UserError(f"accuracy is {accuracy}; the reconstruction would need more than 10^18 as N")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if error(middle) <= accuracy else (middle, high)
    width = outputs * 3 ** (dimension + 3) * max(dimension * _root(high, dimension), high + 2)
    depth = 11 * layers + 18 + 2 * dimension
    return SupportSizes(
        "reconstruction, unverified", depth, width, _rounds(dimension) + 1, -1, None, None, error(high)
    )


def _rounds(dimension: int) -> int:
    """Return ⌈log₂ d⌉."""
    return (dimension - 1).bit_length()


def _root(value: int, degree: int) -> int:
    """Return ⌊value^(1/degree)⌋, exactly."""
    root: int = max(1, round(value ** (1 / degree)))
    while root**degree > value:
        root -= 1
    while (root + 1) ** degree <= value:
        root += 1
    return root


def _whole(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise UserError(f"{name} is {value!r}; allowed: integers from {least} on")


def _checked(
    dimension: int,
    outputs: int,
    lipschitz: Number,
    diameter: Number,
    accuracy: Number,
    reach: Number | None = None,
) -> None:
    _whole("dimension", dimension, 1)
    _whole("outputs", outputs, 1)
    numbers = [("lipschitz", lipschitz), ("diameter", diameter), ("accuracy", accuracy)]
    if reach is not None:
        numbers.append(("reach", reach))
    for name, value in numbers:
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < inf:
            raise UserError(f"{name} is {value!r}; allowed: finite numbers above 0")
