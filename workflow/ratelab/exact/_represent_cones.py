"""Polyhedral cones over the integers by double description: inequalities in, lines and extreme rays out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ratelab.exact._integers import Integers, dot, primitive

Valued = tuple[Integers, int, int]


@dataclass(frozen=True)
class Cone:
    """The vectors v with n·v ≥ 0 for the normals n of `cut`, in order: lines plus combinations of rays.

    Parameters
    ----------
    lines
        A basis of the largest subspace in the cone.
    rays
        Extreme rays modulo the lines; each with the bit set of normals that vanish on it.
    normals
        How many normals there are.
    """

    lines: tuple[Integers, ...]
    rays: tuple[tuple[Integers, int], ...] = ()
    normals: int = 0

    @classmethod
    def whole(cls, dimension: int) -> "Cone":
        """Return the whole space."""
        return cls(tuple(tuple(int(i == j) for j in range(dimension)) for i in range(dimension)))

    def sides(self, normal: Sequence[int]) -> tuple[bool, bool]:
        """Return whether n·v takes positive and negative values on the cone."""
        if any(dot(normal, line) for line in self.lines):
            return True, True
        values = [dot(normal, ray) for ray, _ in self.rays]
        return any(v > 0 for v in values), any(v < 0 for v in values)

    def cut(self, normal: Sequence[int]) -> "Cone":
        """Return the part with n·v ≥ 0."""
        bit = 1 << self.normals
        for place, line in enumerate(self.lines):
            if value := dot(normal, line):
                if value < 0:
                    line, value = tuple(-v for v in line), -value
                others = self.lines[:place] + self.lines[place + 1 :]
                lines = tuple(_eliminated(other, line, normal, value) for other in others)
                # earlier normals vanish on lines, so a ray keeps its bits when a line is added to it
                rays = tuple((_eliminated(ray, line, normal, value), bits | bit) for ray, bits in self.rays)
                return Cone(lines, (*rays, (primitive(line), bit - 1)), self.normals + 1)
        valued = [(ray, bits, dot(normal, ray)) for ray, bits in self.rays]
        kept = [(ray, bits if v else bits | bit) for ray, bits, v in valued if v >= 0]
        above = [entry for entry in valued if entry[2] > 0]
        below = [entry for entry in valued if entry[2] < 0]
        if not below:
            return Cone(self.lines, tuple(kept), self.normals + 1)
        for (first, first_bits, up), (second, second_bits, down) in self._adjacent(above, below):
            ray = primitive(up * b - down * a for a, b in zip(first, second, strict=True))
            kept.append((ray, (first_bits & second_bits) | bit))
        return Cone(self.lines, tuple(kept), self.normals + 1)

    def _adjacent(self, above: list[Valued], below: list[Valued]) -> Iterator[tuple[Valued, Valued]]:
        """Yield the pairs of rays that span a face of dimension 2."""
        dimension = len(above[0][0]) - len(self.lines) if above else 0
        # a ray on exactly dimension - 1 normals leaves each of them along one such face
        edges = {
            edge: ray for ray in below if ray[1].bit_count() == dimension - 1 for edge in _without_one(ray[1])
        }
        masks = [bits for _, bits in self.rays]
        involved = [ray for ray in below if ray[1].bit_count() != dimension - 1]
        for first in above:
            simple = first[1].bit_count() == dimension - 1
            if simple:
                for edge in _without_one(first[1]):
                    if edge in edges:
                        yield first, edges[edge]
            for second in involved if simple else below:
                common = first[1] & second[1]
                # adjacent if and only if no third ray lies in their smallest face
                if common.bit_count() >= dimension - 2 and sum(common & ~m == 0 for m in masks) == 2:
                    yield first, second


def _without_one(bits: int) -> Iterator[int]:
    """Yield a bit set without each of its members."""
    rest = bits
    while rest:
        lowest = rest & -rest
        yield bits ^ lowest
        rest ^= lowest


def _eliminated(vector: Integers, line: Integers, normal: Sequence[int], value: int) -> Integers:
    """Move a vector along a line onto n·v = 0; value = n·line is positive."""
    height = dot(normal, vector)
    return primitive(value * v - height * w for v, w in zip(vector, line, strict=True))
