"""Finding a point's cell with ReLU: the neurons of each layer, and what they compute in rational arithmetic.

Level t splits [0, 1]^d into N^(td) cubes. From a point and the corner of its cell of level t − 1, pairs of steps read
the next digit of each coordinate, base N; the corner grows by digit · N^(−t). A step rises on a ramp of width δ, in
units of the cells' side, below its place: outside ramps digits are whole numbers, inside one they are not. Nothing here
depends on the function that is approximated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

_ZERO, _ONE = fmpq(0), fmpq(1)

Point = tuple[fmpq, ...]


def layerwise_width(dimension: int, base: int) -> int:
    """Return the neurons of each hidden layer: 2dN + d + 2."""
    return 2 * dimension * base + dimension + 2


def layerwise_parameters(dimension: int, base: int, level: int) -> int:
    """Return the dense real coefficients of layers 1 … level + 2: (d + 1)W + (level + 1)W(W + 1)."""
    width = layerwise_width(dimension, base)
    return (dimension + 1) * width + (level + 1) * width * (width + 1)


@dataclass(frozen=True)
class Localisation:
    """Width, places of neurons and ramps of the layers that find cells.

    The neurons of a layer, in order: d that carry the point, d that carry the corner, d · (N − 1) pairs of steps, one
    that sums corrections, d − 1 idle ones, and two sines: 2dN + d + 2 in all.

    Parameters
    ----------
    dimension, base
        d ≥ 1 and N ≥ 2.
    ramp
        δ, 0 < δ ≤ 1/2, in units of a cell's side.
    """

    dimension: int
    base: int
    ramp: fmpq

    @property
    def width(self) -> int:
        """Neurons of each hidden layer: 2dN + d + 2."""
        return layerwise_width(self.dimension, self.base)

    def point(self, i: int) -> int:
        """Return the place of the neuron that carries coordinate i (from 0)."""
        return i

    def corner(self, i: int) -> int:
        """Return the place of the neuron that carries coordinate i of the corner."""
        return self.dimension + i

    def steps(self, i: int, k: int) -> tuple[int, int]:
        """Return the places of the pair whose difference is step k = 1 … N − 1 of coordinate i."""
        first = 2 * self.dimension + 2 * (i * (self.base - 1) + k - 1)
        return first, first + 1

    @property
    def accumulator(self) -> int:
        """Place of the neuron that sums corrections."""
        return 2 * self.dimension * self.base

    @property
    def sines(self) -> tuple[int, int]:
        """Places of the sine that reads a cell's number, and of the one that reads the first of the layer before."""
        return self.width - 2, self.width - 1

    def cells(self, level: int) -> int:
        """Return the number of cells of a level: N^(d · level)."""
        return int(self.base ** (self.dimension * level))

    def places(self, level: int) -> list[int]:
        """Return what a unit step in each coordinate, in cells, adds to a cell's number: N^(level · i)."""
        return [self.base ** (level * i) for i in range(self.dimension)]

    def step(self, offset: fmpq, k: int) -> fmpq:
        """Return the value of step k at offset q = N^t (x − c), in [0, N]: 0 up to k − δ, 1 from k on."""
        return min(max((offset - k + self.ramp) / self.ramp, _ZERO), _ONE)

    def digit(self, offset: fmpq) -> fmpq:
        """Return the sum of all steps at offset q: ⌊q⌋ outside ramps, N − 1 at q = N."""
        whole = int(offset.floor())
        if whole >= self.base - 1:
            return fmpq(self.base - 1)
        return whole + self.step(offset, whole + 1)

    def corners(self, point: Sequence[fmpq], levels: int) -> list[Point]:
        """Return the corners after levels 1 … `levels`, exactly as the network computes them."""
        corner = [_ZERO] * self.dimension
        found = []
        for level in range(1, levels + 1):
            scale = self.base**level
            corner = [c + self.digit(scale * (x - c)) / scale for x, c in zip(point, corner, strict=True)]
            found.append(tuple(corner))
        return found

    def position(self, corner: Sequence[fmpq], level: int) -> fmpq:
        """Return the cell number 1 + Σ_i N^(level·(i−1)) · N^level · c_i; a whole number outside ramps."""
        scale = self.base**level
        return 1 + sum((m * scale * c for m, c in zip(self.places(level), corner, strict=True)), _ZERO)

    def ramp_level(self, point: Sequence[fmpq], levels: int) -> int:
        """Return the first level up to `levels` on whose ramps the point lies, 0 if there is none."""
        for level, corner in enumerate(self.corners(point, levels), start=1):
            scale = self.base**level
            if any((scale * c).q != 1 for c in corner):
                return level
        return 0

    def local(self, point: Sequence[fmpq], corner: Sequence[fmpq], level: int) -> Point:
        """Return the point's coordinates within its cell, N^level (x − c): in [0, 1), and 1 at x = 1."""
        scale = self.base**level
        return tuple(scale * (x - c) for x, c in zip(point, corner, strict=True))
