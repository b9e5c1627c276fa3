"""Interval arithmetic with outward rounding, in float64 that rounds to nearest: compiled.

`TwoSum` and Dekker's product give the rounding error of a sum and of a product as a float. Where it is 0 the result is
exact and stays as it is; where it points outward the result already is the outward rounding; else the neighbouring
float is taken. So numbers that float64 holds are computed without any widening.

Lower ends are never +∞ and upper ends never −∞: a sum that overflows towards the inside stops at the largest float.
"""

# mypy: allow-untyped-decorators
import numpy as np
from numpy.typing import NDArray

from ratelab._compiled import kernel

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_LARGEST = 1.7976931348623157e308
_SPLIT = 134217729.0  # 2^27 + 1
_SPLITS_UP_TO = 2.0**995
_PRODUCTS_FROM, _PRODUCTS_UP_TO = 2.0**-960, 2.0**1020
_STEP = 2.0**-53 * (1 + 2.0**-52)
_SMALLEST = 5e-324


@kernel
def below(x: float) -> float:
    """Return a float below x (−∞ stays): the next one, but for a few beside the smallest normal numbers."""
    return x - (_STEP * abs(x) + _SMALLEST)


@kernel
def add_down(a: float, b: float) -> float:
    """Return a + b rounded down; neither is +∞."""
    s = min(a + b, _LARGEST)
    part = s - a
    error = (a - (s - part)) + (b - part)
    return s if error >= 0.0 else below(s)  # not a number, where ends are infinite: −∞ stays


@kernel
def multiply_down(a: float, b: float) -> float:
    """Return a · b rounded down, 0 · ∞ = 0."""
    p = a * b
    left = _SPLIT * a
    left = left - (left - a)
    right = _SPLIT * b
    right = right - (right - b)
    rest, tail = a - left, b - right
    error = ((left * right - p) + left * tail + rest * right) + rest * tail
    size = abs(p)
    known = (
        (size >= _PRODUCTS_FROM)
        & (size <= _PRODUCTS_UP_TO)
        & (abs(a) <= _SPLITS_UP_TO)
        & (abs(b) <= _SPLITS_UP_TO)
        & (error >= 0.0)
    )
    s = min(p, _LARGEST)
    s = s if known else below(s)
    return 0.0 if (a == 0.0) | (b == 0.0) else s


@kernel
def add_up(a: float, b: float) -> float:
    """Return a + b rounded up; neither is −∞."""
    return -add_down(-a, -b)


@kernel
def multiply_up(a: float, b: float) -> float:
    """Return a · b rounded up, 0 · ∞ = 0."""
    return -multiply_down(-a, b)


@kernel
def multiply(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Return an enclosure of [a, b] · [c, d]; infinite ends are no members, so 0 · ∞ = 0."""
    low = min(min(multiply_down(a, c), multiply_down(a, d)), min(multiply_down(b, c), multiply_down(b, d)))
    high = max(max(multiply_up(a, c), multiply_up(a, d)), max(multiply_up(b, c), multiply_up(b, d)))
    return low, high


@kernel
def affine(
    starts: Indices,
    columns: Indices,
    weight_low: Array,
    weight_high: Array,
    bias_low: Array,
    bias_high: Array,
    low: Array,
    high: Array,
) -> tuple[Array, Array]:
    """Enclose the values of an affine map in its stored entries, summed in their order from the bias on.

    Parameters
    ----------
    starts, columns
        (n + 1,), (nnz,): rows and places of entries, as in CSR.
    weight_low, weight_high
        (nnz,): enclosures of the entries; entries 0 are skipped, whatever they multiply.
    bias_low, bias_high
        (n,).
    low, high
        (inputs, m): enclosures of the arguments.

    Returns
    -------
    (n, m) each.
    """
    rows, count = len(starts) - 1, low.shape[1]
    below_all, above_all = np.empty((rows, count)), np.empty((rows, count))
    for row in range(rows):
        least, most = below_all[row], above_all[row]
        for t in range(count):
            least[t] = bias_low[row]
            most[t] = bias_high[row]
        for k in range(starts[row], starts[row + 1]):
            v, w = weight_low[k], weight_high[k]
            if v == 0.0 and w == 0.0:
                continue
            a, b = low[columns[k]], high[columns[k]]
            if v != w:
                for t in range(count):
                    c, d = multiply(v, w, a[t], b[t])
                    least[t] = add_down(least[t], c)
                    most[t] = add_up(most[t], d)
            elif w == 1.0:
                for t in range(count):
                    least[t] = add_down(least[t], a[t])
                    most[t] = add_up(most[t], b[t])
            elif w == -1.0:
                for t in range(count):
                    least[t] = add_down(least[t], -b[t])
                    most[t] = add_up(most[t], -a[t])
            elif w > 0.0:
                for t in range(count):
                    least[t] = add_down(least[t], multiply_down(w, a[t]))
                    most[t] = add_up(most[t], multiply_up(w, b[t]))
            else:
                for t in range(count):
                    least[t] = add_down(least[t], multiply_down(w, b[t]))
                    most[t] = add_up(most[t], multiply_up(w, a[t]))
    return below_all, above_all


@kernel
def pool(low: Array, high: Array) -> tuple[Array, Array]:
    """Enclose the products of the first half of the rows (n, m) with the second; an odd number is filled with 1."""
    rows, count = low.shape
    half = (rows + 1) // 2
    below_all, above_all = np.empty((half, count)), np.empty((half, count))
    for row in range(half):
        other = half + row
        for t in range(count):
            if other < rows:
                c, d = multiply(low[row, t], high[row, t], low[other, t], high[other, t])
                below_all[row, t] = c
                above_all[row, t] = d
            else:
                below_all[row, t] = low[row, t]
                above_all[row, t] = high[row, t]
    return below_all, above_all


@kernel
def _horner(a: float, b: float, degree: int, low: Array, high: Array) -> tuple[float, float]:
    """Enclose a polynomial on the bounded interval [a, b]; coefficients ascending."""
    c, d = low[degree], high[degree]
    for k in range(degree - 1, -1, -1):
        c, d = multiply(c, d, a, b)
        c, d = add_down(c, low[k]), add_up(d, high[k])
    return c, d


@kernel
def _at_end(x: float, degree: int, low: Array, high: Array) -> tuple[float, float]:
    """Enclose a polynomial at a float, or its limit at ±∞."""
    if degree == 0 or abs(x) < np.inf:
        return _horner(x, x, degree, low, high)
    rising = (high[degree] > 0.0) == (x > 0.0 or degree % 2 == 0)
    return (_LARGEST, np.inf) if rising else (-np.inf, -_LARGEST)


@kernel
def pieces(
    low: Array,
    high: Array,
    start: Array,
    end: Array,
    degree: Indices,
    monotone: NDArray[np.bool_],
    coefficient_low: Array,
    coefficient_high: Array,
) -> None:
    """Replace enclosures (m,) of arguments by enclosures of a piecewise polynomial's values.

    Parameters
    ----------
    start, end
        (s,): segment i holds on [start, end); together they cover the line.
    degree, monotone
        (s,): exact degree; whether the polynomial is monotone on the closed segment. If not, the segment is bounded.
    coefficient_low, coefficient_high
        (s, degrees): enclosures of the coefficients, ascending.
    """
    for t in range(len(low)):
        a, b = low[t], high[t]
        least, most = np.inf, -np.inf
        for i in range(len(start)):
            if b < start[i] or (a >= end[i] and end[i] < np.inf):
                continue
            left, right = max(a, start[i]), min(b, end[i])
            n, lower, upper = degree[i], coefficient_low[i], coefficient_high[i]
            if monotone[i]:
                c, d = _at_end(left, n, lower, upper)
                least, most = min(least, c), max(most, d)
                c, d = _at_end(right, n, lower, upper)
            else:
                c, d = _horner(left, right, n, lower, upper)
            least, most = min(least, c), max(most, d)
        low[t], high[t] = least, most
