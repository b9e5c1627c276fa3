"""Integrals of powers of a residual over the cells of a network of two variables, in rationals."""

from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Any

from flint import arb, fmpq

from ratelab._errors import UserError
from ratelab.exact._cells_of import Cells, Domain
from ratelab.exact._distance_numbers import Total, between, power
from ratelab.exact._distance_polynomials import (
    ONE,
    Corner,
    Polynomial2,
    bernstein,
    doubled_area,
    integral,
    linear_on,
    linear_power_integral,
    polynomial_on,
)
from ratelab.exact._planar import planar_cells
from ratelab.networks import Network, add, scale

Triangle = tuple[Corner, Corner, Corner]

_MOST_TRIANGLES = 20_000
_EXACT_STEPS = 200


def plane_total(f: Network, g: Network | Polynomial2, p: float, domain: Domain, tolerance: float) -> Total:
    """Return ∫ |f − g|^p, or for infinite p the maximum (of the square, for several outputs)."""
    even = p != inf and p == int(p) and int(p) % 2 == 0
    if f.outputs > 1 and not (even or p == inf):
        raise UserError(
            f"p is {p} for networks with {f.outputs} outputs; allowed: even numbers and inf, where the integrand "
            "is a polynomial"
        )
    if isinstance(g, Network):
        difference = add(f.rational(), scale(g.rational(), -1))
        return _linear_total(planar_cells(difference, domain, arithmetic="rational"), p)
    cells = planar_cells(f, domain, arithmetic="rational")
    if even:
        total = Total()
        for cell, triangle in _triangles(cells):
            square = sum((q * q for q in _residuals(cells, cell, triangle, g)), fmpq(0))
            total.add(integral(square ** (int(p) // 2), triangle))
        return total
    return _largest_polynomial(cells, g, tolerance) if p == inf else _odd_polynomial(cells, g, p, tolerance)


def _triangles(cells: Cells) -> list[tuple[int, Triangle]]:
    assert cells.polygons is not None
    result = []
    for index, polygon in enumerate(cells.polygons):
        corners: list[Corner] = [(x, y) for x, y in polygon]
        result += [(index, (corners[0], a, b)) for a, b in zip(corners[1:], corners[2:], strict=False)]
    return result


def _at(cells: Cells, cell: int, corner: Corner) -> list[fmpq]:
    x, y = corner
    return [a * x + b * y + c for (a, b), c in zip(cells.gradients[cell], cells.offsets[cell], strict=True)]


def _linear_total(cells: Cells, p: float) -> Total:
    """Sum over the cells of a residual that is affine on each."""
    outputs = cells.offsets.shape[1]
    total = Total()
    largest = fmpq(0)
    for cell, triangle in _triangles(cells):
        values = [_at(cells, cell, corner) for corner in triangle]
        if p == inf:
            for row in values:
                largest = max(largest, abs(row[0]) if outputs == 1 else sum((v * v for v in row), fmpq(0)))
        elif outputs == 1:
            if not any(row[0] for row in values):
                continue
            for part, signed in _definite(triangle, [row[0] for row in values], p):
                total.add(_power_integral(part, signed, p))
        else:
            parts = [linear_on([row[k] for row in values]) for k in range(outputs)]
            square = sum((q * q for q in parts), fmpq(0))
            total.add(integral(square ** (int(p) // 2), triangle))
    return Total(largest) if p == inf else total


def _definite(triangle: Triangle, values: list[fmpq], p: float) -> list[tuple[Triangle, list[fmpq]]]:
    """Cut a triangle along the zeros of an affine function; its moduli at the corners of the parts."""
    if (p == int(p) and int(p) % 2 == 0) or all(v >= 0 for v in values) or all(v <= 0 for v in values):
        return [(triangle, [abs(v) for v in values] if p % 2 else values)]
    signs = [(v > 0) - (v < 0) for v in values]
    # the corner whose sign no other one has, or the corner on the line if the other two differ
    lone = next((i for i in range(3) if signs.count(signs[i]) == 1 and signs[i]), 0)
    order = [lone, (lone + 1) % 3, (lone + 2) % 3]
    a, b, c = (triangle[i] for i in order)
    va, vb, vc = (values[i] for i in order)
    ab, ac = _crossing(a, b, va, vb), _crossing(a, c, va, vc)
    zero = fmpq(0)
    parts = [((a, ab, ac), [va, zero, zero]), ((ab, b, c), [zero, vb, vc]), ((ab, c, ac), [zero, vc, zero])]
    return [(part, [abs(v) for v in moduli]) for part, moduli in parts if doubled_area(part)]


def _crossing(a: Corner, b: Corner, va: fmpq, vb: fmpq) -> Corner:
    if not vb:
        return b
    t = va / (va - vb)
    return a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])


def _power_integral(triangle: Triangle, values: list[fmpq], p: float) -> fmpq | arb:
    """Integrate the p-th power of an affine function, not negative unless p is even, from its corner values.

    By Hermite and Genocchi it is 2·area times the second divided difference of x^(p+2)/((p+1)(p+2)).
    """
    if p == int(p):
        return linear_power_integral(values, int(p), triangle)
    exponent = fmpq(*p.as_integer_ratio())
    a, b, c = sorted(values)

    def primitive(x: fmpq, order: int) -> arb:
        return power(arb(x), exponent + 2 - order)

    def divided(x: fmpq, y: fmpq) -> arb:
        if x == y:
            return primitive(x, 1) * arb(exponent + 2)
        return (primitive(y, 0) - primitive(x, 0)) / arb(y - x)

    if a == c:
        second = primitive(a, 2) * arb((exponent + 1) * (exponent + 2) / 2)
    else:
        second = (divided(b, c) - divided(a, b)) / arb(c - a)
    return second * arb(doubled_area(triangle) / ((exponent + 1) * (exponent + 2)))


def _residuals(cells: Cells, cell: int, triangle: Triangle, g: Polynomial2) -> list[Any]:
    """Return f − g on a triangle in barycentric coordinates, of one degree ≥ 1 each."""
    values = [_at(cells, cell, corner) for corner in triangle]
    other = polynomial_on(g, triangle)
    if g.degree == 0:
        other *= ONE
    lift = ONE ** (max(g.degree, 1) - 1)
    return [linear_on([row[k] for row in values]) * lift - other for k in range(len(values[0]))]


def _halves(triangle: Triangle) -> list[Triangle]:
    """Cut a triangle in two through the middle of its longest edge."""

    def length(i: int) -> fmpq:
        (ax, ay), (bx, by) = triangle[i], triangle[(i + 1) % 3]
        return (ax - bx) ** 2 + (ay - by) ** 2

    i = max(range(3), key=length)
    a, b, c = triangle[i], triangle[(i + 1) % 3], triangle[(i + 2) % 3]
    middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
    return [(a, middle, c), (middle, b, c)]


def _odd_polynomial(cells: Cells, g: Polynomial2, p: float, tolerance: float) -> Total:
    """Integrate |r|^p for odd p: exactly where r has one sign; near its zeros between 0 and a bound."""
    degree = max(g.degree, 1)
    total, rough, order = Total(), fmpq(0), count()
    heap: list[tuple[fmpq, int, int, Triangle]] = []

    def place(cell: int, triangle: Triangle, exact: bool) -> None:
        nonlocal rough
        (residual,) = _residuals(cells, cell, triangle, g)
        ends = bernstein(residual, degree)
        if all(v >= 0 for v in ends) or all(v <= 0 for v in ends):
            found = abs(integral(residual ** int(p), triangle))
            total.add(found if exact else arb(found))
            return
        bound = doubled_area(triangle) / 2 * max(abs(v) for v in ends) ** int(p)
        rough += bound
        heappush(heap, (-bound, next(order), cell, triangle))

    for cell, triangle in _triangles(cells):
        place(cell, triangle, True)
    for step in range(_MOST_TRIANGLES):
        known = arb(total.exact) + (total.ball or arb(0))
        if not heap or arb(rough) <= arb(tolerance) * known:
            break
        bound, _, cell, triangle = heappop(heap)
        rough += bound
        for half in _halves(triangle):
            # a sum of many rationals grows, and is not the result once so many triangles remain
            place(cell, half, step < _EXACT_STEPS)
    if heap:
        total.add(between(arb(rough)))
    return total


def _largest_polynomial(cells: Cells, g: Polynomial2, tolerance: float) -> Total:
    """Enclose the largest modulus (or square of the norm) by corner values and Bernstein coefficients."""
    outputs = cells.offsets.shape[1]
    degree = max(g.degree, 1) * (1 if outputs == 1 else 2)
    least = fmpq(0)
    order = count()
    heap: list[tuple[fmpq, int, int, Triangle]] = []

    def place(cell: int, triangle: Triangle) -> None:
        nonlocal least
        parts = _residuals(cells, cell, triangle, g)
        size: Any = parts[0] if outputs == 1 else sum((q * q for q in parts), fmpq(0))
        corners = size.to_dict()
        for key in ((degree, 0, 0), (0, degree, 0), (0, 0, degree)):
            least = max(least, abs(corners.get(key, fmpq(0))))
        heappush(heap, (-max(abs(v) for v in bernstein(size, degree)), next(order), cell, triangle))

    for cell, triangle in _triangles(cells):
        place(cell, triangle)
    while -heap[0][0] > least * (1 + fmpq(*float(tolerance).as_integer_ratio())):
        if len(heap) >= _MOST_TRIANGLES:
            break
        _, _, cell, triangle = heappop(heap)
        for half in _halves(triangle):
            place(cell, half)
    most = -heap[0][0]
    return Total(least) if most == least else Total(fmpq(0), arb(least).union(arb(most)))
