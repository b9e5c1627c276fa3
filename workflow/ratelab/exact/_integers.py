"""Integer vectors on the rays of rational ones: hyperplanes and points of exact polyhedra."""

from collections.abc import Iterable, Sequence
from math import gcd, lcm
from typing import TypeAlias

from flint import fmpq

Integers: TypeAlias = tuple[int, ...]


def primitive(vector: Iterable[int]) -> Integers:
    """Return an integer vector divided by the greatest common divisor of its entries."""
    entries = tuple(vector)
    divisor = gcd(*entries)
    return tuple(v // divisor for v in entries) if divisor > 1 else entries


def integers(row: Sequence[fmpq]) -> Integers:
    """Return the primitive integer vector on the ray of a rational vector."""
    common = lcm(*(int(v.q) for v in row))
    return primitive(int(v.p) * (common // int(v.q)) for v in row)


def dot(left: Sequence[int], right: Sequence[int]) -> int:
    """Return the inner product."""
    return sum(a * b for a, b in zip(left, right, strict=True))
