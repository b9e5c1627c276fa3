"""Best approximation: certified lower bounds, best splines in hand, brackets (row 4)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "LowerBound": "._lower",
    "exact_zero": "._zero",
    "lower_bounds": "._lower",
    "pieces_bound": "._classes",
    "spline_pieces": "._classes",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.best._classes import pieces_bound, spline_pieces
    from ratelab.best._lower import LowerBound, lower_bounds
    from ratelab.best._zero import exact_zero

__all__ = [
    "LowerBound",
    "exact_zero",
    "lower_bounds",
    "pieces_bound",
    "spline_pieces",
]
