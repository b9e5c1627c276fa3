"""Interpolation by two hidden layers: about as many samples as the product of the widths.

*Statement.* For m ≥ 1, n ≥ 0 and m(n + 2) + 1 samples x_0 < x_1 < …, any values y_i, a ReLU network with hidden widths
(2m, 2n + 1) takes the values y_i at x_i and is linear between neighbouring samples, except perhaps between x_{j(n+2)−1}
and x_{j(n+2)}, j = 1, …, m (the *gaps*).

*Proof.* Let I_j = [x_{j(n+2)}, x_{j(n+2)+n+1}], j = 0, …, m − 1; a gap follows each of them, and the last one ends at
the last sample, x_end. The first layer is relu(x − t) for the 2m ends t of the I_j. With constants, these span on
[x_0, x_end] the space W of all continuous functions that are linear on every I_j and every gap: 2m intervals, dimension
2m + 1. So a neuron of the second layer is relu(w) with any w in W, and w is given by its values at the ends of the I_j
and at x_end.

Let s be the interpolant that is linear between neighbouring samples. One neuron carries the w that on I_j is the line
of the first piece of s, and y_end at x_end, lifted to be positive everywhere; the output bias takes the lift off.
The k-th kink of s in I_j, at ξ = x_{j(n+2)+k}, k = 1, …, n, changes its slope by some d_kj. Two neurons give the k-th
kinks in all I_j at once: the one with sign σ = ±1 reads the w that on I_j is max(σ d_kj, 0)·(x − ξ), and is 0 at
x_end; relu of it is max(σ d_kj, 0)·(x − ξ)_+ on I_j, and the difference of the two is d_kj (x − ξ)_+. On I_j the sum
of all is s, and at x_end all of these neurons are 0. ∎

If s is convex on all I_j, or concave on all, one neuron per k is enough. Compare Shen, Yang and Zhang 2019, nonlinear
approximation by compositions, who interpolate m(n + 1) + 1 samples by the same widths.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ratelab._errors import UserError
from ratelab.networks._network import Network
from ratelab.networks._numbers import fraction, rational
from ratelab.networks._powers import power


def interpolation_widths(samples: int, kinks: int) -> tuple[int, int]:
    """Return hidden widths (2m, 2n + 1) that interpolate that many samples with n kinks per interval.

    Parameters
    ----------
    samples
        At least 2.
    kinks
        n ≥ 0.
    """
    _check(samples, kinks)
    return 2 * -(-(samples - 1) // (kinks + 2)), 2 * kinks + 1


def interpolating_network(x: Sequence[Any], y: Sequence[Any], kinks: int) -> Network:
    """Return a ReLU network of depth 3 that takes the values y at x, linear in between but for the gaps.

    Its widths are at most `interpolation_widths`; neurons that would be 0 are left out. Gaps lie between
    x_{j(n+2)−1} and x_{j(n+2)}, n = `kinks`, j ≥ 1 (statement and proof in the module's text).

    Parameters
    ----------
    x, y
        At least two samples, x increasing: numbers or rationals; with only floats the network is float64, rounded
        once from the exact one, else exact.
    kinks
        n ≥ 0.

    Raises
    ------
    UserError
        If there are fewer than two samples, their numbers differ, x does not increase or n is negative.
    """
    _check(len(x), kinks)
    if len(x) != len(y):
        raise UserError(f"samples are {len(x)} places and {len(y)} values; allowed: one value per place")
    places, values = [fraction(rational(t)) for t in x], [fraction(rational(t)) for t in y]
    if any(a >= b for a, b in zip(places, places[1:], strict=False)):
        raise UserError("the places of samples do not increase; allowed: increasing ones")
    slopes = [(d - c) / (b - a) for a, b, c, d in zip(places, places[1:], values, values[1:], strict=False)]
    last = len(places) - 1
    spans = [(i, min(i + kinks + 1, last)) for i in range(0, last, kinks + 2)]
    ends = sorted({i for span in spans for i in span} | {last})
    read = [_carried(spans, ends, places, values, slopes)]
    lift = 1 - min(read[0])
    read[0] = [value + lift for value in read[0]]
    heights = [Fraction(1)]
    for k in range(1, kinks + 1):
        for sign in (1, -1):
            teeth = _teeth(spans, ends, places, slopes, k, sign)
            if any(value > 0 for value in teeth):
                read.append(teeth)
                heights.append(Fraction(sign))
    joints = [places[i] for i in ends]
    rows = [_bends(row, joints) for row in read]
    weights: list[Any] = [[[Fraction(1)]] * (len(joints) - 1), rows, [heights]]
    biases: list[Any] = [[-t for t in joints[:-1]], [row[0] for row in read], [-lift]]
    network = Network.dense(weights, biases, power(1))
    exact = any(not isinstance(t, float) for t in (*x, *y))
    return network if exact else network.float64()


def _carried(
    spans: list[tuple[int, int]],
    ends: list[int],
    places: list[Fraction],
    values: list[Fraction],
    slopes: list[Fraction],
) -> list[Fraction]:
    """Return at the ends of the intervals the line of each interval's first piece, and the last value."""
    result = {ends[-1]: values[-1]}
    for first, end in spans:
        result[first] = values[first]
        result[end] = values[first] + slopes[first] * (places[end] - places[first])
    return [result[i] for i in ends]


def _teeth(
    spans: list[tuple[int, int]],
    ends: list[int],
    places: list[Fraction],
    slopes: list[Fraction],
    k: int,
    sign: int,
) -> list[Fraction]:
    """Return at the ends of the intervals what the neuron reads that makes the k-th kinks of that sign."""
    result = {ends[-1]: Fraction(0)}
    for first, end in spans:
        kink = first + k
        change = max(sign * (slopes[kink] - slopes[kink - 1]), Fraction(0)) if kink < end else Fraction(0)
        for i in (first, end):
            result[i] = change * (places[i] - places[min(kink, end)])
    return [result[i] for i in ends]


def _bends(values: list[Fraction], joints: list[Fraction]) -> list[Fraction]:
    """Return the changes of slope at all joints but the last of the function with these values, from slope 0."""
    slopes = [(d - c) / (b - a) for a, b, c, d in zip(joints, joints[1:], values, values[1:], strict=False)]
    return [b - a for a, b in zip([Fraction(0), *slopes], slopes, strict=False)]


def _check(samples: int, kinks: int) -> None:
    if samples < 2:
        raise UserError(f"samples are {samples}; allowed: 2 or more")
    if kinks < 0:
        raise UserError(f"kinks is {kinks}; allowed: 0 or more")
