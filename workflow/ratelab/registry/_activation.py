"""The plugin kind Activation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import inf, isfinite
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

from ratelab._errors import UserError
from ratelab.registry._polynomial import PiecewisePolynomial

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

Regularity = Literal["piecewise polynomial", "analytic", "other"]


@dataclass(frozen=True, eq=False)
class Activation:
    """One activation function R → R, applied neuron by neuron.

    Parameters
    ----------
    name
        Letters, digits, ``_`` and ``-``; a label such as ``prelu(slope=0.1)`` for one of a family.
    function
        Maps torch tensors elementwise.
    regularity
        ``piecewise polynomial`` (then `degree` and `knots`, or `pieces`, from which exact evaluation follows),
        ``analytic`` (on all of R) or ``other``.
    degree, knots
        Of a piecewise polynomial; the pieces are then recovered exactly from values at dyadic points.
    pieces
        The same, given outright in rationals; primitives use it and need no torch for evaluation.
    derivative
        Maps torch tensors (x, function(x)) to the first derivative, elementwise; training is faster with it. Without
        it torch differentiates `function`.
    ball
        python-flint ``arb`` → ``arb``, rigorous; without it an analytic network stays uncertified.
    reference
        Where the function was introduced.
    period
        Of a periodic function. Networks refuse float64 arguments beyond 2^40 periods (fewer in shorter formats), of
        whose fraction of a period rounding leaves 12 bits at best.
    """

    name: str
    function: "Callable[[torch.Tensor], torch.Tensor]"
    regularity: Regularity = "other"
    degree: int | None = None
    knots: tuple[float | Fraction, ...] = ()
    pieces: PiecewisePolynomial | None = None
    derivative: "Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None" = None
    ball: Callable[[Any], Any] | None = None
    reference: str = ""
    summary: str = field(default="")
    period: float | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without evaluating."""
        if self.regularity not in ("piecewise polynomial", "analytic", "other"):
            raise UserError(
                f"activation '{self.name}': regularity is '{self.regularity}'; "
                "allowed: piecewise polynomial, analytic, other"
            )
        if self.regularity == "piecewise polynomial" and self.pieces is None and self.degree is None:
            raise UserError(f"activation '{self.name}': a piecewise polynomial needs its degree and knots")
        for knot in self.knots:
            if not isinstance(knot, int | float | Fraction) or not isfinite(knot):
                raise UserError(f"activation '{self.name}': knot {knot!r} is no finite number")
        if self.degree is not None and (not isinstance(self.degree, int) or self.degree < 0):
            raise UserError(
                f"activation '{self.name}': degree is {self.degree!r}; allowed: whole numbers from 0 on"
            )
        if self.period is not None and not (isinstance(self.period, Real) and 0 < self.period < inf):
            raise UserError(
                f"activation '{self.name}': period is {self.period!r}; allowed: positive finite numbers"
            )
        if not callable(self.function):
            raise UserError(f"activation '{self.name}': function must be callable on torch tensors")

    def __copy__(self) -> "Activation":
        return self

    def __deepcopy__(self, memo: Any) -> "Activation":
        return self  # immutable, and known by identity

    def __call__(self, x: Any) -> Any:
        """Apply to a float64 array or a torch tensor, elementwise."""
        import numpy as np

        if not isinstance(x, np.ndarray):
            return self.function(x)
        if self.polynomial is not None:
            return self.polynomial.evaluate(x)
        import torch

        with torch.no_grad():
            return self.function(torch.from_numpy(np.ascontiguousarray(x))).numpy()

    def with_derivative(self, x: "NDArray[np.float64]") -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """Values and first derivatives at float64 points of any shape."""
        if self.polynomial is not None:
            return self.polynomial.evaluate(x), self.polynomial.evaluate(x, derivative=1)
        import numpy as np
        import torch

        if self.derivative is not None:
            with torch.no_grad():
                point = torch.from_numpy(np.ascontiguousarray(x))
                value = self.function(point)
                return value.numpy(), self.derivative(point, value).numpy()
        point = torch.from_numpy(np.ascontiguousarray(x)).requires_grad_(True)
        with torch.enable_grad():
            value = self.function(point)
            (slope,) = torch.autograd.grad(value.sum(), point)
        return value.detach().numpy(), slope.numpy()

    @cached_property
    def polynomial(self) -> PiecewisePolynomial | None:
        """The exact pieces, or None if the activation is not piecewise polynomial.

        Raises
        ------
        UserError
            If the declared degree and knots do not reproduce the function's values.
        """
        if self.regularity != "piecewise polynomial":
            return None
        return self.pieces if self.pieces is not None else _recover(self)


def _recover(activation: Activation) -> PiecewisePolynomial:
    """Interpolate each declared piece at dyadic points, where float64 values of simple formulas are exact."""
    import torch

    assert activation.degree is not None
    knots = tuple(sorted(Fraction(t) for t in activation.knots))
    ends = [knots[0] - 1 if knots else Fraction(-1), *knots, knots[-1] + 1 if knots else Fraction(1)]
    coefficients = []
    for index, (a, b) in enumerate(zip(ends, ends[1:], strict=False)):
        count = activation.degree + 1
        points = [a + (b - a) * Fraction(2 * i + 1, 2 * (count + 1)) for i in range(count)]
        points = [Fraction(float(x)) for x in points]
        # more points than the degree needs, unevenly spaced, and far out in the two outer pieces
        witnesses = [a + (b - a) * Fraction(i * i + 1, 27) for i in range(6)]
        if index == 0:
            witnesses += [b - Fraction(5 * 2**k, 3) for k in range(10)]
        if index == len(knots):
            witnesses += [a + Fraction(5 * 2**k, 3) for k in range(10)]
        places = [float(x) for x in points + witnesses]
        with torch.no_grad():
            values = activation.function(torch.tensor(places, dtype=torch.float64)).tolist()
        if not all(isfinite(value) for value in values):
            raise UserError(
                f"activation '{activation.name}': values at {places} are not all finite: {values}"
            )
        exact = [Fraction(v).limit_denominator(10**12) for v in values[:count]]
        polynomial = [c.limit_denominator(10**9) for c in _interpolate(points, exact)]
        for place, value in zip(places, values, strict=True):
            predicted = float(sum((c * Fraction(place) ** k for k, c in enumerate(polynomial)), Fraction(0)))
            if not abs(predicted - value) <= 1e-9 * max(1.0, abs(value), abs(place) ** activation.degree):
                raise UserError(
                    f"activation '{activation.name}': not a polynomial of degree {activation.degree} between its "
                    f"declared knots (seen at x = {place:g})"
                )
        coefficients.append(tuple(polynomial))
    return PiecewisePolynomial(knots, tuple(coefficients))


def _interpolate(points: list[Fraction], values: list[Fraction]) -> list[Fraction]:
    """Coefficients (ascending) of the interpolating polynomial, by Newton's divided differences."""
    table = list(values)
    for order in range(1, len(points)):
        for i in range(len(points) - 1, order - 1, -1):
            table[i] = (table[i] - table[i - 1]) / (points[i] - points[i - order])
    result = [Fraction(0)]
    for point, value in zip(reversed(points), reversed(table), strict=True):
        shifted = [Fraction(0), *result]
        for k, c in enumerate(result):
            shifted[k] -= point * c
        shifted[0] += value
        result = shifted
    return result[: len(points)]
