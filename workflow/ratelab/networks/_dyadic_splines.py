"""Self-similar functions as shallow networks: one copy after the other is refined, the rest stay chords.

The chords of all copies of the j-th generation together miss ratio^j times what the chord of the whole misses in L2,
each copy the same, and the function is affine between the copies. So the error is known for every number of pieces.
"""

from collections import deque
from fractions import Fraction
from math import sqrt
from typing import NamedTuple

from ratelab._errors import UserError
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._dyadic_function import SelfSimilarFunction
from ratelab.networks._network import Network
from ratelab.networks._numbers import rational

_LARGEST = 1 << 20

Points = list[tuple[Fraction, Fraction]]


class _Copy(NamedTuple):
    """f(left + length·u) = scale·f(u) + start + slope·u, or scale·f(1 − u) + … on a mirror image."""

    left: Fraction
    length: Fraction
    mirrored: bool
    scale: Fraction
    start: Fraction
    slope: Fraction


def self_similar_points(function: SelfSimilarFunction, refinements: int) -> Points:
    """Return the corners (x, f(x)) of the spline after so many refinements, from x = 0 to x = 1.

    A refinement replaces the chord of one copy by chords of the copies inside and lines between them; all copies of
    a generation are refined before those of the next one.

    Parameters
    ----------
    function
        Continuous.
    refinements
        R ≥ 0.

    Raises
    ------
    UserError
        If the number is negative or the spline too large to be written down.
    """
    if refinements != int(refinements) or not 0 <= refinements <= _LARGEST:
        raise UserError(f"self-similar spline: refinements are {refinements}; allowed: 0 to {_LARGEST}")
    zero, one = Fraction(0), Fraction(1)
    corners = {zero: function.outer[0], one: function.outer[1]}
    waiting = deque([_Copy(zero, one, False, one, zero, zero)])
    for _ in range(int(refinements)):
        copy = waiting.popleft()
        for inner in _inside(function, copy):
            for u, value in zip((zero, one), function.outer[:: -1 if inner.mirrored else 1], strict=True):
                x = inner.left + u * inner.length
                corners[x] = inner.scale * value + inner.start + u * inner.slope
            waiting.append(inner)
    return sorted(corners.items())


def self_similar_spline(function: SelfSimilarFunction, refinements: int) -> Network:
    """Return the spline of `self_similar_points` as a shallow ReLU network on [0, 1].

    Returns
    -------
    A rational network if the function is exact, else float64; neurons where the slope does not change are left out.

    Raises
    ------
    UserError
        As `self_similar_points` does, or if the spline is constant.
    """
    points = self_similar_points(function, refinements)
    bends = _bends(points)
    if not bends:
        raise UserError(
            "self-similar spline: the chord is constant and needs no network; allowed: more refinements"
        )
    network = Network.dense(
        [[[rational(1)]] * len(bends), [[rational(change) for _, change in bends]]],
        [[rational(-x) for x, _ in bends], [rational(points[0][1])]],
    )
    network = network.rational() if function.exact else network.float64()
    return kept("self_similar_spline", network, self_similar_spline_bound(function, refinements))


def self_similar_spline_bound(function: SelfSimilarFunction, refinements: int) -> Counts:
    """Return the promise of `self_similar_spline`: a neuron and two connections for every piece at most."""
    pieces = 1 + refinements * pieces_per_refinement(function)
    return Counts(2, 2 * pieces, pieces)


def pieces_per_refinement(function: SelfSimilarFunction) -> int:
    """Return by how much a refinement increases the number of pieces."""
    return function.copies + len(function.gaps) - 1


def self_similar_spline_error(function: SelfSimilarFunction, refinements: int) -> float:
    """Return the L2 error of `self_similar_spline`, exactly but for rounding."""
    generation, copies, left = 0, 1, refinements
    while left >= copies:
        left -= copies
        generation, copies = generation + 1, copies * function.copies
    done = left / copies
    return function.bow * function.ratio**generation * sqrt(1 - done + done * function.ratio**2)


def self_similar_spline_rounding(function: SelfSimilarFunction, refinements: int) -> float:
    """Return a bound of what rounding adds to the L2 error; 0 for exact functions.

    Knots, changes of slope and the values that the function gives are rounded by 2^(−53) of themselves.
    """
    if function.exact:
        return 0.0
    weights = sum(abs(float(change)) for _, change in _bends(self_similar_points(function, refinements)))
    return 2.0**-51 * weights + 2.0**-50 * function.largest / (1 - float(function.ratio)) ** 2


def _inside(function: SelfSimilarFunction, copy: _Copy) -> list[_Copy]:
    """Return the copies inside a copy."""
    found = []
    for start, mirrored, (first, rise) in zip(
        function.starts, function.reflected, function.lines, strict=True
    ):
        # u = start + width·t on this copy of f, at which f is height·f(t or 1 − t) + first + rise·t
        begin, step = (1 - start, -function.width) if copy.mirrored else (start, function.width)
        value, slope = (
            copy.start + copy.slope * begin + copy.scale * first,
            copy.slope * step + copy.scale * rise,
        )
        left, length = copy.left + copy.length * begin, copy.length * step
        if length < 0:  # run through it from the left
            left, length, value, slope = left + length, -length, value + slope, -slope
        found.append(
            _Copy(left, length, mirrored != copy.mirrored, copy.scale * function.height, value, slope)
        )
    return found


def _bends(points: Points) -> Points:
    """Return where the slope changes, from slope 0 on the left, and by how much."""
    slopes = [(g - f) / (b - a) for (a, f), (b, g) in zip(points, points[1:], strict=False)]
    changes = [b - a for a, b in zip([Fraction(0), *slopes], slopes, strict=False)]
    return [(x, change) for (x, _), change in zip(points, changes, strict=False) if change]
