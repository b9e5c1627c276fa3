"""Averages of a target on all levels of cells, coarsened from one fine grid, and lower ends of its modulus."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact import cell_averages, largest_grid
from ratelab.registry import Target
from ratelab.spaces._layerwise_moduli import coarsened, modulus_of_averages, refined

Array = NDArray[np.float64]

# finest cells an axis, for the modulus: at least so many, and as many to the finest level's cell
_LEAST = {1: 4096, 2: 96, 3: 24}
_TO_THE_CELL = {1: 4, 2: 4, 3: 2}
_MOST = {1: 1 << 18, 2: 256, 3: 48}
_SMALLEST, _LARGEST = 2.0**-900, 2.0**900


@dataclass(frozen=True, eq=False)
class CellLevels:
    """Averages A_0 f … A_L f, which agree with each other to rounding.

    Parameters
    ----------
    averages
        For ℓ = 0 … L the averages over cubes of side N^(−ℓ), shape (N^ℓ,)*d.
    fine
        Averages on the finer grid from which the modulus is bounded; the last of `averages` if there is none.
    radius
        No average is farther than this from the truth.
    certainty
        Of that radius: ``rigorous`` or ``numerical``.
    """

    averages: tuple[Array, ...]
    fine: Array
    radius: float
    certainty: str
    _moduli: dict[tuple[int, float], float] = field(default_factory=dict, repr=False)

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return self.fine.ndim

    @cached_property
    def constant(self) -> bool:
        """Whether all fine averages are one number, to their radius and rounding."""
        spread = float(self.fine.max() - self.fine.min())
        return spread <= 2 * self.radius + 2.0**-48 * float(np.abs(self.fine).max())

    def up_to(self, level: int) -> "CellLevels":
        """Return the same without the levels beyond one."""
        return replace(self, averages=self.averages[: level + 1])

    def changes(self) -> list[float]:
        """Return max |A_g f − A_(g−1) f| for g = 1 … L."""
        return [
            float(np.abs(after - refined(before, after.shape[0] // before.shape[0])).max())
            for before, after in zip(self.averages, self.averages[1:], strict=False)
        ]

    def modulus(self, level: int, p: float) -> float:
        """Return a lower end of ω_f(N^(−ℓ))_p; 0 for a constant."""
        if (level, p) not in self._moduli:
            t = 1 / self.averages[level].shape[0]
            self._moduli[level, p] = (
                0.0 if self.constant else modulus_of_averages(self.fine, t, p, self.radius)
            )
        return self._moduli[level, p]


def cell_levels(target: Target, base: int, grades: int) -> CellLevels:
    """Average a target over a fine grid once, and coarsen.

    Raises
    ------
    UserError
        If the target does not live on the unit cube or is not integrable, a number is out of range, or the averages are
        near the ends of float64's range.
    """
    unit_cube(target)
    check_levels(target, base, grades)
    dimension = target.dimension
    finest = base**grades
    found: Any = cell_averages(target, finest * _refinement(finest, dimension))
    fine = np.ascontiguousarray(found.values, dtype=np.float64)
    radius = float(np.max(found.radius))
    largest = float(np.abs(fine).max())
    if largest and not _SMALLEST <= largest <= _LARGEST:
        raise UserError(
            f"target '{target.name}' has averages up to {largest:.3g}; allowed: 0 and {_SMALLEST:.3g} to "
            f"{_LARGEST:.3g}, so that float64 holds their differences; scale the target"
        )
    levels = CellLevels((fine,), fine, radius, str(found.certainty))
    if levels.constant:
        fine = np.full_like(fine, fine.ravel()[fine.size // 2])
    averages = [coarsened(fine, fine.shape[0] // finest)]
    for _ in range(grades):
        averages.insert(0, coarsened(averages[0], base))
    return CellLevels(tuple(averages), fine, radius, str(found.certainty))


def unit_cube(target: Target) -> None:
    """Refuse targets on other domains.

    Raises
    ------
    UserError
        Unless the domain is [0, 1]^d.
    """
    if not isinstance(target, Target):
        raise UserError(f"the target is {target!r}; allowed: a Target, such as registry.targets['sqrt']")
    if any((low, high) != (0, 1) for low, high in target.domain):
        raise UserError(
            f"target '{target.name}' lives on {target.domain}; layer-wise networks are for the unit cube, (0, 1) in "
            "every variable"
        )


def check_levels(target: Target, base: int, grades: int) -> None:
    """Refuse more cells than are averaged.

    Raises
    ------
    UserError
        If N^ℓ is too large.
    """
    dimension = target.dimension
    # dimensions beyond three are refused where averages are taken
    most = largest_grid(min(dimension, 3))
    # logarithms, since the number itself may be too long to write
    if grades * log2(base) > log2(most) + 2.0**-20:
        raise UserError(
            f"{grades:,} grades of base {base:,} have {base:,}^{grades:,} cells per side, and ramps and decoder are "
            f"fixed from the averages over them; allowed for dimension {dimension}: at most {most:,}"
        )


def _refinement(finest: int, dimension: int) -> int:
    """Return into how many parts each finest cell is cut along an axis."""
    least = _LEAST.get(dimension, 8)
    wanted = max(-(-least // finest), _TO_THE_CELL.get(dimension, 1))
    return max(1, min(wanted, _MOST.get(dimension, 8) // finest))
