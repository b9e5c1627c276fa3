"""Exact structure and certified evaluation: pieces, cells, representation, distances, moments, errors (row 2)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "CellAverages": "._cell_averages",
    "CellMoments": "._moments",
    "Cells": "._cells_of",
    "Count": "._cells_of",
    "Distance": "._distance",
    "Enclosure": "._certified_error",
    "LatticeForm": "._lattice",
    "LimitReached": "._cells_of",
    "PiecewiseLinear": "._piecewise_linear",
    "Polynomial2": "._distance_polynomials",
    "Representation": "._represent",
    "StepError": "._step_error",
    "SubsetSum": "._subset_sum",
    "breakpoints": "._breakpoints",
    "cell_averages": "._cell_averages",
    "cell_edges": "._cell_edges",
    "cell_moments": "._moments",
    "cells": "._count",
    "certified_error": "._certified_error",
    "check_exponent": "._step_error",
    "check_target": "._check_target",
    "count_pieces": "._count",
    "distance": "._distance",
    "error": "._error",
    "indicator_error": "._indicator_error",
    "largest_grid": "._grid_mesh",
    "lattice": "._lattice",
    "lattice_form": "._lattice",
    "nodes": "._nodes",
    "piecewise_linear": "._line",
    "reduce_arity": "._arity",
    "represent": "._represent",
    "represent_cells": "._represent_cells",
    "represent_cells_bound": "._represent_cells",
    "step_error": "._step_error",
    "step_errors": "._step_error",
    "subset_sum": "._subset_sum",
    "target_norm": "._target_norm",
    "transition_points": "._breakpoints",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.exact._arity import reduce_arity
    from ratelab.exact._breakpoints import breakpoints, transition_points
    from ratelab.exact._cell_averages import CellAverages, cell_averages
    from ratelab.exact._cell_edges import cell_edges
    from ratelab.exact._cells_of import Cells, Count, LimitReached
    from ratelab.exact._certified_error import Enclosure, certified_error
    from ratelab.exact._check_target import check_target
    from ratelab.exact._count import cells, count_pieces
    from ratelab.exact._distance import Distance, distance
    from ratelab.exact._distance_polynomials import Polynomial2
    from ratelab.exact._error import error
    from ratelab.exact._grid_mesh import largest_grid
    from ratelab.exact._indicator_error import indicator_error
    from ratelab.exact._lattice import LatticeForm, lattice, lattice_form
    from ratelab.exact._line import piecewise_linear
    from ratelab.exact._moments import CellMoments, cell_moments
    from ratelab.exact._nodes import nodes
    from ratelab.exact._piecewise_linear import PiecewiseLinear
    from ratelab.exact._represent import Representation, represent
    from ratelab.exact._represent_cells import represent_cells, represent_cells_bound
    from ratelab.exact._step_error import StepError, check_exponent, step_error, step_errors
    from ratelab.exact._subset_sum import SubsetSum, subset_sum
    from ratelab.exact._target_norm import target_norm

__all__ = [
    "CellAverages",
    "CellMoments",
    "Cells",
    "Count",
    "Distance",
    "Enclosure",
    "LatticeForm",
    "LimitReached",
    "PiecewiseLinear",
    "Polynomial2",
    "Representation",
    "StepError",
    "SubsetSum",
    "breakpoints",
    "cell_averages",
    "cell_edges",
    "cell_moments",
    "cells",
    "certified_error",
    "check_exponent",
    "check_target",
    "count_pieces",
    "distance",
    "error",
    "indicator_error",
    "largest_grid",
    "lattice",
    "lattice_form",
    "nodes",
    "piecewise_linear",
    "reduce_arity",
    "represent",
    "represent_cells",
    "represent_cells_bound",
    "step_error",
    "step_errors",
    "subset_sum",
    "target_norm",
    "transition_points",
]
