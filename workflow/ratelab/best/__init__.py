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
    from ratelab.best._lower import LowerBound, lower_bounds
    from ratelab.best._polynomials import best_polynomial_error
    from ratelab.best._splines import Spline, writes_splines
    from ratelab.best._zero import exact_zero

__all__ = [
    "Bracket",
    "Certainty",
    "ClassEnds",
    "LowerBound",
    "Spline",
    "SplineBook",
    "SplineEnd",
    "best_polynomial_error",
    "best_spline",
    "bracket",
    "brackets",
    "class_ends",
    "class_name",
    "class_pieces",
    "exact_zero",
    "free_knot_splines",
    "lower_bounds",
    "pieces_bound",
    "spline_pieces",
    "use_splines",
    "writes_splines",
    "zero_pieces",
]
