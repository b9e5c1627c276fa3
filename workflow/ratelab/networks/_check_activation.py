"""Check what the library assumes of an activation: elementwise, float64, finite, true to its declaration."""

from typing import TYPE_CHECKING

import numpy as np

from ratelab._errors import UserError
from ratelab.registry import Activation

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

_REACH, _POINTS = 10.0, 203


def check_activation(activation: Activation) -> None:
    """Evaluate the activation on [-10, 10] and compare with what is assumed of it.

    Raises
    ------
    UserError
        If the function fails, changes its input, returns something else than a float64 tensor of the same
        shape, has values or derivatives that are not finite, is not elementwise (a value depends on the
        other elements or on the shape), is not the piecewise polynomial that was declared, or contradicts its `ball`.
    """
    import torch

    x = torch.linspace(-_REACH, _REACH, _POINTS, dtype=torch.float64)
    value = _evaluate(activation, x)
    finite = torch.isfinite(value)
    if not bool(finite.all()):
        worst = int((~finite).to(torch.int8).argmax())
        raise UserError(
            f"activation '{activation.name}': value at x = {float(x[worst]):.4g} is {float(value[worst])}; "
            "values must be finite on [-10, 10]"
        )
    order = torch.arange(_POINTS).flip(0).roll(17)
    _compare(activation, x[order], _evaluate(activation, x[order]), value[order])
    for start, stop in ((0, 1), (5, 42), (101, 102), (102, _POINTS)):
        _compare(activation, x[start:stop], _evaluate(activation, x[start:stop]), value[start:stop])
    _compare(activation, x, _evaluate(activation, x.reshape(7, 29)).reshape(-1), value)
    degree = polynomial_degree(activation)
    if activation.regularity == "analytic" and degree is not None:
        raise UserError(
            f"activation '{activation.name}': is a polynomial of degree {degree}; declare it as such: "
            f"regularity='piecewise polynomial', degree={degree}, knots=()"
        )
    if activation.regularity == "piecewise polynomial":
        polynomial = activation.polynomial
        assert polynomial is not None
        exact = polynomial.evaluate(x.numpy())
        away = np.ones(_POINTS, bool)
        for knot in polynomial.knots:
            away &= np.abs(x.numpy() - float(knot)) > 1e-9
        wrong = away & (np.abs(exact - value.numpy()) > 1e-9 * np.maximum(1.0, np.abs(exact)))
        if wrong.any():
            raise UserError(
                f"activation '{activation.name}': differs from its declared polynomial pieces at "
                f"x = {float(x[int(wrong.argmax())]):.4g}; check degree and knots"
            )
    _check_derivative(activation, x)
    if activation.ball is not None:
        _check_ball(activation, x.numpy(), value.numpy())


def polynomial_degree(activation: Activation) -> int | None:
    """Degree of an activation that is a polynomial of degree at most 12 on [-40, 40], up to rounding, else None."""
    x = 40.0 * np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    values = np.asarray(activation(x))
    size = float(np.abs(values).max())
    if not np.isfinite(size) or size == 0.0:
        return 0 if size == 0.0 else None
    for degree in range(13):
        series = np.polynomial.chebyshev.chebfit(x / 40.0, values, degree)
        if np.abs(np.polynomial.chebyshev.chebval(x / 40.0, series) - values).max() <= 1e-11 * size:
            return degree
    return None


def _evaluate(activation: Activation, x: "torch.Tensor") -> "torch.Tensor":
    import torch

    given = x.clone()
    try:
        with torch.no_grad():
            value = activation.function(given)
    except Exception as error:  # a plugin may fail in any way
        raise UserError(
            f"activation '{activation.name}': function fails on a float64 tensor of shape {tuple(x.shape)} "
            f"({type(error).__name__}: {error}); it must map torch tensors elementwise"
        ) from error
    if not isinstance(value, torch.Tensor):
        raise UserError(
            f"activation '{activation.name}': function returns {type(value).__name__}; allowed: a torch "
            "tensor"
        )
    if value.shape != x.shape:
        raise UserError(
            f"activation '{activation.name}': function returns shape {tuple(value.shape)} for "
            f"{tuple(x.shape)}; "
            "it must be elementwise"
        )
    if value.dtype != torch.float64:
        raise UserError(
            f"activation '{activation.name}': function returns {value.dtype} for torch.float64; "
            "allowed: torch.float64"
        )
    if not torch.equal(given, x):
        raise UserError(
            f"activation '{activation.name}': function changes its input; it must return a new tensor"
        )
    return value


def _compare(
    activation: Activation, x: "torch.Tensor", found: "torch.Tensor", expected: "torch.Tensor"
) -> None:
    wrong = (found - expected).abs() > 1e-12 * expected.abs().clamp(min=1.0)
    if bool((wrong | ~found.isfinite()).any()):
        where = float(x[int(wrong.to(x.dtype).argmax())])
        raise UserError(
            f"activation '{activation.name}': not elementwise: its value at x = {where:.4g} depends on "
            "the other "
            "elements or on the shape of the tensor"
        )


def _check_derivative(activation: Activation, x: "torch.Tensor") -> None:
    """Trainers differentiate by torch: masked branches such as where(x > 0, x.sqrt(), 0) give NaN there."""
    import torch

    point = x.clone().requires_grad_(True)
    try:
        with torch.enable_grad():
            value = activation.function(point)
    except Exception as error:  # a plugin may fail in any way
        raise UserError(
            f"activation '{activation.name}': function fails where torch records it for its derivative "
            f"({type(error).__name__}: {error}); use torch operations"
        ) from error
    if not value.requires_grad:
        return
    (slope,) = torch.autograd.grad(value, point, torch.ones_like(value))
    finite = torch.isfinite(slope)
    if not bool(finite.all()):
        worst = int((~finite).to(torch.int8).argmax())
        raise UserError(
            f"activation '{activation.name}': derivative at x = {float(x[worst]):.4g} is "
            f"{float(slope[worst])}; "
            "derivatives by torch must be finite on [-10, 10]"
        )
    if activation.derivative is None:
        return
    with torch.no_grad():
        declared = activation.derivative(x, activation.function(x))
    if declared.shape != x.shape or declared.dtype != x.dtype:
        raise UserError(
            f"activation '{activation.name}': derivative returns {tuple(declared.shape)} of {declared.dtype} for "
            f"{tuple(x.shape)} of {x.dtype}; it must be elementwise"
        )
    wrong = (declared - slope).abs() > 1e-9 * slope.abs().clamp(min=1.0)
    if bool((wrong | ~declared.isfinite()).any()):
        worst = int((wrong | ~declared.isfinite()).to(torch.int8).argmax())
        raise UserError(
            f"activation '{activation.name}': declared derivative at x = {float(x[worst]):.4g} is "
            f"{float(declared[worst])}, torch finds {float(slope[worst])}"
        )


def _check_ball(activation: Activation, x: "NDArray[np.float64]", value: "NDArray[np.float64]") -> None:
    """Balls at points and on intervals must hold the values there; a constant on an interval is not analytic."""
    from flint import arb

    assert activation.ball is not None
    for first, last in [
        *((i, i) for i in range(0, _POINTS, 6)),
        *((i, i + 20) for i in range(0, _POINTS - 20, 18)),
    ]:
        interval = arb(float(x[first])).union(arb(float(x[last])))
        try:
            image = arb(activation.ball(interval))
        except Exception as error:  # a plugin may fail in any way
            raise UserError(
                f"activation '{activation.name}': ball fails on [{x[first]:.4g}, {x[last]:.4g}] "
                f"({type(error).__name__}: {error}); it must map arb to arb"
            ) from error
        for index in range(first, last + 1):
            seen = float(value[index])
            if image.is_finite() and not image.overlaps(arb(seen, 1e-9 * max(1.0, abs(seen)))):
                raise UserError(
                    f"activation '{activation.name}': function is {seen} at x = {x[index]:.4g}, its ball there "
                    f"{image}; a ball must hold all values, or certificates are wrong"
                )
        if activation.regularity == "analytic" and first < last and image.is_exact():
            raise UserError(
                f"activation '{activation.name}': by its ball it is constant on [{x[first]:.4g}, {x[last]:.4g}], so it "
                "is not analytic; allowed there: 'piecewise polynomial' or 'other'"
            )
