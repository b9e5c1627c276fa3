"""Two-sided L2 errors of piecewise polynomial networks in one variable, in ball arithmetic."""

from dataclasses import dataclass
from math import inf, nextafter
from typing import Any, Literal

import flint
import numpy as np
from flint import arb, arb_poly, arb_series

from ratelab._errors import UserError
from ratelab.exact._ball_pieces import BallPiece, ball_pieces, ball_range
from ratelab.exact._breakpoints import breakpoints, piecewise_polynomial, transition_points
from ratelab.exact._quadrature import resolved_cells
from ratelab.networks import Network
from ratelab.networks._ball import ball
from ratelab.registry import Target

_PRECISION = 320
_ORDER = 14
_DEPTH = 60


@dataclass(frozen=True)
class Enclosure:
    """Two ends between which a number lies.

    Parameters
    ----------
    lower, upper
        Rounded outwards.
    certainty
        ``rigorous`` if proved; ``numerical`` if the width is an estimate.
    """

    lower: float
    upper: float
    certainty: Literal["rigorous", "numerical"]


def certified_error(network: Network, target: Target) -> Enclosure:
    """Enclose ‖network − target‖ in L2 (d = 1), rigorously if the target and the activations allow it.

    Parameters
    ----------
    network
        One input, one output; its float weights are taken as exact. Piecewise polynomial for a rigorous result.
    target
        With exact pieces, exact moments and energy, or an enclosure for a rigorous result.

    Raises
    ------
    UserError
        If target or network has more than one variable.
    """
    if target.dimension != 1 or network.inputs != 1:
        raise UserError(
            f"target '{target.name}' has {target.dimension} variables, the network {network.inputs} inputs; "
            "errors are certified in one variable"
        )
    if target.certifiable and piecewise_polynomial(network) and network.outputs == 1:
        square = squared_error(network, target)
        if square is not None and square.is_finite():
            lower = nextafter(float(square.lower()), -inf)
            upper = nextafter(float(square.upper()), inf)
            ends = float(np.sqrt(max(lower, 0.0))), float(np.sqrt(max(upper, 0.0)))
            return Enclosure(max(nextafter(ends[0], -inf), 0.0), nextafter(ends[1], inf), "rigorous")
    return _numerical(network, target)


def squared_error(network: Network, target: Target) -> Any:
    """Return a ball around ∫ (network − target)² for a certifiable target, or None if the proof fails."""
    former = flint.ctx.prec
    flint.ctx.prec = _PRECISION
    try:
        lower, upper = target.domain[0]
        pieces = ball_pieces(network, float(lower), float(upper))
        if pieces is None:
            return None
        if target.pieces is not None:
            return _by_pieces(network, target, pieces)
        if target.moments is not None and target.energy is not None:
            return _by_moments(network, target, pieces)
        return _by_enclosure(network, target, pieces)
    finally:
        flint.ctx.prec = former


def _between(lower: Any, upper: Any) -> Any:
    return lower.union(upper)


def _by_pieces(network: Network, target: Target, pieces: list[BallPiece]) -> Any:
    assert target.pieces is not None
    total = arb(0)
    knots = target.pieces.knots
    polynomials = [arb_poly([ball(c) for c in row]) for row in target.pieces.coefficients]
    for piece in pieces:
        first = sum(t <= piece.left for t in knots)
        last = sum(t < piece.right for t in knots)
        cuts = [arb(piece.left), *(ball(t) for t in knots[first:last]), arb(piece.right)]
        for index, (a, b) in enumerate(zip(cuts, cuts[1:], strict=False)):
            own = polynomials[first + index]
            if piece.polynomial is not None:
                total += _integral((own - piece.polynomial) ** 2, a, b)
            else:
                gap = own(a.union(b)) - ball_range(network, piece.left, piece.right)
                total += _between(arb(0), (b - a) * gap * gap)
    return total


def _by_moments(network: Network, target: Target, pieces: list[BallPiece]) -> Any:
    assert target.moments is not None and target.energy is not None
    total = arb(0)
    for piece in pieces:
        a, b = arb(piece.left), arb(piece.right)
        energy = target.energy(a, b)
        if piece.polynomial is None:
            # the target's distance to its mean, and that of the mean to the network
            mean = target.moments(a, b, 0)[0] / (b - a)
            reach = abs(ball_range(network, piece.left, piece.right) - mean).upper()
            spread = _root((energy - mean * mean * (b - a)).upper())
            total += _between(arb(0), (spread + reach * (b - a).sqrt()) ** 2)
            continue
        coefficients = piece.polynomial.coeffs() or [arb(0)]
        moments = target.moments(a, b, len(coefficients) - 1)
        cross = sum((c * m for c, m in zip(coefficients, moments, strict=True)), arb(0))
        total += energy - 2 * cross + _integral(piece.polynomial * piece.polynomial, a, b)
    return total


def _by_enclosure(network: Network, target: Target, pieces: list[BallPiece]) -> Any:
    """Integrate Taylor models; cells on which they are poor are halved, towards singular points to the end."""
    assert target.enclosure is not None
    lower, upper = target.domain[0]
    size = arb(max(_float_square(network, target), 1e-34))
    tolerance = arb(2.0**-40) * size / arb(upper - lower)
    hints = resolved_cells(target).edges
    # a series at a ball that holds a singular point need not describe the function on both sides
    singular = [(nextafter(float(c), -inf), nextafter(float(c), inf)) for c in target.singular_points]
    total = arb(0)
    for piece in pieces:
        inner = hints[(hints > piece.left) & (hints < piece.right)].tolist()
        cuts = (
            [piece.left, *inner, piece.right] if piece.polynomial is not None else [piece.left, piece.right]
        )
        stack = [(arb(a), arb(b), 0) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
        while stack:
            a, b, depth = stack.pop()
            smooth = not any(a <= high and low <= b for low, high in singular)
            found = (
                _taylor(target, piece.polynomial, a, b) if smooth and piece.polynomial is not None else None
            )
            if found is not None and 2 * found.rad() <= tolerance * (b - a):
                total += found
                continue
            own = target.enclose(a.union(b))
            gap = own - (
                ball_range(network, piece.left, piece.right)
                if piece.polynomial is None
                else piece.polynomial(a.union(b))
            )
            plain = _between(arb(0), (b - a) * gap * gap)
            narrow = bool(plain.rad() <= arb(2.0**-48) * size)
            if narrow or depth >= _DEPTH or piece.polynomial is None:
                total += found if found is not None and found.rad() < plain.rad() else plain
                continue
            middle = ((a + b) / 2).mid()
            stack += [(middle, b, depth + 1), (a, middle, depth + 1)]
    return total


def _taylor(target: Target, polynomial: Any, a: Any, b: Any) -> Any:
    """Return a ball around the integral of (target − polynomial)² from a series with Lagrange remainder, or None."""
    assert target.enclosure is not None
    former = flint.ctx.cap
    flint.ctx.cap = _ORDER + 1
    try:
        middle, half = (a + b) / 2, (b - a) / 2
        centre = target.enclose(arb_series([middle, arb(1)], prec=_ORDER))
        around = target.enclose(arb_series([a.union(b), arb(1)], prec=_ORDER + 1))
    finally:
        flint.ctx.cap = former
    if not (isinstance(centre, arb_series) and isinstance(around, arb_series)):
        return None
    series = [centre[k] for k in range(_ORDER)]
    if not (around[_ORDER].is_finite() and all(c.is_finite() for c in series)):
        return None
    residual = arb_poly(series) - polynomial(arb_poly([middle, 1]))
    norm = _root(_integral(residual * residual, -half, half))
    stray = abs(around[_ORDER]).upper() * half**_ORDER * (2 * half / (2 * _ORDER + 1)).sqrt()
    least = (norm - stray).max(arb(0))
    return _between(least * least, (norm + stray) ** 2)


def _integral(polynomial: Any, a: Any, b: Any) -> Any:
    primitive = polynomial.integral()
    return primitive(b) - primitive(a)


def _root(square: Any) -> Any:
    """Return the square root of a ball that is known to be ≥ 0 where it matters."""
    return square.max(arb(0)).sqrt()


def _float_square(network: Network, target: Target) -> float:
    from ratelab.exact._error import error

    return error(network, target) ** 2


def _numerical(network: Network, target: Target) -> Enclosure:
    """Return the error and its change when every cell of the integral is halved."""
    from ratelab.exact._error import error

    value = error(network, target)
    polynomial = piecewise_polynomial(network)
    points = breakpoints(network, target.domain) if polynomial else transition_points(network, target.domain)
    cells = resolved_cells(target).split(points)
    cells = cells.split(0.5 * (cells.edges[1:] + cells.edges[:-1]))
    residual = np.asarray(network(cells.nodes.reshape(-1, 1))).reshape(cells.values.shape) - cells.values
    halved = float(np.sqrt((cells.weights[:, :, None] * residual**2).sum() + cells.dropped.sum()))
    spread = 2 * abs(halved - value) + 1e-9 * value
    return Enclosure(max(value - spread, 0.0), value + spread, "numerical")
