"""Proofs that an analytic network is not the zero function, and which activations such proofs are for.

A real-analytic function on R^d that is not 0 somewhere is 0 on a null set only (identity theorem; Mityagin, The zero
set of a real analytic function). So one ball without 0 proves that the support is all of R^d. A float that is 0
proves nothing, and none is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.exact._leak_balls import ball_layers, ball_values, working_precision
from ratelab.networks import Network, fraction, rational
from ratelab.networks._ball import ball
from ratelab.registry import Activation

VanishingClass = Literal["analytic", "piecewise linear", "piecewise polynomial", "other"]
Status = Literal["certified", "uncertified", "undecided"]

_PRECISIONS = (53, 128, 256, 512, 1024, 2048)
_POINTS = 3
_BITS = 20
_STEP = 648_055  # odd, near 2^20 / golden ratio: multiples spread evenly and repeat only after 2^20


@dataclass(frozen=True)
class NonzeroCertificate:
    """Whether it is proved that a network vanishes on a null set only, so that its support is all of R^d.

    Parameters
    ----------
    status
        ``certified``: some output is; ``undecided``: every ball contains 0, as for the zero network;
        ``uncertified``: no such proof exists for this network, see `reason`.
    point
        Where the ball was evaluated, d rationals; None without certificate.
    value
        The first ball without 0 as text; empty without certificate.
    precision
        Bits that sufficed; None without certificate.
    reason
        One sentence.
    outputs
        The status of each output.
    """

    status: Status
    point: tuple[Fraction, ...] | None
    value: str
    precision: int | None
    reason: str
    outputs: tuple[Status, ...]

    def __bool__(self) -> bool:
        """Whether the status is ``certified``."""
        return self.status == "certified"


def vanishing_class(activation: Activation) -> VanishingClass:
    """Return whether an activation is analytic, hence with it every network, or what else it is.

    ``analytic`` holds for polynomials too. Networks of a ``piecewise linear`` or ``piecewise polynomial`` activation
    (degree r, with a true knot) can vanish on open sets without being 0: their differences of order r + 1 have
    compact support. Of ``other`` ones nothing is known here.
    """
    if activation.regularity == "analytic":
        return "analytic"
    polynomial = activation.polynomial
    if polynomial is None:
        return "other"
    pieces = {_trimmed(row) for row in polynomial.coefficients}
    if len(pieces) == 1:
        return "analytic"
    return "piecewise linear" if max(map(len, pieces)) <= 2 else "piecewise polynomial"


def vanishes_on_open_sets(activation: Activation) -> bool | None:
    """Return whether the activation itself is 0 on an open set; None where nothing is known.

    An analytic activation is taken not to be the zero function.
    """
    if activation.regularity == "analytic":
        return False
    polynomial = activation.polynomial
    if polynomial is None:
        return None
    return any(not _trimmed(row) for row in polynomial.coefficients)


def _trimmed(coefficients: Sequence[Any]) -> tuple[Any, ...]:
    """Return ascending coefficients without zeros at the end."""
    result = list(map(rational, coefficients))
    while result and not result[-1]:
        result.pop()
    return tuple(map(str, result))


def nonzero(network: Network, points: Any = None) -> NonzeroCertificate:
    """Prove that an analytic network is not the zero function, by one ball without 0.

    Parameters
    ----------
    network
        Analytic or polynomial activations, with or without poolings; float64 and rational weights are exact.
    points
        Where to evaluate (m, d), finite numbers; None for three fixed dyadic points. Precision rises from 53 to 2048
        bits.

    Returns
    -------
    NonzeroCertificate
        Certified: the network is non-zero almost everywhere and its essential support is R^d (for several outputs
        that of the vector; `outputs` says which).

    Raises
    ------
    UserError
        If the points have another dimension or are not finite.
    """
    places = _places(network, points)
    obstacle = obstruction(network)
    if obstacle:
        none: tuple[Status, ...] = tuple("uncertified" for _ in range(network.outputs))
        return NonzeroCertificate("uncertified", None, "", None, obstacle, none)
    first: tuple[tuple[Fraction, ...], str, int] | None = None
    proved = [False] * network.outputs
    for bits in _PRECISIONS:
        with working_precision(bits):
            layers = ball_layers(network)
            for place in places:
                row = ball_values(layers, [[ball(rational(x)) for x in place]])[0]
                for index, value in enumerate(row):
                    if excludes_zero(value):
                        proved[index] = True
                        if first is None:
                            first = place, value.str(6), bits
                if all(proved):
                    break
        if all(proved) or (first is not None and bits >= _PRECISIONS[2]):
            break
    statuses: tuple[Status, ...] = tuple("certified" if p else "undecided" for p in proved)
    if first is None:
        reason = f"every ball up to {_PRECISIONS[-1]} bits contains 0: the network may be the zero function"
        return NonzeroCertificate("undecided", None, "", None, reason, statuses)
    reason = "an analytic function that is not 0 at one point vanishes on a null set only"
    return NonzeroCertificate("certified", *first, reason, statuses)


def obstruction(network: Network) -> str:
    """Return why no ball can prove that a network vanishes on a null set only, or the empty text."""
    used = {a.name: a for layer in network.layers for a in layer.activations}
    for name, activation in sorted(used.items()):
        kind = vanishing_class(activation)
        if kind in ("piecewise linear", "piecewise polynomial"):
            return (
                f"activation '{name}' is {kind}: networks of it can vanish on open sets without being 0, "
                "so one non-zero value decides nothing"
            )
        if kind == "other":
            return f"activation '{name}' is not declared analytic, so one non-zero value decides nothing"
    for name, activation in sorted(used.items()):
        if activation.ball is None and activation.polynomial is None:
            return f"activation '{name}' declares no 'ball', so no value of the network is enclosed"
    return ""


def excludes_zero(value: Any) -> bool:
    """Return whether a ball is finite and does not contain 0."""
    return bool(value.is_finite()) and bool(value > 0 or value < 0)


def _places(network: Network, points: Any) -> list[tuple[Fraction, ...]]:
    if points is None:
        size = 2**_BITS
        return [
            tuple(
                Fraction((_STEP * (1 + i + k * network.inputs)) % size, size // 2) - 1
                for i in range(network.inputs)
            )
            for k in range(_POINTS)
        ]
    given = np.array(points, dtype=object, ndmin=1)
    if given.ndim != 2 or given.shape[1] != network.inputs or not len(given):
        raise UserError(f"points must have shape (m, {network.inputs}) with m ≥ 1; found {given.shape}")
    try:
        return [tuple(fraction(rational(x)) for x in row) for row in given]
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"points must be finite numbers: {error}") from None
