"""Linear programmes with few variables in exact rationals, and exact proofs that need none.

A polyhedron is given by rows (a, b), a·x + b ≥ 0. For proofs, rows and points are tuples of integers up to a positive
factor; a point ends with its common denominator, so the sign of a row at a point is that of one integer product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from sys import float_info
from typing import Any

from flint import fmpq, fmpq_mat

from ratelab._errors import UserError
from ratelab.exact._integers import Integers, dot
from ratelab.networks import rational

_ZERO, _ONE = fmpq(0), fmpq(1)


@dataclass(frozen=True)
class Optimum:
    """The exact end of a linear programme.

    Parameters
    ----------
    value
        The minimum, or None if there is none.
    point
        Where it is attained; without minimum, the foot of a ray.
    direction
        The ray in the polyhedron along which the objective falls for ever, or None.
    multipliers
        {row: λ > 0} with g = Σ λ_i a_i and value = h - Σ λ_i b_i, the proof of the minimum; empty without one.
    """

    value: fmpq | None
    point: tuple[fmpq, ...]
    direction: tuple[fmpq, ...] | None
    multipliers: dict[int, fmpq]


def minimise(rows: Sequence[Sequence[Any]], objective: Sequence[Any], start: Sequence[Any]) -> Optimum:
    """Minimise g·x + h over {x : a_i·x + b_i ≥ 0} exactly, from a point in that set (Bland's rule: it ends).

    Parameters
    ----------
    rows
        m rows of d + 1 exact numbers (a, b).
    objective
        d + 1 numbers (g, h).
    start
        d numbers.

    Raises
    ------
    UserError
        If the start violates a row.
    """
    x = [rational(v) for v in start]
    d, m = len(x), len(rows)
    tableau = [[rational(v) for v in row] for row in (*rows, objective)]
    for line in tableau:
        line[d] += sum((a * v for a, v in zip(line, x, strict=False)), _ZERO)
    if any(line[d] < 0 for line in tableau[:m]):
        raise UserError("a linear programme must start at a point that satisfies its inequalities")
    tableau += [[_ONE if i == j else _ZERO for j in range(d)] + [x[i]] for i in range(d)]
    basis = [-1] * d
    while True:
        cost = tableau[m]
        entering = _entering(cost, basis)
        if entering is None:
            multipliers = {k: cost[j] for j, k in enumerate(basis) if k >= 0 and cost[j] > 0}
            return Optimum(cost[d], tuple(line[d] for line in tableau[m + 1 :]), None, multipliers)
        down = cost[entering] > 0
        leaving = _leaving(tableau, m, entering, down)
        if leaving is None:
            ray = tuple(-line[entering] if down else line[entering] for line in tableau[m + 1 :])
            return Optimum(None, tuple(line[d] for line in tableau[m + 1 :]), ray, {})
        _pivot(tableau, leaving, entering)
        basis[entering] = leaving


def _entering(cost: list[fmpq], basis: list[int]) -> int | None:
    """Free variables first, since they never come back; then the negative cost of the first row."""
    best = None
    for j, label in enumerate(basis):
        if label < 0 and cost[j] != 0:
            return j
        if label >= 0 and cost[j] < 0 and (best is None or label < basis[best]):
            best = j
    return best


def _leaving(tableau: list[list[fmpq]], m: int, entering: int, down: bool) -> int | None:
    best, least = None, _ZERO
    for i in range(m):
        slope = -tableau[i][entering] if down else tableau[i][entering]
        if slope < 0:
            ratio = tableau[i][-1] / -slope
            if best is None or ratio < least:
                best, least = i, ratio
    return best


def _pivot(tableau: list[list[fmpq]], leaving: int, entering: int) -> None:
    row = tableau[leaving]
    factor = _ONE / row[entering]
    scaled = [-v * factor for v in row]
    for index, line in enumerate(tableau):
        if index == leaving:
            continue
        head = line[entering]
        if head:
            for j, v in enumerate(scaled):
                if j != entering and v:
                    line[j] += head * v
            line[entering] = head * factor
    tableau[leaving] = [_ONE if j == entering else _ZERO for j in range(len(row))]


def interior_point(rows: Sequence[Sequence[Any]], dimension: int) -> tuple[fmpq, ...] | None:
    """Return a point with a_i·x + b_i > 0 for all rows, or None if there is none.

    The largest margin t ≤ 1 with a_i·x + b_i ≥ t is found exactly.
    """
    least = min((rational(row[dimension]) for row in rows), default=_ONE)
    start = [_ZERO] * dimension + [min(least, _ONE)]
    lifted = [[*row[:dimension], -1, row[dimension]] for row in rows]
    lifted.append([0] * dimension + [-1, 1])
    best = minimise(lifted, [0] * dimension + [-1, 0], start)
    return best.point[:dimension] if best.point[dimension] > 0 else None


def homogeneous(point: Sequence[Any]) -> Integers:
    """Return a point of floats or rationals as integers, the last one its positive denominator."""
    ratios = [
        v.as_integer_ratio() if isinstance(v, float) else (int(rational(v).p), int(rational(v).q))
        for v in point
    ]
    common = lcm(*(q for _, q in ratios))
    return (*(p * (common // q) for p, q in ratios), common)


def nearest(point: Integers) -> list[float]:
    """Return a point of integers in float64, coordinates beyond its range as the largest number."""
    result = []
    for p in point[:-1]:
        try:
            result.append(p / point[-1])
        except OverflowError:
            result.append(float_info.max if p > 0 else -float_info.max)
    return result


def sign(row: Integers, point: Integers) -> int:
    """Return the sign of a row at a point."""
    value = dot(row, point)
    return (value > 0) - (value < 0)


def proves(basis: Sequence[Integers], target: Integers) -> bool:
    """Return whether these rows prove target ≥ 0: whether g = Σ λ_i a_i, λ ≥ 0, and h ≥ Σ λ_i b_i."""
    d, k = len(target) - 1, len(basis)
    if not k:
        return not any(target[:d]) and target[d] >= 0
    normals = fmpq_mat(k, d, [v for row in basis for v in row[:d]])
    goal = fmpq_mat(d, 1, list(target[:d]))
    try:
        if k == d:
            multipliers = normals.transpose().solve(goal).entries()
        else:
            multipliers = (normals * normals.transpose()).solve(normals * goal).entries()
            if normals.transpose() * fmpq_mat(k, 1, multipliers) != goal:
                return False
    except ZeroDivisionError:
        return False
    if any(v < 0 for v in multipliers):
        return False
    reached = sum((v * row[d] for v, row in zip(multipliers, basis, strict=True)), _ZERO)
    return bool(reached <= target[d])


def times(row: Integers, factor: int) -> Integers:
    """Return a multiple of a row."""
    return tuple(factor * v for v in row)


def beyond(bounds: list[Integers], row: Integers, inner: Integers) -> Integers | None:
    """Return a point inside a polyhedron where a row is negative, from one inside it; None if there is none."""
    start = [fmpq(p, inner[-1]) for p in inner[:-1]]
    best = minimise(bounds, row, start)
    end = list(best.point)
    before = sum((a * x for a, x in zip(row, start, strict=False)), fmpq(row[-1]))
    after = sum((a * x for a, x in zip(row, end, strict=False)), fmpq(row[-1]))
    if best.direction is not None:
        fall = -sum((a * v for a, v in zip(row, best.direction, strict=False)), _ZERO)
        far = (max(after, _ZERO) + abs(before) + 1) / fall
        end = [x + far * v for x, v in zip(end, best.direction, strict=True)]
        after -= far * fall
    if after >= 0:
        return None
    # before the middle between the hyperplane and the end, inside since the start is
    share = (1 + (before / (before - after) if before > 0 else _ZERO)) / 2
    return homogeneous([x + share * (y - x) for x, y in zip(start, end, strict=True)])
