"""Figures of a study, from its datasets alone, as SVG and PDF (row 6)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "Curve": "._curves",
    "activation_curves": "._error_curves",
    "curve_of": "._curves",
    "draw": "._draw",
    "draw_experiment": "._experiments",
    "error_against_work": "._gap",
    "error_curves": "._error_curves",
    "optimiser_gap": "._gap",
    "save": "._style",
    "slope_table": "._slope_table",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.figures._curves import Curve, curve_of
    from ratelab.figures._draw import draw
    from ratelab.figures._error_curves import activation_curves, error_curves
    from ratelab.figures._experiments import draw_experiment
    from ratelab.figures._gap import error_against_work, optimiser_gap
    from ratelab.figures._slope_table import slope_table
    from ratelab.figures._style import save

__all__ = [
    "Curve",
    "activation_curves",
    "curve_of",
    "draw",
    "draw_experiment",
    "error_against_work",
    "error_curves",
    "optimiser_gap",
    "save",
    "slope_table",
]
