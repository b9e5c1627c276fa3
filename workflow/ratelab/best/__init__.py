"""Best approximation: certified lower bounds, best splines in hand, brackets (row 4)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "Bracket": "._bracket",
    "Spline": "._splines",
    "SplineBook": "._book",
    "best_spline": "._book",
    "bracket": "._bracket",
    "brackets": "._bracket",
    "free_knot_splines": "._free_knots",
    "use_splines": "._book",
    "writes_splines": "._splines",
    "zero_pieces": "._bracket",
    "Certainty": "._class_ends",
    "ClassEnds": "._class_ends",
    "SplineEnd": "._class_ends",
    "best_polynomial_error": "._polynomials",
    "class_ends": "._class_ends",
    "class_name": "._class_ends",
    "class_pieces": "._classes",
    "LowerBound": "._lower",
    "GlobalFit": "._global_fit",
    "global_fit": "._global_fit",
    "Absolute": "._global_losses",
    "Hinge": "._global_losses",
    "Huber": "._global_losses",
    "Logistic": "._global_losses",
    "Maximum": "._global_losses",
    "Quantile": "._global_losses",
    "Squared": "._global_losses",
    "partitions": "._global_partitions",
    "exact_zero": "._zero",
    "lower_bounds": "._lower",
    "pieces_bound": "._classes",
    "spline_pieces": "._classes",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.best._book import SplineBook, best_spline, use_splines
    from ratelab.best._bracket import Bracket, bracket, brackets, zero_pieces
    from ratelab.best._class_ends import Certainty, ClassEnds, SplineEnd, class_ends, class_name
    from ratelab.best._classes import class_pieces, pieces_bound, spline_pieces
    from ratelab.best._free_knots import free_knot_splines
    from ratelab.best._global_fit import GlobalFit, global_fit
    from ratelab.best._global_losses import (
        Absolute,
        Hinge,
        Huber,
        Logistic,
        Maximum,
        Quantile,
        Squared,
    )
    from ratelab.best._global_partitions import partitions
    from ratelab.best._lower import LowerBound, lower_bounds
    from ratelab.best._polynomials import best_polynomial_error
    from ratelab.best._splines import Spline, writes_splines
    from ratelab.best._zero import exact_zero

__all__ = [
    "Absolute",
    "Bracket",
    "Certainty",
    "ClassEnds",
    "GlobalFit",
    "Hinge",
    "Huber",
    "Logistic",
    "LowerBound",
    "Maximum",
    "Quantile",
    "Spline",
    "SplineBook",
    "SplineEnd",
    "Squared",
    "best_polynomial_error",
    "best_spline",
    "bracket",
    "brackets",
    "class_ends",
    "class_name",
    "class_pieces",
    "exact_zero",
    "free_knot_splines",
    "global_fit",
    "lower_bounds",
    "partitions",
    "pieces_bound",
    "spline_pieces",
    "use_splines",
    "writes_splines",
    "zero_pieces",
]
