"""The plugin kind Target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any

from ratelab._errors import UserError
from ratelab.registry._polynomial import PiecewisePolynomial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Smoothness:
    """What is known about a target's smoothness, with its source.

    Parameters
    ----------
    besov
        Critical index s* on the adaptivity line 1/q = s + 1/2 (d = 1, errors in L2): the target lies in
        B^s_q(L_q) for s < s* and for no s > s*. ``inf`` if it is smooth on finitely many closed pieces, or
        between algebraic singularities that graded knots resolve.
    hoelder
        Hölder exponent on the whole domain, at most 1 (0 for a jump).
    analytic
        Whether the target is analytic on a neighbourhood of its domain.
    source
        Where this is proved or derived.
    """

    besov: float = inf
    hoelder: float = 1.0
    analytic: bool = False
    source: str = ""


@dataclass(frozen=True, eq=False)
class Target:
    """One function to approximate.

    Parameters
    ----------
    name
        Letters, digits, ``_`` and ``-``; a label such as ``cusp(at=1/3)`` for one of a family.
    function
        NumPy float64 (m, d) → (m,) or (m, k).
    domain
        d pairs (lower, upper).
    singular_points
        d = 1: the points between which the function is smooth; rational where the point is (``Fraction(1, 3)``).
    enclosure
        python-flint: maps an ``arb`` ball, or an ``arb_series`` at one, to an enclosure of the values. Write it
        with methods that both have (``x.exp()``, ``x * x``): from the series follow certified integrals between
        singular points. Without it and without `moments` or `pieces`, errors are `numerical`, not `rigorous`.
    moments
        Exact integrals ∫_a^b x^k f(x) dx, k = 0 … degree: ``moments(a, b, degree)`` → that many ``arb`` + 1, for
        ``arb`` endpoints inside the domain. For targets whose `enclosure` cannot resolve them.
    energy
        ``energy(a, b)`` → ∫_a^b f(x)² dx as an ``arb``; goes with `moments`.
    pieces
        The function as an exact piecewise polynomial, if it is one (then enclosure and moments follow).
    grid
        Cells per unit on which the target's finest structure lives (a path's step): integrals are split there.
    smoothness
        What is known, for predictions; None if nothing is.
    summary, reference
        One line, and where the function comes from.
    """

    name: str
    function: "Callable[[NDArray[np.float64]], NDArray[np.float64]]"
    domain: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    singular_points: Sequence[float | Fraction] = ()
    enclosure: Callable[[Any], Any] | None = None
    moments: Callable[[Any, Any, int], Sequence[Any]] | None = None
    energy: Callable[[Any, Any], Any] | None = None
    pieces: PiecewisePolynomial | None = None
    grid: int | None = None
    smoothness: Smoothness | None = None
    summary: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        """Check shapes and ranges."""
        if not self.domain or any(not b > a for a, b in self.domain):
            raise UserError(
                f"target '{self.name}': domain is {self.domain}; needs pairs (lower, upper), lower < upper"
            )
        if self.singular_points and self.dimension != 1:
            raise UserError(f"target '{self.name}': singular_points are for one variable")
        for point in self.singular_points:
            if not self.domain[0][0] <= point <= self.domain[0][1]:
                raise UserError(f"target '{self.name}': singular point {point} lies outside {self.domain[0]}")

    @property
    def dimension(self) -> int:
        """Number of variables d."""
        return len(self.domain)

    @property
    def certifiable(self) -> bool:
        """Whether the target supplies what makes bounds rigorous (d = 1)."""
        given = self.enclosure or self.pieces or (self.moments and self.energy)
        return self.dimension == 1 and given is not None

    def enclose(self, x: Any) -> Any:
        """Enclosure of the values on an ``arb`` or ``arb_series``, of the same kind as `x` (constants are lifted).

        Raises
        ------
        UserError
            If the target declares no enclosure.
        """
        from flint import arb, arb_series

        if self.enclosure is None:
            raise UserError(f"target '{self.name}' declares no enclosure")
        value = self.enclosure(x)
        if isinstance(x, arb_series) and not isinstance(value, arb_series):
            return arb_series([arb(value)], x.prec)
        return arb(value) if isinstance(x, arb) and not isinstance(value, arb) else value

    def __call__(self, x: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Values (m, k) at points (m, d), or (m,) in one variable.

        Raises
        ------
        UserError
            If the function returns another shape, or a value that is not finite.
        """
        import numpy as np

        points = np.asarray(x, dtype=np.float64)
        if points.ndim == 1:
            points = points[:, None]
        if points.ndim != 2 or points.shape[1] != self.dimension:
            raise ValueError(f"points must have shape (m, {self.dimension}), found {points.shape}")
        values = np.asarray(self.function(points))
        if values.ndim not in (1, 2) or values.shape[0] != points.shape[0]:
            raise UserError(
                f"target '{self.name}': function returned shape {values.shape} for points of shape "
                f"{points.shape}; allowed: ({points.shape[0]},) or ({points.shape[0]}, k)"
            )
        if values.dtype.kind not in "fiub":
            raise UserError(f"target '{self.name}': function returned {values.dtype}; allowed: real numbers")
        values = values.astype(np.float64, copy=False).reshape(points.shape[0], -1)
        bad = ~np.isfinite(values).all(axis=1)
        if bad.any():
            where = points[bad.argmax()]
            raise UserError(
                f"target '{self.name}': function is {values[bad.argmax()].tolist()} at x = {where.tolist()}; "
                "values must be finite on the whole domain"
            )
        return values
