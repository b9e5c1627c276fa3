"""Exact structure and certified evaluation: pieces, cells, representation, distances, moments, errors (row 2)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "AnnularMasses": "._annular_masses",
    "CellAverages": "._cell_averages",
    "CellMoments": "._moments",
    "Cells": "._cells_of",
    "Count": "._cells_of",
    "Cover": "._cover",
    "CubeUnion": "._cube_union",
    "Distance": "._distance",
    "Enclosure": "._certified_error",
    "HalfSpace": "._half_space",
    "LatticeForm": "._lattice",
    "Leak": "._leak",
    "LeakBound": "._leak_lower",
    "LimitReached": "._cells_of",
    "NonzeroCertificate": "._nonzero",
    "OutsideBoxes": "._support_measure",
    "PiecewiseLinear": "._piecewise_linear",
    "Polynomial2": "._distance_polynomials",
    "Representation": "._represent",
    "StepError": "._step_error",
    "SubsetSum": "._subset_sum",
    "SupportDistance": "._support_distance",
    "SupportErrors": "._support_quadrature",
    "SupportQuadrature": "._support_quadrature",
    "ZeroCertificate": "._vanishes",
    "annular_masses": "._annular_masses",
    "annulus_boxes": "._annular_masses",
    "belongs": "._support_cells",
    "breakpoints": "._breakpoints",
    "cell_averages": "._cell_averages",
    "cell_edges": "._cell_edges",
    "cell_moments": "._moments",
    "cell_quadrature": "._support_quadrature",
    "cells": "._count",
    "certified_error": "._certified_error",
    "check_exponent": "._step_error",
    "check_support": "._support_check",
    "check_target": "._check_target",
    "count_pieces": "._count",
    "cover": "._cover",
    "cut_quadrature": "._support_quadrature",
    "distance": "._distance",
    "error": "._error",
    "indicator_error": "._indicator_error",
    "interval_values": "._interval_values",
    "largest_grid": "._grid_mesh",
    "lattice": "._lattice",
    "lattice_form": "._lattice",
    "leak": "._leak",
    "leak_lower_bound": "._leak_lower",
    "leak_measure": "._support_measure",
    "margin_quadrature": "._support_quadrature",
    "network_values": "._support_quadrature",
    "nodes": "._nodes",
    "nonzero": "._nonzero",
    "outside_boxes": "._support_measure",
    "partial_sums": "._annular_masses",
    "piecewise_linear": "._line",
    "rational_interval_values": "._interval_rational",
    "reduce_arity": "._arity",
    "represent": "._represent",
    "represent_cells": "._represent_cells",
    "represent_cells_bound": "._represent_cells",
    "smallest_cube": "._support_distance",
    "step_error": "._step_error",
    "step_errors": "._step_error",
    "subset_sum": "._subset_sum",
    "support_distance": "._support_distance",
    "support_level": "._support_cells",
    "support_measure": "._support_measure",
    "symmetric_difference": "._support_measure",
    "target_norm": "._target_norm",
    "transition_points": "._breakpoints",
    "vanishes": "._vanishes",
    "vanishes_on_open_sets": "._nonzero",
    "vanishing_class": "._nonzero",
    "witness_weights": "._annular_masses",
    "zero_measure": "._zero_measure",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.exact._annular_masses import (
        AnnularMasses,
        annular_masses,
        annulus_boxes,
        partial_sums,
        witness_weights,
    )
    from ratelab.exact._arity import reduce_arity
    from ratelab.exact._breakpoints import breakpoints, transition_points
    from ratelab.exact._cell_averages import CellAverages, cell_averages
    from ratelab.exact._cell_edges import cell_edges
    from ratelab.exact._cells_of import Cells, Count, LimitReached
    from ratelab.exact._certified_error import Enclosure, certified_error
    from ratelab.exact._check_target import check_target
    from ratelab.exact._count import cells, count_pieces
    from ratelab.exact._cover import Cover, cover
    from ratelab.exact._cube_union import CubeUnion
    from ratelab.exact._distance import Distance, distance
    from ratelab.exact._distance_polynomials import Polynomial2
    from ratelab.exact._error import error
    from ratelab.exact._grid_mesh import largest_grid
    from ratelab.exact._half_space import HalfSpace
    from ratelab.exact._indicator_error import indicator_error
    from ratelab.exact._interval_rational import rational_interval_values
    from ratelab.exact._interval_values import interval_values
    from ratelab.exact._lattice import LatticeForm, lattice, lattice_form
    from ratelab.exact._leak import Leak, leak
    from ratelab.exact._leak_lower import LeakBound, leak_lower_bound
    from ratelab.exact._line import piecewise_linear
    from ratelab.exact._moments import CellMoments, cell_moments
    from ratelab.exact._nodes import nodes
    from ratelab.exact._nonzero import NonzeroCertificate, nonzero, vanishes_on_open_sets, vanishing_class
    from ratelab.exact._piecewise_linear import PiecewiseLinear
    from ratelab.exact._represent import Representation, represent
    from ratelab.exact._represent_cells import represent_cells, represent_cells_bound
    from ratelab.exact._step_error import StepError, check_exponent, step_error, step_errors
    from ratelab.exact._subset_sum import SubsetSum, subset_sum
    from ratelab.exact._support_cells import belongs, support_level
    from ratelab.exact._support_check import check_support
    from ratelab.exact._support_distance import SupportDistance, smallest_cube, support_distance
    from ratelab.exact._support_measure import (
        OutsideBoxes,
        leak_measure,
        outside_boxes,
        support_measure,
        symmetric_difference,
    )
    from ratelab.exact._support_quadrature import (
        SupportErrors,
        SupportQuadrature,
        cell_quadrature,
        cut_quadrature,
        margin_quadrature,
        network_values,
    )
    from ratelab.exact._target_norm import target_norm
    from ratelab.exact._vanishes import ZeroCertificate, vanishes
    from ratelab.exact._zero_measure import zero_measure

__all__ = [
    "AnnularMasses",
    "CellAverages",
    "CellMoments",
    "Cells",
    "Count",
    "Cover",
    "CubeUnion",
    "Distance",
    "Enclosure",
    "HalfSpace",
    "LatticeForm",
    "Leak",
    "LeakBound",
    "LimitReached",
    "NonzeroCertificate",
    "OutsideBoxes",
    "PiecewiseLinear",
    "Polynomial2",
    "Representation",
    "StepError",
    "SubsetSum",
    "SupportDistance",
    "SupportErrors",
    "SupportQuadrature",
    "ZeroCertificate",
    "annular_masses",
    "annulus_boxes",
    "belongs",
    "breakpoints",
    "cell_averages",
    "cell_edges",
    "cell_moments",
    "cell_quadrature",
    "cells",
    "certified_error",
    "check_exponent",
    "check_support",
    "check_target",
    "count_pieces",
    "cover",
    "cut_quadrature",
    "distance",
    "error",
    "indicator_error",
    "interval_values",
    "largest_grid",
    "lattice",
    "lattice_form",
    "leak",
    "leak_lower_bound",
    "leak_measure",
    "margin_quadrature",
    "network_values",
    "nodes",
    "nonzero",
    "outside_boxes",
    "partial_sums",
    "piecewise_linear",
    "rational_interval_values",
    "reduce_arity",
    "represent",
    "represent_cells",
    "represent_cells_bound",
    "smallest_cube",
    "step_error",
    "step_errors",
    "subset_sum",
    "support_distance",
    "support_level",
    "support_measure",
    "symmetric_difference",
    "target_norm",
    "transition_points",
    "vanishes",
    "vanishes_on_open_sets",
    "vanishing_class",
    "witness_weights",
    "zero_measure",
]
