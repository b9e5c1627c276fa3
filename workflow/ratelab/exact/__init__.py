"""Exact and certified evaluation: cells, moments, integrals, errors (row 2)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "check_target": "._check_target",
    "CellMoments": "._moments",
    "Enclosure": "._certified_error",
    "breakpoints": "._breakpoints",
    "cell_edges": "._cell_edges",
    "cell_moments": "._moments",
    "certified_error": "._certified_error",
    "error": "._error",
    "nodes": "._nodes",
    "transition_points": "._breakpoints",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.exact._breakpoints import breakpoints, transition_points
    from ratelab.exact._cell_edges import cell_edges
    from ratelab.exact._certified_error import Enclosure, certified_error
    from ratelab.exact._check_target import check_target
    from ratelab.exact._error import error
    from ratelab.exact._moments import CellMoments, cell_moments
    from ratelab.exact._nodes import nodes

__all__ = [
    "CellMoments",
    "Enclosure",
    "breakpoints",
    "cell_edges",
    "cell_moments",
    "certified_error",
    "check_target",
    "error",
    "nodes",
    "transition_points",
]
