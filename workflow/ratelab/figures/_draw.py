"""All figures of a study."""

from pathlib import Path
from typing import TYPE_CHECKING

from ratelab.figures._curves import activation_of, all_curves
from ratelab.figures._error_curves import activation_curves, error_curves
from ratelab.figures._gap import error_against_work, gap_pairs, optimiser_gap
from ratelab.figures._norm_curves import norm_curves
from ratelab.figures._pieces import has_pieces, trained_pieces
from ratelab.figures._slope_table import slope_table
from ratelab.figures._style import save

if TYPE_CHECKING:
    import xarray as xr


def draw(curves: "xr.Dataset", rates: "xr.Dataset", folder: str | Path) -> list[Path]:
    """Draw the figures of a study into `folder` as SVG and PDF, and return the files written.

    Parameters
    ----------
    curves, rates
        The study's `curves.nc` and `rates.nc`.
    folder
        Made if need be. For each complexity: ``errors-…`` (brackets and trained networks), ``slopes-…``
        (slopes against theory), ``activations-…`` if some target has several activations, ``norms-…`` for each q if the
        study asks for norms of approximation spaces, ``gap-…`` if some target with a positive lower end has several
        trainers, ``work-…`` if the study has several milestones besides, and ``pieces-…`` if pieces were counted of
        networks with several hidden layers.
    """
    folder = Path(folder)
    files: list[Path] = []
    for complexity in (str(c) for c in curves["complexity"].values):
        found = all_curves(curves, rates, complexity)
        if not found:
            continue
        files += save(error_curves(curves, rates, complexity), folder / f"errors-{complexity}")
        activations: dict[str, set[str]] = {}
        for curve in found:
            activations.setdefault(curve.target, set()).add(activation_of(curve.network))
        if any(len(names) > 1 for names in activations.values()):
            files += save(activation_curves(curves, rates, complexity), folder / f"activations-{complexity}")
        if any(curve.row is not None for curve in found):
            files += save(slope_table(rates, complexity), folder / f"slopes-{complexity}")
        if "alpha" in rates.dims:
            for q in rates["q"].values.tolist():
                norms = norm_curves(rates.sel(complexity=[complexity]), q)
                files += save(norms, folder / f"norms-{complexity}-q={q:g}") if norms is not None else []
        if gap_pairs(curves, complexity):
            files += save(optimiser_gap(curves, complexity), folder / f"gap-{complexity}")
            if curves.sizes.get("milestone", 0) > 1:
                files += save(error_against_work(curves, complexity), folder / f"work-{complexity}")
        if has_pieces(curves, complexity):
            files += save(trained_pieces(curves, complexity), folder / f"pieces-{complexity}")
    return files
