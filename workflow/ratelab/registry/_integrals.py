"""Certified moments and energy of a target, from closed-form antiderivatives."""

from collections.abc import Callable, Sequence
from typing import Any

Antiderivatives = Callable[[Any, int], Sequence[Any]]
Moments = Callable[[Any, Any, int], Sequence[Any]]
Energy = Callable[[Any, Any], Any]

_LEAST_DEGREE = 3
_LARGEST_CACHE = 1 << 16


def integrals(antiderivatives: Antiderivatives, bound: float) -> tuple[Moments, Energy]:
    """Return the `moments` and the `energy` that a `Target` on [0, 1] asks for.

    Parameters
    ----------
    antiderivatives
        Called with an exact ``arb`` x in [0, 1] and a degree; returns degree + 2 ``arb``: antiderivatives of
        t^k f(t), k = 0 … degree, and last one of f(t)², all at x and up to constants.
    bound
        At least sup |f|; widens the result for endpoints that are balls.

    Notes
    -----
    Values are kept per point and precision, since neighbouring cells share an end. An endpoint that is a
    ball is replaced by its midpoint, which moves an integral by at most the radius times the bound. Results
    have an absolute error of about 2**-prec: choose the precision for the cell, not for the domain.
    """
    from flint import arb, ctx

    cache: dict[tuple[Any, ...], Sequence[Any]] = {}
    zero, one = arb(0), arb(1)

    def at(x: Any, degree: int) -> Sequence[Any]:
        degree = max(degree, _LEAST_DEGREE)
        middle = x if x.is_exact() else x.mid()
        if not 0 <= middle <= 1:
            middle = zero if middle < 0 else one
        key = (*middle.man_exp(), degree, ctx.prec)
        values = cache.get(key)
        if values is None:
            if len(cache) >= _LARGEST_CACHE:
                cache.clear()
            values = cache[key] = antiderivatives(middle, degree)
        if x.is_exact():
            return values
        slack = arb(0, x.rad() * bound)
        return [*(value + slack for value in values[:-1]), values[-1] + slack * bound]

    def moments(a: Any, b: Any, degree: int) -> list[Any]:
        left, right = at(a, degree), at(b, degree)
        return [right[k] - left[k] for k in range(degree + 1)]

    def energy(a: Any, b: Any) -> Any:
        return at(b, _LEAST_DEGREE)[-1] - at(a, _LEAST_DEGREE)[-1]

    return moments, energy
