"""What a construction plugin returned, checked before it is used: the class, the budget, the promise."""

from typing import Any

import numpy as np

from ratelab import exact
from ratelab._errors import UserError
from ratelab.networks import Network
from ratelab.registry import Construction, Promise, Target

_ROUNDING = 1e-14
"""Absolute, for networks whose weights are rounded; what rounding does beyond that is the promise's part."""

_QUADRATURE = {1: 1e-9, 2: 3e-4}
"""Relative accuracy of measured errors in one and two variables; where a target jumps along a curve it is lowest."""


def built(
    construction: Construction, place: str, target: Target, asked: dict[str, Any]
) -> tuple[Network, float, Promise] | None:
    """Build one network and compare it with budget, depth and promise.

    Parameters
    ----------
    construction
        The plugin.
    place
        Which construction for what, for messages.
    target
        The function.
    asked
        The arguments of `build`.

    Returns
    -------
    Network, its L2 error and what was promised (nothing, if the plugin promises nothing); None if the budget is below
    the smallest network of this construction.

    Raises
    ------
    UserError
        If the plugin fails, returns something else, a network outside the class or one that breaks its promise.
    """
    try:
        network = construction.build(**asked)
        promise = construction.promise(**asked) if hasattr(construction, "promise") else Promise()
    except UserError:  # below the smallest network
        return None
    except Exception as error:  # a plugin may fail in any way
        raise UserError(f"{place}: failed: {type(error).__name__}: {error}") from error
    for name, value, kind in (("build", network, Network), ("promise", promise, Promise)):
        if not isinstance(value, kind):
            raise UserError(f"{place}: {name} returned {type(value).__name__}; allowed: a {kind.__name__}")
    size = getattr(network, asked["complexity"])
    if size > asked["budget"] or network.depth > asked["depth"]:
        raise UserError(
            f"{place}: returned a network of {size} {asked['complexity']} and {network.depth} layers"
        )
    if (network.inputs, network.outputs) != (target.dimension, 1):
        raise UserError(
            f"{place}: returned a network of {network.inputs} inputs and {network.outputs} outputs; allowed: "
            f"{target.dimension} and 1"
        )
    if target.dimension == 1 and promise.error < np.inf:
        found = exact.certified_error(network, target)
        check_promise(place, network, (found.lower, found.upper), promise)
        return network, found.upper, promise
    measured = exact.error(network, target)
    check_promise(place, network, (measured, measured), promise)
    return network, measured, promise


def check_promise(place: str, network: Network, error: tuple[float, float], promise: Promise) -> None:
    """Compare a constructed network and its L2 error with what was proved of it.

    Parameters
    ----------
    place
        For messages.
    network, error
        The network, and two ends between which its L2 error lies.
    promise
        What was proved.

    Raises
    ------
    UserError
        If a count or the error is certainly larger than promised, or differs where equality was: a fault of the
        construction.
    """
    proof = f" ({promise.source})" if promise.source else ""
    limits = {"depth": promise.depth, "connections": promise.connections, "neurons": promise.neurons}
    for name, limit in limits.items():
        count = getattr(network, name)
        if limit is not None and (count != limit if promise.attained else count > limit):
            least = "" if promise.attained else "at most "
            raise UserError(f"{place}: {count} {name}, promised {least}{limit}{proof}")
    low, high = error
    if np.isnan(low) or np.isnan(high):
        raise UserError(f"{place}: its error is not a number")
    share = _QUADRATURE[network.inputs]
    if low > promise.error * (1 + share) + _ROUNDING:
        raise UserError(f"{place}: error {low!r}, promised at most {promise.error!r}{proof}")
    if promise.attained and promise.error < np.inf and high < promise.error * (1 - share) - _ROUNDING:
        raise UserError(f"{place}: error {high!r}, promised {promise.error!r}{proof}")
