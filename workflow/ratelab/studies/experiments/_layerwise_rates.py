"""Error of every readout against its layer, what the bound (2d + 1)·ω pays for, and how loose it is.

For each target and base one network with a closed-form decoder serves the levels with few cells; from there on one
with a table does. Every error is a bracket: decoded values integrated over all cells, plus or minus what ramps change.
"""

from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab._errors import UserError
from ratelab.registry import Progress, Registry, Target
from ratelab.spaces import LayerwiseApproximation, LayerwiseGrade, cell_levels, layerwise_of_levels
from ratelab.studies.experiments._layer_parameters import LayerwiseRates

if TYPE_CHECKING:
    import xarray as xr

DECODERS = {"closed_form": 1, "table": 2}

_LONG_NAMES = {
    "target": "function on the unit cube",
    "base": "N: cells of level l have side N^-l",
    "norm": "exponent p of the norm",
    "level": "level l of the readout",
    "variables": "number of variables d",
    "exponent": "alpha with modulus of continuity at most a constant times t^alpha in that norm, as declared",
    "error_low": "lower end of the Lp error of readout l",
    "error_high": "upper end of the Lp error of readout l, ramps included",
    "averages_low": "lower end of the Lp distance from the cell averages",
    "averages_high": "upper end of the Lp distance from the cell averages",
    "averages_bound": "2^(1/p) d times the modulus: bounds the distance from the averages (derived)",
    "decoder_error": "largest distance of a decoded value from the average of its cell",
    "trifling": "what the ramps may add to the error, at most",
    "region": "measure of all ramps up to level l",
    "modulus": "modulus of continuity at N^-l in Lp, lower end by averages on a fine grid",
    "bound": "(2d + 1) times the modulus",
    "ratio": "upper end of the error over the bound",
    "slope": "negative slope of the upper end of the error from level l - 1 to l, in powers of N",
    "cells": "N^(dl) cells (-1: more than allowed)",
    "width": "neurons in every hidden layer",
    "parameters": "real coefficients up to readout l with its head, whose bits are not counted (-1: not built)",
    "bits": "bits of the longest parameter up to readout l (-1: not built)",
    "decoder": "how cell values are stored (0: not built)",
    "certainty": "whether the bracket of the error is rigorous (1) or numerical (2); 0: not built",
}
_PER_GRADE = {
    "decoder_error": "decoder_error", "trifling": "trifling", "region": "region", "modulus": "modulus",
    "bound": "bound", "averages_bound": "averages_bound", "ratio": "ratio",
}  # fmt: skip
_ENDS = {"error": "error", "averages": "averages_error"}
_WHOLE = ("cells", "parameters", "bits")


def run(parameters: LayerwiseRates, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Build the networks and account for every readout."""
    import xarray as xr

    targets = [registry.targets[label] for label in parameters.targets]
    shape = (len(targets), len(parameters.bases), len(parameters.norms), parameters.grades + 1)
    names = [*_PER_GRADE, *(f"{kind}_{end}" for kind in _ENDS for end in ("low", "high")), "slope"]
    real = {name: np.full(shape, nan) for name in names}
    whole = {name: np.full((shape[0], shape[1], shape[3]), -1, np.int64) for name in _WHOLE}
    width = np.zeros(shape[:2], np.int64)
    flags = {name: np.zeros((shape[0], shape[1], shape[3]), np.int8) for name in ("decoder", "certainty")}
    total = len(targets) * len(parameters.bases)
    for row, target in enumerate(targets):
        for column, base in enumerate(parameters.bases):
            built = _built(target, base, parameters.norms[0], parameters)
            for norm, p in enumerate(parameters.norms):
                for found in built if norm == 0 else [one.in_norm(p) for one in built]:
                    _enter(found, real, whole, flags, (row, column, norm))
                width[row, column] = built[0].network.width
            progress(row * len(parameters.bases) + column + 1, total)
    steps = np.log(np.array(parameters.bases, dtype=float))[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = -np.diff(np.log(real["error_high"]), axis=3) / steps
    real["slope"][..., 1:] = np.where(np.isfinite(slopes), slopes, nan)
    axes = ("target", "base", "norm", "level")
    exponents = np.array([[_exponent(target, p) for p in parameters.norms] for target in targets])
    dataset = xr.Dataset(
        {name: (axes, values) for name, values in real.items()}
        | {name: (("target", "base", "level"), values) for name, values in (whole | flags).items()}
        | {
            "width": (("target", "base"), width),
            "exponent": (("target", "norm"), exponents),
            "variables": ("target", np.array([target.dimension for target in targets])),
        },
        coords={
            "target": np.array(parameters.targets, dtype=object),
            "base": list(parameters.bases),
            "norm": list(parameters.norms),
            "level": np.arange(parameters.grades + 1),
        },
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    for name, meanings in (("decoder", DECODERS), ("certainty", {"rigorous": 1, "numerical": 2})):
        dataset[name].attrs["flag_values"] = np.array(list(meanings.values()), dtype=np.int8)
        dataset[name].attrs["flag_meanings"] = " ".join(meanings)
    return dataset


def _built(target: Target, base: int, p: float, parameters: LayerwiseRates) -> list[LayerwiseApproximation]:
    """Return the network with two sines, and the one with a table, accounted for from where the first ends."""
    growth = base**target.dimension
    allowed, key = (
        (parameters.cells, "cells") if target.dimension < 3 else (parameters.cells_in_space, "cells_in_space")
    )
    most = _grades(growth, allowed, parameters.grades)
    if most < 1:
        raise UserError(
            f"experiment 'layerwise-rates': base {base} in {target.dimension} variables has {growth} cells at level 1; "
            f"allowed: at most {allowed}, the parameter {key}"
        )
    few = min(most, _grades(growth, parameters.decoded_cells, parameters.grades))
    levels = cell_levels(target, base, most)
    found = [layerwise_of_levels(target, levels, few, p, "closed-form")] if few else []
    if most > few:
        found.append(layerwise_of_levels(target, levels, most, p, "table", few + 1 if few else 0))
    return found


def _grades(growth: int, cells: int, most: int) -> int:
    grades = 0
    while grades < most and growth ** (grades + 1) <= cells:
        grades += 1
    return grades


def _enter(
    found: LayerwiseApproximation, real: dict[str, Any], whole: dict[str, Any], flags: dict[str, Any],
    place: tuple[int, int, int],
) -> None:  # fmt: skip
    row, column, _ = place
    code = DECODERS["closed_form" if found.network.decoder.name == "closed-form" else "table"]
    for grade in found.grades:
        at = (*place, grade.level)
        for name, attribute in _PER_GRADE.items():
            real[name][at] = getattr(grade, attribute)
        for name, attribute in _ENDS.items():
            real[f"{name}_low"][at], real[f"{name}_high"][at] = getattr(grade, attribute)
        _whole(grade, whole, flags, (row, column, grade.level), code)


def _whole(
    grade: LayerwiseGrade,
    whole: dict[str, Any],
    flags: dict[str, Any],
    at: tuple[int, int, int],
    decoder: int,
) -> None:
    for name in _WHOLE:
        whole[name][at] = getattr(grade, name)
    flags["decoder"][at] = decoder
    flags["certainty"][at] = 1 if grade.certainty == "rigorous" else 2


def _exponent(target: Target, p: float) -> float:
    """Return α of the modulus in L_p: the Hölder exponent, 1/p for jumps along smooth sets; NaN if nothing is declared.

    An algebraic singularity may have a larger exponent in L_p, which the target does not declare.
    """
    known = target.smoothness
    if known is None:
        return nan
    return known.hoelder if known.hoelder > 0 else 1 / p
