"""Two sines that float64 can evaluate: w = 1 and a v of few bits, for a handful of cells and a coarse accuracy.

Where the sine is correct to one unit in the last place, np.sin(v * np.sin(k)) differs from sin(v · sin k) by at
most (|v| + 1) · 2^-52: two relative roundings of 2^-53 in the argument, one or two in the sine, and one of the
scale. K phases met up to η take a v near η^(1−K), so the two errors balance near |v| = 2^(52(K−1)/K), where
both are of the order 2^(−52/K). Lattices of several sizes around that point are searched: each of the 2^K
choices of θ_k or ½ − θ_k, which have the same sine, gives a near point, and its neighbours are looked at too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf, nextafter, pi
from typing import ClassVar

import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks._decoder_code import (
    SineCode,
    checked_cells,
    checked_values,
    farthest,
    scale_above,
    verified,
)
from ratelab.networks._decoder_lattice import Lattice, reduced_lattice, unit_phases
from ratelab.networks._numbers import rational
from ratelab.networks._sine_decoder import accuracy_bits

Array = NDArray[np.float64]

_CHOICES = 12
"""2^12 choices of phases at most."""
_KEPT = 256
"""Points of a lattice whose neighbours are looked at."""
_VERIFIED = 4
"""Candidates of a lattice that are verified in balls."""


class FloatDecoder:
    """Two sines with w = 1 and a float64 number v, such that float64 arithmetic decodes the values.

    `tolerance` covers the rounding of np.sin(v * np.sin(k)), for a sine correct to one unit in the last place. The best
    accuracy is about 2^(−52/K) or coarser.
    """

    name: ClassVar[str] = "float64"
    most_cells: ClassVar[int] = 16

    def inner(self, cells: int, accuracy: float) -> fmpq:
        """Return 1."""
        checked_cells(cells, accuracy, self.name, self.most_cells)
        return fmpq(1)

    def encode(self, values: Sequence[fmpq], accuracy: float) -> SineCode:
        """Return u and v that decode the values in float64 up to accuracy · max |r|.

        Raises
        ------
        UserError
            If there is no cell or too many, the accuracy lies outside (0, 1), or float64 does not reach it.
        """
        given = checked_values(values, accuracy, self.name, self.most_cells)
        most = rational(accuracy) * max(abs(value) for value in given)
        code = _search(given, most)
        if not code.within(most):
            reached = code.tolerance / float(max(abs(unit_phases(given, fmpq(1)))))
            bits = len(given) * (accuracy_bits(accuracy) + 2)
            raise UserError(
                f"the decoder 'float64' reaches accuracy {reached:.1e} for these {len(given)} cells, not "
                f"{accuracy:.1e}, which takes a v of about {bits:,} bits: the decoder 'closed-form' has it"
            )
        return code

    def best(self, values: Sequence[fmpq]) -> SineCode:
        """Return the most accurate code that was found, whatever its accuracy.

        Raises
        ------
        UserError
            If there is no cell or too many.
        """
        return _search(checked_values(values, 0.5, self.name, self.most_cells), fmpq(0))


def _search(values: Sequence[fmpq], enough: fmpq) -> SineCode:
    """Return the first code with a tolerance of at most `enough`, or the best one."""
    scale, cells = scale_above(values), len(values)
    if not scale:
        return SineCode(cells, fmpq(0), fmpq(1), fmpq(0), 0.0, 53)
    wanted = unit_phases(values, scale)
    best: SineCode | None = None
    for outer in _outers(wanted):
        code = _measured(values, scale, outer)
        if best is None or code.tolerance < best.tolerance:
            best = code
            if code.within(enough):
                break
    assert best is not None
    return best


def _measured(values: Sequence[fmpq], scale: fmpq, outer: float) -> SineCode:
    """Return a code whose tolerance covers its rounding, and what this machine computes."""
    code = verified(values, scale, fmpq(1), rational(outer), 53)
    size = int(scale.p) / int(scale.q)
    floats = size * np.sin(outer * np.sin(np.arange(1.0, code.cells + 1)))
    rounding = size * ((abs(outer) + 1) * 2.0**-52 * (1 + 2.0**-40))
    tolerance = max(code.tolerance + rounding, farthest([arb(x) for x in floats.tolist()], values))
    return replace(code, tolerance=nextafter(tolerance, inf))


def _outers(wanted: Array) -> Iterator[float]:
    """Yield promising v for values in [−1, 1], from short ones to long ones."""
    cells = len(wanted)
    if cells == 1:
        yield float(np.arcsin(wanted[0]) / np.sin(1.0))
        return
    balanced = round(52 * (cells - 1) / cells)
    for size in range(max(balanced - 9, 4), balanced + 4):
        accuracy = (size - 2) / (cells - 1)
        fraction = round(accuracy) - 2
        lattice = reduced_lattice(cells, round(accuracy * (cells + 1)), fraction)
        yield from _near_points(lattice, fraction, wanted)


def _near_points(lattice: Lattice, fraction: int, wanted: Array) -> list[float]:
    """Return the v = 2^-fraction · m of a lattice that seem best in float64."""
    unit, multipliers = 2.0**-fraction, np.array(lattice.multipliers, dtype=np.int64)
    phases = np.arcsin(wanted) / (2 * pi)
    choices = _choices(len(wanted))
    targets = np.where(choices, 0.5 - phases, phases) * 2.0**lattice.bits
    shifts = np.array([-1.0, 0.0, 1.0])
    points = np.concatenate([np.insert(targets, 0, shift, axis=1) for shift in shifts])
    # sums may pass through numbers beyond int64, which wrap around and come back
    found = lattice.combinations(points).astype(np.int64) @ multipliers
    outers: Array = found.astype(np.float64) * unit
    found = found[np.argsort(_errors(outers, wanted))[:_KEPT]]
    steps = np.concatenate([[0], multipliers, -multipliers])
    found = np.unique(found[:, None] + steps)
    outers = found.astype(np.float64) * unit
    return outers[np.argsort(_errors(outers, wanted))[:_VERIFIED]].tolist()  # type: ignore[no-any-return]


def _choices(cells: int) -> NDArray[np.bool_]:
    """Return all choices of K binary numbers, or 4,096 of them at random."""
    if cells <= _CHOICES:
        return (np.arange(2**cells)[:, None] >> np.arange(cells) & 1).astype(bool)
    return np.random.default_rng(0).integers(0, 2, (2**_CHOICES, cells)).astype(bool)


def _errors(outers: Array, wanted: Array) -> Array:
    """Return the largest error over all cells with the bound of its rounding, shape of `outers`."""
    worst = np.abs(outers) * 2.0**-52
    error = np.zeros_like(worst)
    for k, value in enumerate(wanted.tolist(), 1):
        np.maximum(error, np.abs(np.sin(outers * np.sin(k)) - value), out=error)
    return np.asarray(worst + error)
