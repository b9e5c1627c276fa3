"""How large a network must be: least sizes for a number of pieces, gaps between depths, sizes that suffice."""

from dataclasses import dataclass
from fractions import Fraction
from math import exp, inf, isqrt, log, nextafter
from typing import Literal

from ratelab._errors import UserError
from ratelab.spaces._piece_bounds import (
    Where,
    most_cells_of_size,
    most_pieces_of_size,
    tents_pieces,
    whole,
    zonotope_family_pieces,
)


@dataclass(frozen=True)
class DepthGap:
    """What a function with many pieces costs at its own depth and at a smaller one.

    Parameters
    ----------
    size
        Hidden neurons of the deep network.
    pieces
        Pieces of its function.
    least
        Every network with the smaller depth has at least so many hidden neurons: exact integer, derived.
    envelope
        k′·(p^(1/k′) − 1), the closed form below `least`: derived; exact where the root is.
    recalled
        Lower bound recalled from Arora, Basu, Mianjy and Mukherjee (arXiv 1611.01491), not verified.
    """

    size: int
    pieces: int
    least: int
    envelope: float | int
    recalled: float | Fraction


@dataclass(frozen=True)
class GapSize:
    """Sizes up to which every shallower network stays farther than δ in L1(0, 1) from a deep sawtooth.

    Parameters
    ----------
    size
        Largest whole number that is proved, exact; None if not even constants are proved to stay away.
    envelope
        k′·((w^k·(1 − 4δ)/2)^(1/k′) − 1), derived; at most 0 says nothing.
    recalled
        k′·w^(k/k′)·(1 − 4δ)^(1/k′)/2^(1 + 1/k′), recalled from Arora, Basu, Mianjy and Mukherjee
        (arXiv 1611.01491), not verified; the proof needs a neuron in each of the k′ layers.
    """

    size: int | None
    envelope: float
    recalled: float


def least_size(pieces: int, hidden: int) -> int:
    """Smallest size whose `most_pieces_of_size` reaches the pieces, so no smaller ReLU network R → R has them.

    Derived here, exact. Attained by one hidden layer, and where the most even split has widths from 3 on.

    Parameters
    ----------
    pieces
        Number of pieces on R, or on an interval, at least 1.
    hidden
        Largest number of hidden layers, at least 1.
    """
    pieces, hidden = whole("number of pieces", pieces, 1), whole("number of hidden layers", hidden, 1)
    size = max(0, _floor_root(pieces, hidden) - 1) * hidden if pieces.bit_length() > hidden else 0
    # all layers as wide as the integer root allows: at most one neuron a layer is missing
    low, high = size, size + hidden
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if most_pieces_of_size(middle, hidden) >= pieces else (middle + 1, high)
    return low


def least_size_envelope(pieces: int, hidden: int) -> float | int:
    """Return k′·(p^(1/k′) − 1), which no ReLU network R → R with p pieces and k′ hidden layers is smaller than.

    Derived here from the means inequality; exact where the root is. `least_size` is never below it.

    Raises
    ------
    UserError
        If an argument is below 1, or the root too large for a float.
    """
    checked, layers = whole("number of pieces", pieces, 1), whole("number of hidden layers", hidden, 1)
    envelope = layers * (_root(Fraction(checked), layers) - 1)
    # a float is rounded down, below the integer that it must not exceed
    return envelope if isinstance(envelope, int) else min(envelope, _below(least_size(checked, layers)))


def least_size_recalled(pieces: int, hidden: int) -> float | Fraction:
    """Return ½·k′·p^(1/k′) − 1, a lower bound of the size with p pieces and exactly k′ non-empty hidden layers.

    Recalled from Arora, Basu, Mianjy and Mukherjee (arXiv 1611.01491), not verified. About half of
    `least_size_envelope` for p ≥ 2^k′; for fewer pieces it only says that no layer is empty.
    """
    pieces, hidden = whole("number of pieces", pieces, 1), whole("number of hidden layers", hidden, 1)
    return _half(hidden * _root(Fraction(pieces), hidden)) - 1


def least_connections(pieces: int, depth: int) -> int:
    """Smallest number of connections with which a ReLU network R → R can have so many pieces, depth 2 to 4.

    Pieces are at most 1 + W/2 (depth 2), 1 + W (depth 3) and (1 + W/2)² (depth 4), by inverting which this is
    2(p − 1), p − 1 and ⌈2(√p − 1)⌉. Derived here from edges in and out of live neurons. For other depths,
    activations and the pieces themselves see `best.pieces_bound`.

    Parameters
    ----------
    pieces
        At least 1.
    depth
        Largest number of affine layers: 2, 3 or 4.
    """
    pieces = whole("number of pieces", pieces, 1)
    if depth not in (2, 3, 4):
        raise UserError(f"depth is {depth}; allowed: 2, 3, 4")
    if depth < 4:
        return (pieces - 1) * (2 if depth == 2 else 1)
    return isqrt(4 * pieces - 1) + 1 - 2  # ⌈√(4p)⌉ − 2


def depth_gap(width: int, hidden: int, shallower: int, where: Where = "interval") -> DepthGap:
    """Compare composed tents, k hidden layers of width w, with all networks of at most k′ ≤ k hidden layers.

    Parameters
    ----------
    width
        w, at least 2.
    hidden
        k, at least 1.
    shallower
        k′, from 1 to k.
    where
        Whether the shallow network has to agree on [0, M] (``interval``) or on R (``line``, at most two more pieces).

    Returns
    -------
    DepthGap
        ``recalled`` is ½·k′·w^(k/k′) − 1 whichever `where`.
    """
    width, hidden = whole("width", width, 2), whole("number of hidden layers", hidden, 1)
    _shallower(shallower, hidden)
    pieces = tents_pieces((width,) * hidden, where)
    return DepthGap(
        width * hidden,
        pieces,
        least_size(pieces, shallower),
        least_size_envelope(pieces, shallower),
        least_size_recalled(width**hidden, shallower),
    )


def power_depth_gap(k: int, epsilon: Fraction | int = 1) -> DepthGap:
    """Return the gap between k^(1+ε) and k hidden layers, with tents of width k: sizes k^(2+ε) and super-exponential.

    ``recalled`` is ½·k·k^(k^ε) − 1. At ε = 1, k² hidden layers and size k³ against ½·k^(k+1) − 1, this is stated by
    Arora, Basu, Mianjy and Mukherjee (arXiv 1611.01491); for other ε it is recalled, not verified.

    Parameters
    ----------
    k
        At least 2.
    epsilon
        A positive rational such that k^(1+ε) is whole.
    """
    k, power = whole("k", k, 2), Fraction(epsilon) + 1
    hidden = _floor_root(k**power.numerator, power.denominator) if power > 1 else 0
    if power <= 1 or hidden**power.denominator != k**power.numerator:
        raise UserError(
            f"epsilon is {epsilon} with k = {k}; allowed: positive rationals that make k^(1+ε) whole"
        )
    return depth_gap(k, hidden, k)


def distance_lower_bound(width: int, hidden: int, pieces: int) -> Fraction:
    """Bound from below ∫₀¹ |f − g| for the equispaced sawtooth f with w^k pieces and any g with t pieces, exactly.

    On a full tent of f the best affine function is the constant ½, because the sign pattern −, +, − with lengths ¼, ½,
    ¼ annihilates affine functions; at most t − 1 tents contain a breakpoint of g, which need not be
    continuous. ¼·(1 − 2(t − 1)/w^k) for even w^k, ¼·(1 − (2t − 1)/w^k) for odd, and 0 where that is
    negative. Derived here.

    Parameters
    ----------
    width, hidden
        w ≥ 2 and k ≥ 1; f has w^k monotone pieces of equal length between 0 and 1.
    pieces
        t ≥ 1, pieces of g on [0, 1].
    """
    width, hidden = whole("width", width, 2), whole("number of hidden layers", hidden, 1)
    pieces, total = whole("number of pieces", pieces, 1), width**hidden
    lost = 2 * (pieces - 1) + total % 2
    return max(Fraction(0), Fraction(total - lost, 4 * total))


def gap_size(width: int, hidden: int, shallower: int, delta: Fraction | float) -> GapSize:
    """Sizes up to which every network with at most k′ hidden layers is farther than δ from the sawtooth, in L1(0, 1).

    Parameters
    ----------
    width, hidden
        w ≥ 2 and k ≥ 1 of the sawtooth, as in `distance_lower_bound`.
    shallower
        k′, from 1 to k.
    delta
        Distance, more than 0 and less than ¼; the constant ½ is at distance ¼.
    """
    width, hidden = whole("width", width, 2), whole("number of hidden layers", hidden, 1)
    _shallower(shallower, hidden)
    if not 0 < delta < 0.25:
        raise UserError(f"delta is {delta}; allowed: more than 0 and less than 1/4")
    distance, total = Fraction(delta), width**hidden
    # the largest t with (total − 2(t − 1) − total % 2)/(4·total) > δ
    room = total * (1 - 4 * distance) + 2 - total % 2
    pieces = -(-room // 2) - 1
    half = total * (1 - 4 * distance) / 2
    root = _float_root(half, shallower)
    return GapSize(
        least_size(int(pieces) + 1, shallower) - 1 if pieces >= 1 else None,
        shallower * (root - 1),
        shallower * root / 2,
    )


def least_size_of_cells(cells: int, hidden: int, dimension: int) -> int:
    """Smallest size whose `most_cells_of_size` reaches so many cells: no smaller ReLU network R^d → R has them.

    Pieces are unions of cells, so it holds for pieces too. Derived here, exact.

    Parameters
    ----------
    cells, hidden, dimension
        Number of cells or pieces, largest number of hidden layers, number of input variables; each at least 1.
    """
    cells = whole("number of cells", cells, 1)
    high = 1
    while most_cells_of_size(high, hidden, dimension) < cells:
        high *= 2
    low = 0
    while low < high:
        middle = (low + high) // 2
        enough = most_cells_of_size(middle, hidden, dimension) >= cells
        low, high = (low, middle) if enough else (middle + 1, high)
    return low


def zonotope_depth_gap(dimension: int, generators: int, width: int, hidden: int, shallower: int) -> DepthGap:
    """Compare the zonotope family, size 2m + wk and k + 1 hidden layers, with networks of at most k′ ≤ k hidden layers.

    ``pieces`` are those inside {γ ≤ M} for generic generators. ``least`` is the larger of `least_size_of_cells` for
    them and `least_size` for the 2w^k pieces on a line through 0, ``envelope`` is k′·((2w^k)^(1/k′) − 1): derived
    here. ``recalled`` is the larger of ½k′·w^(k/(k′n))·(m − 1)^((1−1/n)/k′) − 1 and k′·w^(k/k′)/n^(1/k′), recalled
    from Arora, Basu, Mianjy and Mukherjee (arXiv 1611.01491), not verified; the first relies on a count of
    vertices that is wrong as recalled.

    Parameters
    ----------
    dimension, generators
        n ≥ 1 variables and m ≥ 1 generators.
    width, hidden
        w ≥ 2 and k ≥ 1 of the tents.
    shallower
        k′, from 1 to k.
    """
    width, hidden = whole("width", width, 2), whole("number of hidden layers", hidden, 1)
    pieces = zonotope_family_pieces(dimension, generators, (width,) * hidden)
    _shallower(shallower, hidden)
    root = _float_root(Fraction(width**hidden), shallower)
    first = root ** (1 / dimension) * (generators - 1) ** ((1 - 1 / dimension) / shallower)
    return DepthGap(
        2 * generators + width * hidden,
        pieces,
        max(least_size_of_cells(pieces, shallower, dimension), least_size(2 * width**hidden, shallower)),
        least_size_envelope(2 * width**hidden, shallower),
        max(shallower * first / 2 - 1, shallower * root / dimension ** (1 / shallower)),
    )


def node_bounds(pieces: int, where: Literal["interval", "line"] = "line") -> tuple[int, int]:
    """Least and largest number of nodes that the shallow ReLU networks of functions with p pieces need at best.

    On R: p − 1 and p for p ≥ 2, 0 (constant) and 2 for p = 1. On a compact interval: p − 1 and p. The output bias is
    free. Stated for p ≥ 2 by Arora, Basu, Mianjy and Mukherjee (arXiv 1611.01491); p = 1 and the interval derived
    here. Which of the two a function needs is decided by a subset sum of its slope jumps.
    """
    pieces = whole("number of pieces", pieces, 1)
    if where not in ("interval", "line"):
        raise UserError(f"where is '{where}'; allowed: interval, line")
    return pieces - 1, 2 if pieces == 1 and where == "line" else pieces


def representation_depth(dimension: int) -> int:
    """Depth ⌈log2(n + 1)⌉ + 1 at which every piecewise linear function of n variables is a ReLU network.

    Stated by Arora, Basu, Mianjy and Mukherjee (arXiv 1611.01491). The hidden layers are one less.
    """
    return whole("dimension", dimension, 1).bit_length() + 1


def representation_depth_log3(dimension: int) -> int:
    """Depth ⌈log3(n − 1)⌉ + 2 at which every piecewise linear function of n ≥ 3 variables is a ReLU network.

    Recalled from Bakaev and others (2025), not verified; it disproves that `representation_depth` is optimal. For
    n = 1 and 2, where the formula does not apply, `representation_depth`.
    """
    dimension = whole("dimension", dimension, 1)
    if dimension < 3:
        return representation_depth(dimension)
    layers, reached = 1, 1
    while reached < dimension - 1:
        layers, reached = layers + 1, 3 * reached
    return layers + 1


def lattice_size(maps: int, convex_pieces: int) -> int:
    """Size (3·2^c(k) + 2c(k) − 3)·q + 3·2^c(q) − 2c(k) − 3 that suffices for k distinct affine maps on q convex pieces.

    c(x) = ⌈log2 x⌉; the depth is c(k) + c(q) + 1. Recalled from Chen, Garudadri and Rao (2022), not verified.

    Parameters
    ----------
    maps, convex_pieces
        k and q, at least 1 each.
    """
    k, q = whole("number of maps", maps, 1), whole("number of convex pieces", convex_pieces, 1)
    deep, wide = (k - 1).bit_length(), (q - 1).bit_length()
    return ((3 << deep) + 2 * deep - 3) * q + (3 << wide) - 2 * deep - 3


def logarithmic_depth_width_exponent(dimension: int) -> int:
    """Exponent 2n² + 3n + 1 of the order p^(2n²+3n+1) of the width that suffices at logarithmic depth for p pieces.

    Recalled from Hertrich, Basu, Di Summa and Skutella (arXiv 2105.14835), not verified; without its constant.
    """
    dimension = whole("dimension", dimension, 1)
    return 2 * dimension**2 + 3 * dimension + 1


def _shallower(shallower: int, hidden: int) -> None:
    if whole("smaller number of hidden layers", shallower, 1) > hidden:
        raise UserError(f"smaller number of hidden layers is {shallower}; allowed: 1 to {hidden}")


def _half(value: float | int) -> float | Fraction:
    return Fraction(value, 2) if isinstance(value, int) else value / 2


def _floor_root(value: int, degree: int) -> int:
    """Largest r with r^degree ≤ value."""
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle)
    return low


def _root(value: Fraction, degree: int) -> float | int:
    """Return the root of a positive number: exact if it is a whole number, else the nearest few floats."""
    if value.denominator == 1:
        whole_root = _floor_root(value.numerator, degree)
        if whole_root**degree == value.numerator:
            return whole_root
    return _float_root(value, degree)


def _below(value: int) -> float:
    """Return the largest float that does not exceed a whole number."""
    near = float(value)
    return near if int(near) <= value else nextafter(near, -inf)


def _float_root(value: Fraction, degree: int) -> float:
    try:
        return exp((log(value.numerator) - log(value.denominator)) / degree)
    except OverflowError:
        raise UserError("a root is too large for a float; the exact least size has no such limit") from None
