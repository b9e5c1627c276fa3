"""The plugin kind Target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any

from ratelab._errors import UserError
from ratelab.registry._polynomial import PiecewisePolynomial
from ratelab.registry._shapes import Ball, Box
from ratelab.registry._supports import Support

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
        B^s_q(L_q) for s < s* and for no s > s*. ``inf`` means that it is smooth on finitely many closed pieces,
        or between algebraic singularities that graded knots resolve, and says nothing of other functions.
    hoelder
        Hölder exponent on the whole domain, at most 1 (0 for a jump).
    analytic
        Whether the target is analytic on a neighbourhood of its domain.
    source
        Where this is proved or derived.
    besov_uniform
        The index on the line 1/q = s, for errors in the uniform norm; None if it is the same. See `index`.
    mean_square
        d = 1: critical s in B^s_{2,∞}, so that moduli of smoothness of high order in L2 decay like t^s on the whole
        domain; None if it is not known.
    """

    besov: float = inf
    hoelder: float = 1.0
    analytic: bool = False
    source: str = ""
    besov_uniform: float | None = None
    mean_square: float | None = None

    def index(self, p: float) -> float:
        """Return the critical index on the line 1/q = s + 1/p, for errors in L_p, 0 < p ≤ ∞.

        It is affine in 1/p between `besov_uniform` and `besov`, an infinite one excepted, which p < ∞ share.
        """
        if self.besov_uniform is None or self.besov_uniform == self.besov:
            return self.besov
        if self.besov == inf:
            return inf if p < inf else self.besov_uniform
        return self.besov_uniform + (self.besov - self.besov_uniform) * 2 / p


@dataclass(frozen=True)
class SelfSimilar:
    """How a function on an interval is made of affine images of itself; between the copies it is affine.

    On the copy that starts at s, x running through the domain and all lengths being shares of it,
    f(s + width·x) = height·f(x) + a line, or height·f(1 − x) + a line where the copy is a mirror image.

    Parameters
    ----------
    starts
        Left ends of at least two copies that do not overlap, increasing.
    width
        Length of every copy.
    exponent
        e > 0: all m copies together have m^(−e) times the L2 norm of f, but for lines.
    reflected
        For each copy whether it is a mirror image; a function that is symmetric up to a line may say either.
    """

    starts: tuple[Fraction, ...]
    width: Fraction
    exponent: float
    reflected: tuple[bool, ...]

    def __post_init__(self) -> None:
        """Check that the copies fit into the domain side by side."""
        ends = [start + self.width for start in self.starts]
        apart = all(end <= start for end, start in zip(ends, self.starts[1:], strict=False))
        if len(self.starts) < 2 or self.width <= 0 or self.starts[0] < 0 or ends[-1] > 1 or not apart:
            raise UserError(
                f"self-similar target: copies start at {[str(s) for s in self.starts]} and are {self.width} wide; "
                "allowed: two or more that lie side by side in [0, 1]"
            )
        if len(self.reflected) != len(self.starts):
            raise UserError(
                f"self-similar target: {len(self.reflected)} of {len(self.starts)} copies say whether they are "
                "mirror images; allowed: one answer for each"
            )
        if not 0 < self.exponent < inf:
            raise UserError(f"self-similar target: exponent is {self.exponent}; allowed: above 0, finite")

    @property
    def height(self) -> float:
        """Factor of f on every copy."""
        copies = len(self.starts)
        return float(copies**-self.exponent / (copies * self.width) ** 0.5)

    @property
    def folded(self) -> bool:
        """Whether the copies fill the domain and every second one is a mirror image, so that a zigzag maps them."""
        alternate = all(p != q for p, q in zip(self.reflected, self.reflected[1:], strict=False))
        return len(self.starts) * self.width == 1 and alternate


@dataclass(frozen=True, eq=False)
class Target:
    """One function to approximate.

    Parameters
    ----------
    name
        Letters, digits, ``_`` and ``-``; a label such as ``cusp(at=1/3)`` for one of a family.
    function
        NumPy float64 (m, d) → (m,) or (m, k); infinite at declared `singular_points` only.
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
        Cells per unit, along every axis, on which the target's finest structure lives (a path's step, the sides of
        random cells): integrals are split there.
    smoothness
        What is known, for predictions; None if nothing is.
    self_similar
        d = 1: how the function repeats itself, from which its rate is proved; None if it does not.
    indicator_of
        The set on which the function is 1, up to its boundary, if it is 0 elsewhere on the domain; else None.
    support
        A compact set outside which the function is 0 on all of R^d, not on the domain only; the function is then asked
        for values everywhere. None if there is none or nothing is known. Networks that match function and support are
        built from it, so it should be no larger than need be.
    lipschitz
        A constant L with |f(x) − f(y)| ≤ L·|x − y| on R^d (Euclidean norm), for every output; None if there is none.
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
    self_similar: SelfSimilar | None = None
    indicator_of: Ball | Box | None = None
    support: Support | None = None
    lipschitz: float | None = None
    summary: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        """Check shapes and ranges."""
        if not self.domain or any(not b > a for a, b in self.domain):
            raise UserError(
                f"target '{self.name}': domain is {self.domain}; needs pairs (lower, upper), lower < upper"
            )
        if self.self_similar is not None and self.dimension != 1:
            raise UserError(f"target '{self.name}': self_similar is for one variable")
        if self.indicator_of is not None and self.indicator_of.dimension != self.dimension:
            raise UserError(
                f"target '{self.name}': indicator_of has {self.indicator_of.dimension} variables, the domain "
                f"{self.dimension}; both must agree"
            )
        if self.support is not None and not isinstance(self.support, Support):
            raise UserError(
                f"target '{self.name}': support is {self.support!r}; allowed: a Box, Ball, Boxes or LevelSet"
            )
        if self.support is not None and self.support.dimension != self.dimension:
            raise UserError(
                f"target '{self.name}': support has {self.support.dimension} variables, the domain {self.dimension}; "
                "both must agree"
            )
        if self.lipschitz is not None and not 0 <= self.lipschitz < inf:
            raise UserError(
                f"target '{self.name}': lipschitz is {self.lipschitz}; allowed: a finite number from 0 on"
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
