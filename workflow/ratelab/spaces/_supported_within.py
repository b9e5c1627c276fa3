"""The coarsest grid with which a supported network is within an accuracy, in value and in support."""

from fractions import Fraction

from ratelab._errors import UserError
from ratelab.registry import Target
from ratelab.spaces._support_sizes import MARGIN, grid_spacing
from ratelab.spaces._supported import LIMIT, SupportedNetwork, assembled, kept
from ratelab.spaces._supported_build import METHODS, Method
from ratelab.spaces._supported_grid import checked_number

_ROOM = 1 - Fraction(1, 1 << 30)
"""The rest of the accuracy is for the shift."""


def supported_within(
    target: Target,
    accuracy: "float | Fraction",
    method: Method = "mask",
    *,
    certify: bool = True,
    limit: int = LIMIT,
) -> SupportedNetwork:
    """Build the network of the largest spacing 2^(−m) that is proved within ε of a target, in value and support.

    The largest h with L·h·√d/2 ≤ ε and √d·h + δ ≤ ε, δ = h/4 for masks and gates and 0 for hats: then |f̂ − f| ≤ ε
    everywhere, and the support of f̂ lies in {x : |x − S| ≤ ε}, Euclidean distances. That of a mask holds S as well;
    hats may miss parts of it, and of the support of a gate no more is known.

    Parameters
    ----------
    target
        With a support S and a Lipschitz constant L.
    accuracy
        ε > 0.
    method, certify, limit
        As for `supported`.

    Raises
    ------
    UserError
        As `supported`, and if the target has no Lipschitz constant.
    """
    return kept(assembled_within(target, accuracy, method, certify=certify, limit=limit))


def assembled_within(
    target: Target,
    accuracy: "float | Fraction",
    method: Method = "mask",
    *,
    certify: bool = True,
    limit: int = LIMIT,
) -> SupportedNetwork:
    """Return what `supported_within` returns, before it is asserted that every bound holds."""
    room = checked_number(accuracy, "accuracy")
    if method not in METHODS:
        raise UserError(f"method is '{method}'; allowed: {', '.join(METHODS)}")
    if target.lipschitz is None:
        raise UserError(
            f"target '{target.name}' declares no Lipschitz constant, so no spacing is known to reach an accuracy; "
            "allowed: targets with `lipschitz`, or `supported` with a spacing"
        )
    margin = MARGIN if method in ("mask", "gate") else Fraction(0)
    spacing = grid_spacing(target.dimension, target.lipschitz, room * _ROOM, room, margin)
    return assembled(target, spacing, method, certify=certify, limit=limit)
