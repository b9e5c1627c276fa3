"""Layer-wise networks: every prefix, read by an affine head, approximates at its own scale N^(−ℓ).

A universal part of ReLU neurons finds the number of a point's cell, level by level; two sines turn the number into the
cell's correction; a neuron sums the corrections. Only two numbers of each grade know the function.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks._decoder_code import working_precision
from ratelab.networks._layerwise_cells import CellValues
from ratelab.networks._layerwise_layers import assembled
from ratelab.networks._layerwise_points import Location, cells_of, checked_points, locate
from ratelab.networks._layerwise_values import BallEvaluator
from ratelab.networks._localisation import Localisation, layerwise_parameters
from ratelab.networks._network import Network
from ratelab.networks._numbers import fraction, rational

if TYPE_CHECKING:
    from ratelab.networks._grade_code import Decoder, GradeCode
    from ratelab.networks._layerwise_counts import ParameterBits

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class LayerwiseNetwork:
    """A network whose readouts Φ_0 … Φ_L of hidden layers 2 … L + 2 approximate cell averages of levels 0 … L.

    Make one with `layerwise_network`. It satisfies the width and depth of the paper, by our own construction. It counts
    real coefficients, not bits: `bits` tells those.

    Attributes
    ----------
    shape
        Dimension, base, ramps, and where each neuron is.
    constant
        Φ_0.
    shift
        C, what the accumulator starts with beside Φ_0, so that it never falls below 0.
    codes
        One per grade.
    decoder, accuracy
        How grades are coded, and how accurately relative to their scale.
    depth_max
        Number of grades that it may grow to; layers up to there do not depend on how many are there.
    tables
        Values on cells of Φ_0 … Φ_L.
    errors
        Bounds of |Φ_ℓ − given averages| over the cells of level ℓ.
    """

    shape: Localisation
    constant: fmpq
    shift: fmpq
    codes: "tuple[GradeCode, ...]"
    decoder: "Decoder"
    accuracy: float
    depth_max: int
    tables: tuple[CellValues, ...]
    errors: tuple[float, ...]

    def __repr__(self) -> str:
        """Return what it is, in a line."""
        return (
            f"LayerwiseNetwork(dimension={self.dimension}, base={self.base}, grades={self.grades} of {self.depth_max}, "
            f"width={self.width}, decoder='{self.decoder.name}', "
            f"ramp={self.ramp}, {max((c.bits for c in self.codes), default=0)} bits)"
        )

    def __deepcopy__(self, memo: Any) -> "LayerwiseNetwork":
        """Return itself: it never changes."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickle makes it from: what a file would hold, since balls cannot be pickled."""
        from ratelab.networks._layerwise_storage import from_dataset, to_dataset

        return from_dataset, (to_dataset(self),)

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return self.shape.dimension

    @property
    def base(self) -> int:
        """N: cells of level ℓ have side N^(−ℓ)."""
        return self.shape.base

    @property
    def width(self) -> int:
        """Neurons of each hidden layer: 2dN + d + 2."""
        return self.shape.width

    @property
    def grades(self) -> int:
        """Number of grades L; there are L + 2 hidden layers and readouts Φ_0 … Φ_L."""
        return len(self.codes)

    @property
    def ramp(self) -> Fraction:
        """Width δ of a step's ramp, in units of the cells' side."""
        return fraction(self.shape.ramp)

    @property
    def offset(self) -> Fraction:
        """C: the sum of all |u_g| and |Φ_0| does not exceed it, so no readout does, on ramps either."""
        return fraction(self.shift)

    @property
    def mean(self) -> Fraction:
        """Φ_0."""
        return fraction(self.constant)

    @property
    def sines(self) -> bool:
        """Whether all grades are decoded by two sines, so that there are weight matrices."""
        return all(code.sines for code in self.codes)

    @cached_property
    def network(self) -> Network:
        """The weight matrices: rational, sines and ReLU, heads Φ_0 … Φ_L as readouts, Φ_L as output.

        Raises
        ------
        UserError
            If the decoder is no pair of sines.
        """
        if not self.sines:
            raise UserError(
                f"decoder '{self.decoder.name}' is no pair of sines, so there are no weight matrices; "
                "call the network instead"
            )
        return assembled(
            self.shape,
            levels=self.depth_max,
            inner=[self.inner(grade) for grade in range(1, self.depth_max + 1)],
            codes=self.codes,
            mean=self.constant,
            shift=self.shift,
        )

    def inner(self, grade: int) -> fmpq:
        """Return w of a grade up to `depth_max`: it depends on the number of cells and the accuracy only."""
        return self.decoder.inner(self.shape.cells(grade), self.accuracy)

    def level(self, level: int) -> int:
        """Return a level that the network has, or raise UserError."""
        if (
            isinstance(level, bool)
            or not isinstance(level, int | np.integer)
            or not 0 <= level <= self.grades
        ):
            raise UserError(f"level is {level!r}; allowed: 0 to {self.grades}, the grades of this network")
        return int(level)

    def cell_values(self, level: int) -> Array:
        """Return Φ_level on the cells of its level as float64, shape (N^level,)*d, indexed by coordinate."""
        side = (self.base ** self.level(level),) * self.dimension
        return self.tables[level].floats.reshape(side, order="F")

    def cell_balls(self, level: int) -> NDArray[np.object_]:
        """Return balls that contain Φ_level on its cells, shape (N^level,)*d, indexed by coordinate."""
        side = (self.base ** self.level(level),) * self.dimension
        found = np.empty(len(self.tables[level].values), dtype=object)
        found[:] = self.tables[level].balls()
        return found.reshape(side, order="F")

    def decoder_error(self, level: int) -> float:
        """Return a proved bound of |Φ_level − given average| over all cells of that level."""
        return self.errors[self.level(level)]

    def append(self, averages: Any) -> "LayerwiseNetwork":
        """Return the network with one more grade, from the averages of the next level, shape (N^(L+1),)*d.

        Layers 1 … L + 2 and heads Φ_0 … Φ_L stay as they are.

        Raises
        ------
        UserError
            If the network already has all grades it was planned for, or the grade's scale exceeds the offset.
        """
        from ratelab.networks._layerwise_build import appended

        return appended(self, averages)

    def prefix(self, level: int) -> "LayerwiseNetwork":
        """Return the network of the first grades: layers 1 … level + 2, heads up to `level`, nothing changed."""
        kept = self.level(level)
        return replace(
            self, codes=self.codes[:kept], tables=self.tables[: kept + 1], errors=self.errors[: kept + 1]
        )

    def prefix_hash(self, level: int) -> str:
        """Return the SHA-256 of layers 1 … level + 2 and head `level`: exact weights, biases and activations.

        Without weight matrices, of what determines the readout: base, ramps, offset and the values on cells.
        """
        from ratelab.networks._layerwise_counts import prefix_hash

        return prefix_hash(self, self.level(level))

    def bits(self) -> "tuple[ParameterBits, ...]":
        """Return how many bits each kind of parameter takes, layer by layer."""
        from ratelab.networks._layerwise_counts import parameter_bits

        return parameter_bits(self)

    def parameters(self, level: int, *, head: bool = True) -> int:
        """Return the number of dense real parameters of layers 1 … level + 2, and of the head unless it is left out."""
        hidden = layerwise_parameters(self.dimension, self.base, self.level(level))
        return hidden + (self.width + 1 if head else 0)

    def nonzero_parameters(self, level: int, *, head: bool = True) -> int:
        """Return how many of these weights and biases are not zero."""
        network = self.network
        parts: list[Any] = [
            *network.layers[: self.level(level) + 2],
            *([network.readouts[level]] if head else []),
        ]
        return sum(bool(v) for part in parts for v in (*part.weight.flat, *part.bias.flat))

    def values(self, points: Any, level: int | None = None) -> NDArray[np.object_]:
        """Return readouts in balls, from the full weight matrices; from the codes if there are none.

        Parameters
        ----------
        points
            (m, d) rationals or floats in [0, 1], taken exactly.
        level
            Which readout; None means all.

        Returns
        -------
        ndarray
            (m,) or (m, L + 1) of ``arb``, each of radius at most 2^-64 · max(1, C).

        Raises
        ------
        UserError
            If a point is outside the unit cube or a value is not known that well.
        """
        levels = list(range(self.grades + 1)) if level is None else [self.level(level)]
        exact = self._exact_points(points)
        if self.sines:
            found = self._balls(exact, levels)
        else:
            found = np.empty((len(exact), len(levels)), dtype=object)
            for row, point in enumerate(exact):
                readouts = self._readouts(point, max(levels))
                found[row] = [readouts[k] for k in levels]
        return found if level is None else found[:, 0]

    def __call__(self, points: Any) -> Array:
        """Return all readouts (m, L + 1) in float64, at float64 points (m, d) of the unit cube.

        Points are taken exactly: their cells are found without rounding, however narrow the ramps, and on ramps the
        codes are evaluated in balls. So what comes back is the network's value to float64 accuracy.

        Raises
        ------
        UserError
            If a point is outside the unit cube.
        """
        x = checked_points(points, self.dimension)
        cells = cells_of(self.shape, x, self.grades)
        result = np.empty((len(x), self.grades + 1))
        result[:, 0] = self.tables[0].floats[0]
        for level in range(1, self.grades + 1):
            safe = (cells.ramp == 0) | (level < cells.ramp)
            result[safe, level] = self.tables[level].floats[cells.numbers[safe, level - 1]]
        for row in np.flatnonzero(cells.ramp):
            first = int(cells.ramp[row])
            readouts = self._readouts([rational(float(v)) for v in x[row]], self.grades)
            result[row, first:] = [float(v.mid()) for v in readouts[first:]]
        return result

    def locate(self, points: Any) -> Location:
        """Return the cell numbers κ (m, L), digits (m, L, d) and ramps (m, L) that the ReLU part finds in float64.

        Raises
        ------
        UserError
            If float64 does not resolve the ramps at level L, or a point is outside the unit cube.
        """
        return locate(self.shape, checked_points(points, self.dimension), self.grades)

    def inside_ramps(self, points: Any, level: int | None = None) -> NDArray[np.bool_]:
        """Return which points (m,) lie on ramps of levels up to `level`, exactly; None means all levels."""
        upto = self.grades if level is None else self.level(level)
        given = np.asarray(points)
        if given.dtype.kind in "fiu":
            return cells_of(self.shape, checked_points(given, self.dimension), upto).ramp > 0
        return np.array(
            [self.shape.ramp_level(p, upto) > 0 for p in self._exact_points(points)], dtype=np.bool_
        )

    def save(self, path: str | Path) -> None:
        """Write to NetCDF, all numbers exactly."""
        from ratelab.networks._layerwise_storage import save

        save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> "LayerwiseNetwork":
        """Read what `save` wrote.

        Raises
        ------
        UserError
            If the file cannot be read or holds no layer-wise network.
        """
        from ratelab.networks._layerwise_storage import load

        return load(Path(path))

    @cached_property
    def _balls(self) -> BallEvaluator:
        network = self.network
        return BallEvaluator(network.layers[:-1], network.readouts, self.codes, self.shift)

    def _exact_points(self, points: Any) -> list[tuple[fmpq, ...]]:
        given = np.asarray(points, dtype=object)
        if given.ndim != 2 or given.shape[1] != self.dimension:
            raise UserError(f"points must have shape (m, {self.dimension}); found {given.shape}")
        exact = [tuple(rational(v) for v in row) for row in given]
        for row in exact:
            for v in row:
                if not 0 <= v <= 1:
                    raise UserError(
                        f"{v} is a coordinate outside [0, 1]; the network is built for the unit cube"
                    )
        return exact

    def _readouts(self, point: Sequence[fmpq], upto: int) -> list[arb]:
        """Return Φ_0 … Φ_upto from exact cell numbers and codes."""
        with working_precision(256):
            found = [arb(self.constant)]
            for level, corner in enumerate(self.shape.corners(point, upto), start=1):
                code = self.codes[level - 1]
                part = code.at(self.shape.position(corner, level)) if code.scale else arb(0)
                found.append(found[-1] + part)
            return found
