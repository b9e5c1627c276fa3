"""The coarsest grid with which a supported network is within an accuracy, in value and in support."""

from fractions import Fraction

from ratelab._errors import UserError
from ratelab.exact import check_support
from ratelab.networks._hat_layers import one_number
from ratelab.registry import Target
from ratelab.spaces._support_sizes import MARGIN, grid_spacing
from ratelab.spaces._supported import LIMIT, SupportedNetwork, assembled, check_limit, check_named, kept
from ratelab.spaces._supported_build import Method

_HALVINGS = 3
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
    hats may miss parts of it, and of the support of a gate no more is known. Where cubes of a level set hold no known
    point of S, the distance is enclosed instead, and h is halved, a few times at most, until its upper end is at most
    ε.

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
        As `supported`; if the target has no Lipschitz constant, or its level set is so loosely described (a Lipschitz
        constant far above the true one) that the distance of supports is not proved.
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
    room = one_number("accuracy", accuracy)
    check_named(target, method)
    check_limit(limit)
    if target.lipschitz is None:
        raise UserError(
            f"target '{target.name}' declares no Lipschitz constant, so no spacing is known to reach an accuracy; "
            "allowed: targets with `lipschitz`, or `supported` with a spacing"
        )
    margin = MARGIN if method in ("mask", "gate") else Fraction(0)
    spacing = grid_spacing(target.dimension, target.lipschitz, room * _ROOM, room, margin)
    check_support(target)
    for _ in range(1 + _HALVINGS):
        try:
            found = assembled(target, spacing, method, certify=certify, limit=limit)
        except UserError as error:  # whoever asks for an accuracy has given no spacing
            raise UserError(
                f"accuracy {float(room):.3g} takes a grid of spacing {float(spacing):.3g} for '{target.name}', which "
                f"is refused ({error}); allowed: larger accuracies, or a larger limit"
            ) from error
        if not found.undecided or found.distance.excess_euclidean[1] <= float(room):
            return found
        if found.undecided > found.cubes / 4:  # finer grids decide no more
            break
        spacing /= 2
    raise UserError(
        f"target '{target.name}': {found.undecided:,} cubes of side {float(found.spacing):.3g} hold no known point of "
        f"its level set, so that an accuracy of {float(room):.3g} is not proved for the support; allowed: a Lipschitz "
        "constant of the level set's function near the true one, or larger accuracies"
    )
