"""Best approximation: certified lower bounds, best splines in hand, brackets (row 4)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "Absolute": "._global_losses",
    "Bracket": "._bracket",
    "Certainty": "._class_ends",
    "ClassEnds": "._class_ends",
    "FamilyErrors": "._family_errors",
    "GlobalFit": "._global_fit",
    "Hinge": "._global_losses",
    "Huber": "._global_losses",
    "Logistic": "._global_losses",
    "LowerBound": "._lower",
    "Maximum": "._global_losses",
    "Quantile": "._global_losses",
    "Spline": "._splines",
    "SplineBook": "._book",
    "SplineEnd": "._class_ends",
    "Squared": "._global_losses",
    "approximation_errors": "._family_errors",
    "architecture_end": "._class_ends",
    "architecture_pieces": "._classes",
    "best_polynomial_error": "._polynomials",
    "best_spline": "._book",
    "bracket": "._bracket",
    "brackets": "._bracket",
    "class_ends": "._class_ends",
    "class_name": "._class_ends",
    "class_pieces": "._classes",
    "deep_sawtooth": "._deep_sawtooth",
    "exact_zero": "._zero",
    "free_knot_splines": "._free_knots",
    "global_fit": "._global_fit",
    "lower_bounds": "._lower",
    "matched_bounds": "._matched",
    "mean_brackets": "._mean_norm",
    "partitions": "._global_partitions",
    "pieces_bound": "._classes",
    "spline_pieces": "._classes",
    "subset_sum_bounds": "._shallow",
    "sup_brackets": "._sup_norm",
    "use_splines": "._book",
    "writes_splines": "._splines",
    "zero_pieces": "._bracket",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.best._book import SplineBook, best_spline, use_splines
    from ratelab.best._bracket import Bracket, bracket, brackets, zero_pieces
    from ratelab.best._class_ends import (
        Certainty,
        ClassEnds,
        SplineEnd,
        architecture_end,
        class_ends,
        class_name,
    )
    from ratelab.best._classes import architecture_pieces, class_pieces, pieces_bound, spline_pieces
    from ratelab.best._deep_sawtooth import deep_sawtooth
    from ratelab.best._family_errors import FamilyErrors, approximation_errors
    from ratelab.best._free_knots import free_knot_splines
    from ratelab.best._global_fit import GlobalFit, global_fit
    from ratelab.best._global_losses import Absolute, Hinge, Huber, Logistic, Maximum, Quantile, Squared
    from ratelab.best._global_partitions import partitions
    from ratelab.best._lower import LowerBound, lower_bounds
    from ratelab.best._matched import matched_bounds
    from ratelab.best._mean_norm import mean_brackets
    from ratelab.best._polynomials import best_polynomial_error
    from ratelab.best._shallow import subset_sum_bounds
    from ratelab.best._splines import Spline, writes_splines
    from ratelab.best._sup_norm import sup_brackets
    from ratelab.best._zero import exact_zero

__all__ = [
    "Absolute",
    "Bracket",
    "Certainty",
    "ClassEnds",
    "FamilyErrors",
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
    "approximation_errors",
    "architecture_end",
    "architecture_pieces",
    "best_polynomial_error",
    "best_spline",
    "bracket",
    "brackets",
    "class_ends",
    "class_name",
    "class_pieces",
    "deep_sawtooth",
    "exact_zero",
    "free_knot_splines",
    "global_fit",
    "lower_bounds",
    "matched_bounds",
    "mean_brackets",
    "partitions",
    "pieces_bound",
    "spline_pieces",
    "subset_sum_bounds",
    "sup_brackets",
    "use_splines",
    "writes_splines",
    "zero_pieces",
]
