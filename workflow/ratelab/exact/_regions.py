"""Regions as users give them: a pair of arrays, a Box, Boxes, pairs (lower, upper); and networks that are none."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import Network
from ratelab.registry import Box, Boxes

FORMS = "a pair of arrays (lower and upper ends of boxes), Box, Boxes"


def check_network(network: Any) -> None:
    """Raise a `UserError` unless this is a network."""
    if not isinstance(network, Network):
        raise UserError(f"network is {type(network).__name__}; allowed: a Network")


def box_ends(region: Any, *, others: str = "") -> tuple[Any, Any]:
    """Return lower and upper ends of boxes as they are given; those of `Boxes` may overlap.

    Parameters
    ----------
    others
        What the caller allows besides.

    Raises
    ------
    UserError
        If it is no region.
    """
    if isinstance(region, Box | Boxes):
        boxes = region.boxes if isinstance(region, Boxes) else (region,)
        return _rows([box.lower for box in boxes]), _rows([box.upper for box in boxes])
    if isinstance(region, tuple | list) and len(region) == 2:
        return region[0], region[1]
    raise UserError(f"region is {type(region).__name__}; allowed: {FORMS}{others}")


def disjoint_ends(region: Box | Boxes) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return ends (m, d), Fractions, of boxes without common interior points that have the same union."""
    from ratelab.exact._support_measure import disjoint_boxes

    pairs = list(disjoint_boxes(region))
    return _rows([low for low, _ in pairs]), _rows([high for _, high in pairs])


def check_dimension(region: Any, network: Network) -> None:
    """Raise a `UserError` unless a region has as many variables as the network has inputs."""
    if region.dimension != network.inputs:
        raise UserError(f"the region has {region.dimension} variables, the network {network.inputs} inputs")


def _rows(rows: list[Any]) -> NDArray[np.object_]:
    return np.array([list(row) for row in rows], dtype=object)
