"""Supports of targets: compact sets outside which a function on R^d is 0."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ratelab._errors import UserError
from ratelab.registry._shapes import Ball, Box, Number, finite_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Boxes:
    """The union of closed boxes of R^d.

    Parameters
    ----------
    boxes
        One or more, of one dimension; they may overlap or touch.

    Raises
    ------
    UserError
        If they are not like this.
    """

    boxes: tuple[Box, ...]

    def __post_init__(self) -> None:
        """Check that the boxes belong together."""
        if (
            not isinstance(self.boxes, tuple)
            or not self.boxes
            or any(not isinstance(b, Box) for b in self.boxes)
        ):
            raise UserError(f"boxes: found {self.boxes!r}; allowed: a tuple of one or more Box")
        if len({box.dimension for box in self.boxes}) > 1:
            raise UserError(
                f"boxes: dimensions are {sorted({box.dimension for box in self.boxes})}; allowed: one dimension"
            )

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return self.boxes[0].dimension

    @property
    def bounds(self) -> tuple[tuple[Number, Number], ...]:
        """The smallest box that holds all, d pairs (lower, upper)."""
        sides = zip(*(box.bounds for box in self.boxes), strict=True)
        return tuple((min(a for a, _ in side), max(b for _, b in side)) for side in sides)


@dataclass(frozen=True, eq=False)
class LevelSet:
    """The compact set {x ∈ box : g(x) ≤ 0} of R^d, for a function g with a Lipschitz constant.

    Where g(x) > 0, no point closer to x than g(x)/lipschitz belongs to it: so cubes are excluded with certainty, up to
    the rounding of g itself.

    Parameters
    ----------
    function
        g: NumPy float64 (m, d) → (m,), finite on the box and around it.
    lipschitz
        |g(x) − g(y)| ≤ lipschitz · |x − y| for the Euclidean norm; above 0. A constant that is too small makes every
        statement about the set wrong; it is compared with g at sample points.
    box
        Holds the set in its interior or is met by it; bounded.

    Raises
    ------
    UserError
        If they are not like this.
    """

    function: "Callable[[NDArray[np.float64]], NDArray[np.float64]]"
    lipschitz: float
    box: Box

    def __post_init__(self) -> None:
        """Check what can be checked without evaluating."""
        if not callable(self.function):
            raise UserError("level set: function must be callable on points (m, d)")
        if not finite_number(self.lipschitz) or self.lipschitz <= 0:
            raise UserError(f"level set: lipschitz is {self.lipschitz!r}; allowed: above 0, finite")
        if not isinstance(self.box, Box):
            raise UserError(f"level set: box is {self.box!r}; allowed: a Box that holds the set")

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return self.box.dimension

    @property
    def bounds(self) -> tuple[tuple[Number, Number], ...]:
        """The box, d pairs (lower, upper)."""
        return self.box.bounds

    def __call__(self, x: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return g at points (m, d), as (m,).

        Raises
        ------
        UserError
            If g returns another shape or a value that is not finite.
        """
        import numpy as np

        values: Any = np.asarray(self.function(x), dtype=np.float64)
        if values.shape != (len(x),):
            raise UserError(
                f"level set: function returned shape {values.shape} for points of shape {x.shape}; allowed: ({len(x)},)"
            )
        if not np.isfinite(values).all():
            where = x[int(np.argmin(np.isfinite(values)))].tolist()
            raise UserError(f"level set: function is not finite at x = {where}")
        result: NDArray[np.float64] = values
        return result


Support = Box | Ball | Boxes | LevelSet
