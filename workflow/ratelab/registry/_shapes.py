"""Sets whose indicators or distances are targets: what constructions and expansions may know of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING

from ratelab._errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Number = int | float | Fraction


@dataclass(frozen=True)
class Ball:
    """The closed Euclidean ball {x : |x − centre| ≤ radius} of R^d.

    Parameters
    ----------
    centre
        d numbers.
    radius
        Above 0.

    Raises
    ------
    UserError
        If they are not like this.
    """

    centre: tuple[Number, ...]
    radius: Number

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check("ball", "centre", self.centre)
        if not finite_number(self.radius) or self.radius <= 0:
            raise UserError(f"ball: radius is {self.radius!r}; allowed: above 0, finite")

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return len(self.centre)

    @property
    def bounds(self) -> tuple[tuple[Number, Number], ...]:
        """The smallest box that holds it, d pairs (lower, upper)."""
        return tuple((c - self.radius, c + self.radius) for c in self.centre)

    def depth(self, x: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return how far points (m, d) lie inside: positive inside, negative outside, in units of the radius."""
        import numpy as np

        away = x - np.array([float(c) for c in self.centre])
        return np.asarray(1 - np.sqrt((away**2).sum(axis=1)) / float(self.radius))


@dataclass(frozen=True)
class Box:
    """The closed box Π [lower_i, upper_i] of R^d.

    Parameters
    ----------
    lower, upper
        d numbers each, lower_i < upper_i.

    Raises
    ------
    UserError
        If they are not like this.
    """

    lower: tuple[Number, ...]
    upper: tuple[Number, ...]

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check("box", "lower", self.lower)
        _check("box", "upper", self.upper)
        if len(self.lower) != len(self.upper) or any(
            not a < b for a, b in zip(self.lower, self.upper, strict=True)
        ):
            raise UserError(
                f"box: corners are {self.lower} and {self.upper}; allowed: equally many numbers, lower < upper"
            )

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return len(self.lower)

    @property
    def bounds(self) -> tuple[tuple[Number, Number], ...]:
        """The box itself, d pairs (lower, upper)."""
        return tuple(zip(self.lower, self.upper, strict=True))

    def depth(self, x: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return how far points (m, d) lie inside: positive inside, negative outside, in units of the box's sides."""
        import numpy as np

        lower, upper = (np.array([float(v) for v in ends]) for ends in (self.lower, self.upper))
        return np.asarray((np.minimum(x - lower, upper - x) / (upper - lower)).min(axis=1))


Shape = Ball | Box


@dataclass(frozen=True)
class Distance:
    """The Euclidean distance to a point, as a target's function: NumPy points (m, d) → (m,).

    Parameters
    ----------
    point
        d numbers.

    Raises
    ------
    UserError
        If they are not like this.
    """

    point: tuple[Number, ...]

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check("distance", "point", self.point)

    def __call__(self, x: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the distances."""
        import numpy as np

        away = [np.asarray(column - float(c)) for column, c in zip(x.T, self.point, strict=True)]
        total = np.abs(away[0])
        for values in away[1:]:
            total = np.hypot(total, values)
        return np.asarray(total)


def _check(shape: str, name: str, values: Sequence[Number]) -> None:
    given = tuple(values) if isinstance(values, Sequence) and not isinstance(values, str) else ()
    if not given or not all(map(finite_number, given)):
        raise UserError(f"{shape}: {name} is {values!r}; allowed: a tuple of one or more finite numbers")


def finite_number(value: object) -> bool:
    """Return whether this is a finite number."""
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
