"""Check what the library assumes of a target: real, finite, of moderate size, true to its declarations."""

from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._nodes import nodes
from ratelab.exact._support_check import check_support
from ratelab.registry import SelfSimilar, Target

_LARGEST = 1e100
_TOLERANCE = 1e-9


def check_target(target: Target) -> None:
    """Evaluate the target and compare its values with the enclosure, pieces, moments, energy and support it declares.

    A certificate is only as true as these declarations; a contradiction at any of the points is an error, their
    agreement no proof.

    Raises
    ------
    UserError
        If the function fails, has several values or more than two variables, is not finite or larger than 1e100
        somewhere (nodes, ends of the domain, singular points), or contradicts a declaration.
    """
    if target.dimension > 2:
        raise UserError(f"target '{target.name}' has {target.dimension} variables; studies take one or two")
    x, weight = nodes(target, 64)
    if target.dimension == 1:
        extra = [*target.domain[0], *(float(point) for point in target.singular_points)]
        x, weight = np.append(x[:, 0], extra)[:, None], np.append(weight, np.zeros(len(extra)))
    try:
        values = target(x)
    except UserError:
        raise
    except Exception as error:  # a plugin may fail in any way
        raise UserError(
            f"target '{target.name}': function failed: {type(error).__name__}: {error}"
        ) from error
    if values.shape[1] != 1:
        raise UserError(
            f"target '{target.name}' has {values.shape[1]} values; studies take real-valued targets"
        )
    if np.abs(values).max() > _LARGEST:
        raise UserError(
            f"target '{target.name}': values reach {np.abs(values).max():.3g}; allowed: up to {_LARGEST:g}"
        )
    if target.indicator_of is not None:
        x, _ = nodes(target, 4096)
        values, inside = target(x), target.indicator_of.depth(x)
        wrong = (np.abs(inside) > _TOLERANCE) & (values[:, 0] != (inside > 0))
        if wrong.any():
            raise UserError(
                f"target '{target.name}': function is {values[wrong.argmax(), 0]} at x = {x[wrong.argmax()].tolist()}, "
                f"and it declares to be the indicator of {target.indicator_of}"
            )
    if target.support is not None:
        check_support(target)
    if target.dimension == 1:
        try:
            _declarations(target, x[:, 0], weight, values[:, 0])
        except UserError:
            raise
        except Exception as error:
            raise UserError(
                f"target '{target.name}': enclosure, moments or energy failed: {type(error).__name__}: {error}"
            ) from error


def _declarations(
    target: Target, x: NDArray[np.float64], weight: NDArray[np.float64], values: NDArray[np.float64]
) -> None:
    scale = float(np.abs(values).max()) or 1.0
    singular = {float(point) for point in target.singular_points} | set(target.domain[0])
    for point, value in zip(x.tolist(), values.tolist(), strict=True):
        if point in singular:
            continue
        if target.enclosure is not None:
            ball = target.enclose(arb(point))
            if ball.is_finite() and not ball.overlaps(arb(value, _TOLERANCE * scale)):
                raise UserError(
                    f"target '{target.name}': function is {value} at x = {point}, its enclosure {ball}"
                )
        if target.pieces is not None:
            exact = float(target.pieces(Fraction(point)))
            if abs(exact - value) > _TOLERANCE * scale:
                raise UserError(
                    f"target '{target.name}': function is {value} at x = {point}, its pieces give {exact}"
                )
    if target.self_similar is not None:
        _repetition(target, target.self_similar, scale)
    if target.moments is None or target.energy is None:
        return
    start, end = (_exact(e) for e in target.domain[0])
    x, weight = (part[:, 0] if part.ndim == 2 else part for part in nodes(target, 4096))
    values = target(x)[:, 0]
    declared = [*target.moments(start, end, 1), target.energy(start, end)]
    found = [weight @ values, weight @ (x * values), weight @ values**2]
    sizes = [scale, scale * max(abs(e) for e in target.domain[0]), scale**2]
    length = target.domain[0][1] - target.domain[0][0]
    for name, ball, number, size in zip(("∫f", "∫xf", "∫f²"), declared, found, sizes, strict=True):
        if not ball.overlaps(arb(float(number), 0.02 * size * length)):
            raise UserError(
                f"target '{target.name}': {name} is about {number:.6g}, its moments or energy give {ball}"
            )


def _repetition(target: Target, similar: SelfSimilar, scale: float) -> None:
    """Compare every copy with the whole: their difference must be affine, and so must the function between copies."""
    low, high = target.domain[0]
    share = np.arange(65) / 64  # dyadic, so that copies of halves are met exactly
    rough = target.smoothness.hoelder if target.smoothness is not None else 1.0
    room = scale * max(_TOLERANCE, 16 * float(np.finfo(np.float64).eps) ** max(rough, 0.01))

    def values(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return target(low + (high - low) * x)[:, 0]

    ends = [(float(s), float(s + similar.width)) for s in similar.starts]
    parts = [(a, b, similar.height, flipped) for (a, b), flipped in zip(ends, similar.reflected, strict=True)]
    gaps = zip([0.0, *(b for _, b in ends)], [*(a for a, _ in ends), 1.0], strict=True)
    parts += [(a, b, 0.0, False) for a, b in gaps if b > a]
    whole = values(share)
    for a, b, height, flipped in parts:
        difference = values(a + (b - a) * share) - height * (whole[::-1] if flipped else whole)
        line = difference[0] + (difference[-1] - difference[0]) * share
        if np.abs(difference - line).max() > room:
            what = "is no copy of the whole with the exponent" if height else "is not affine; exponent"
            raise UserError(
                f"target '{target.name}': on [{a:.4g}, {b:.4g}] of its domain the function {what} "
                f"{similar.exponent:g}, as it declares to be self-similar"
            )


def _exact(value: float) -> Any:
    fraction = Fraction(value)
    return arb(fmpq(fraction.numerator, fraction.denominator))
