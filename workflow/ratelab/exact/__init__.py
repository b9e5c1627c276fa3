"""Exact and certified evaluation: cells, moments, integrals, errors (row 2)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "CellMoments": "._moments",
    "cell_edges": "._cell_edges",
    "cell_moments": "._moments",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.exact._cell_edges import cell_edges
    from ratelab.exact._moments import CellMoments, cell_moments

__all__ = [
    "CellMoments",
    "cell_edges",
    "cell_moments",
]
