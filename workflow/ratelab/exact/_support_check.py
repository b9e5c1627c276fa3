"""Compare a target with the support and the Lipschitz constant that it declares."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._support_cells import float_sides, parts
from ratelab.registry import Ball, Box, Boxes, LevelSet, Support, Target

Array = NDArray[np.float64]

_POINTS = 4096
_ROOM = 1e-9


def check_support(target: Target) -> None:
    """Evaluate a target on and around its support and compare with what it declares, at about 20,000 points.

    A contradiction is an error; agreement at points is no proof, and whatever is built on the support and the Lipschitz
    constant is as true as they are.

    Raises
    ------
    UserError
        If the target declares no support; is not 0 at a point certainly outside it; changes faster than its Lipschitz
        constant; if a level set's function does so, or is negative beside its box, so that the box does not hold the
        set; if a function fails or is not finite.
    """
    support = target.support
    if support is None:
        raise UserError(f"target '{target.name}' declares no support")
    generator = np.random.default_rng(20220424)
    x = _samples(target, support, generator)
    if isinstance(support, LevelSet):
        _check_level_set(target.name, support, generator)
    values = _call(target, x)
    wrong = (values != 0).any(axis=1)
    wrong[wrong] = _outside(support, x[wrong])
    if wrong.any():
        where = int(wrong.argmax())
        raise UserError(
            f"target '{target.name}': function is {_shown(values[where])} at x = {x[where].tolist()}, outside its "
            "support; a support must hold all points where the function is not 0"
        )
    if target.lipschitz is not None:
        y = _partners(x, generator)
        _check_lipschitz(
            f"target '{target.name}': function", target.lipschitz, x, y, values, _call(target, y)
        )


def _shown(values: Array) -> Any:
    return values.tolist()[0] if len(values) == 1 else values.tolist()


def _call(target: Target, x: Array) -> Array:
    try:
        return target(x)
    except UserError:
        raise
    except Exception as error:  # a plugin may fail in any way
        raise UserError(
            f"target '{target.name}': function failed outside its domain: {type(error).__name__}: {error}; a target "
            "with a support has values on all of R^d"
        ) from error


def _samples(target: Target, support: Support, generator: np.random.Generator) -> Array:
    """Return points of the domain, of a box twice the size of all, and beside the faces of the support's box."""
    d = target.dimension
    low, high = (np.array([float(end) for end in ends]) for ends in zip(*support.bounds, strict=True))
    a, b = (np.array(ends, dtype=np.float64) for ends in zip(*target.domain, strict=True))
    radius = max(np.abs(v).max() for v in (low, high, a, b))
    per_side = max(2, int(_POINTS ** (1 / d)))
    axes = [np.linspace(p, q, per_side) for p, q in zip(a, b, strict=True)]
    grid = np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)
    return np.concatenate(
        [
            grid,
            generator.uniform(a, b, (_POINTS, d)),
            generator.uniform(-2 * radius, 2 * radius, (_POINTS, d)),
            generator.uniform(low, high, (_POINTS, d)),
            _beside(low, high, generator),
        ]
    )


def _beside(low: Array, high: Array, generator: np.random.Generator) -> Array:
    """Return points outside a box next to its faces, from a share of 1e-7 to a tenth of its size away."""
    d, count = len(low), 256
    result = []
    for axis in range(d):
        for end, sign in ((low, -1.0), (high, 1.0)):
            x = generator.uniform(low, high, (count, d))
            away = 10.0 ** generator.uniform(-7, -1, count) * float((high - low).max())
            x[:, axis] = end[axis] + sign * away
            result.append(x)
    return np.concatenate(result)


def _outside(support: Support, x: Array) -> NDArray[np.bool_]:
    """Return which points lie outside by more than rounding."""
    if isinstance(support, Box | Boxes):
        result = np.ones(len(x), dtype=bool)
        for box in parts(support):
            low, high = float_sides(box)
            room = _ROOM * max(np.abs(low).max(), np.abs(high).max())
            result &= ((x < low - room) | (x > high + room)).any(axis=1)
        return result
    if isinstance(support, Ball):
        centre, radius = np.array([float(c) for c in support.centre]), float(support.radius)
        away = np.sqrt(((x - centre) ** 2).sum(axis=1))
        return np.asarray(away > radius + _ROOM * (radius + np.abs(centre).max()))
    low, high = float_sides(support.box)
    size = max(np.abs(low).max(), np.abs(high).max())
    result = _outside(support.box, x)
    inside = np.flatnonzero(~result)
    if len(inside):
        result[inside] = support(x[inside]) > _ROOM * support.lipschitz * size
    return result


def _partners(x: Array, generator: np.random.Generator) -> Array:
    """Return a second point for each: near ones for most, any other for some."""
    step = 10.0 ** generator.uniform(-6, 0, (len(x), 1)) * generator.standard_normal(x.shape)
    y = x + np.ptp(x, axis=0).max() / 4 * step
    some = slice(None, None, 8)
    y[some] = generator.permutation(x[some])
    return np.asarray(y)


def _check_lipschitz(what: str, constant: float, x: Array, y: Array, values: Array, others: Array) -> None:
    apart = np.sqrt(((x - y) ** 2).sum(axis=1))
    change = np.abs(values - others).max(axis=1)
    scale = max(float(np.abs(values).max()), float(np.abs(others).max()), constant * float(np.abs(x).max()))
    wrong = change > constant * apart * (1 + _ROOM) + 1e-13 * scale
    if wrong.any():
        where = int((change - constant * apart).argmax())
        raise UserError(
            f"{what} changes by {change[where]:.6g} between x = {x[where].tolist()} and {y[where].tolist()}, "
            f"{apart[where]:.6g} apart; it declares lipschitz = {constant:g}"
        )


def _check_level_set(name: str, support: LevelSet, generator: np.random.Generator) -> None:
    low, high = float_sides(support.box)
    size = float((high - low).max())
    middle, half = (low + high) / 2, (high - low) / 2
    outside = _beside(low, high, generator)
    x = np.concatenate(
        [generator.uniform(middle - 1.25 * half, middle + 1.25 * half, (_POINTS, len(low))), outside]
    )
    y = np.clip(_partners(x, generator), middle - 1.25 * half, middle + 1.25 * half)
    try:
        values, others = support(x), support(y)
    except UserError as error:
        raise UserError(f"target '{name}': support: {error}") from error
    except Exception as error:
        raise UserError(
            f"target '{name}': support: function failed: {type(error).__name__}: {error}"
        ) from error
    _check_lipschitz(
        f"target '{name}': the function of its level set",
        support.lipschitz,
        x,
        y,
        values[:, None],
        others[:, None],
    )
    beyond = _outside(support.box, x)
    wrong = beyond & (values < -_ROOM * support.lipschitz * (size + np.abs(middle).max()))
    if wrong.any():
        where = int(wrong.argmax())
        raise UserError(
            f"target '{name}': the function of its level set is {values[where]:.6g} < 0 at x = {x[where].tolist()}, "
            "outside its box; the box must hold the whole set"
        )
