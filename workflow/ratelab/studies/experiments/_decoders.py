"""What decoders cost and reach: bits and errors against the number of cells, and where float64 breaks.

The values of K cells are drawn uniformly from [−1, 1]. Every error is relative to the largest of them. Next to the
library's decoders, which prove their errors, the parameters of the closed form are rounded to float64 and evaluated
there, and cells are located in float64 with ever narrower ramps: what the library refuses to do.
"""

from math import ceil, log2
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ratelab.networks import FloatDecoder, GradeCode, decoder, fraction, rational
from ratelab.registry import Progress, Registry
from ratelab.spaces import layerwise_sizes
from ratelab.studies.experiments._decoders_localisation import breakdown
from ratelab.studies.experiments._layer_parameters import Decoders

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

_CLOSED = ("closed_outer_bits", "closed_inner_bits", "closed_precision", "closed_error", "rounded_error")

_LONG_NAMES = {
    "cells": "number K of cells, each with a random value",
    "accuracy_bits": "m of the accuracy 2^-m, relative to the largest value",
    "closed_outer_bits": "binary digits of v in the closed form of two sines",
    "closed_inner_bits": "binary digits of w in the closed form",
    "closed_precision": "bits of working precision at which the closed form is decoded",
    "closed_error": "proved bound of the closed form's error over the largest value",
    "taylor_bits": "2 K^2 log2 K: digits of v in a closed form by Taylor polynomials, not built",
    "lattice_bits": "binary digits of v of the lattice code (-1: not asked for)",
    "lattice_error": "proved bound of the lattice code's error over the largest value (NaN: not asked for)",
    "counting_bits": "K m: no code of K independent values to accuracy 2^-m does with fewer bits",
    "counting_bits_parameter": "counting_bits at the finest accuracy over the real coefficients of the hidden layers "
    "of the network with N = 2, one variable and at least K cells",
    "float_error": "proved bound of the best float64 code's error over the largest value (NaN: not asked for)",
    "rounded_error": "largest error over the largest value when u, v, w of the closed form are rounded to float64 and "
    "evaluated there (NaN: v exceeds float64)",
    "base": "base N of the localisation",
    "level": "number of digits located",
    "ramp_bits": "m of the ramp width 2^-m",
    "located_deviation": "largest distance of a position in float64 from the number of its cell, outside the ramps",
    "located_wrong": "share of the points outside the ramps whose rounded position is another cell",
    "located_points": "points outside the ramps: random ones and the edges of cells",
    "ramps_length": "length of all ramps of levels up to this one",
}


def run(parameters: Decoders, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Encode random values in every way, locate points in float64, and return everything."""
    import xarray as xr

    accuracies = list(parameters.accuracy_bits)
    columns: dict[str, list[Any]] = {}
    for index, cells in enumerate(parameters.cells):
        progress(index, len(parameters.cells) + 1)
        for name, value in _codes(cells, parameters).items():
            columns.setdefault(name, []).append(value)
    progress(len(parameters.cells), len(parameters.cells) + 1)
    points = np.random.default_rng([parameters.seed, 0]).uniform(size=parameters.points)
    located = breakdown(parameters.bases, parameters.levels, parameters.ramp_bits, points)
    place = ("base", "level", "ramp_bits")
    count = np.array(parameters.cells)
    variables: dict[str, Any] = {
        name: (("cells", "accuracy_bits") if np.ndim(values[0]) else "cells", np.array(values))
        for name, values in columns.items()
    }
    variables |= {
        "taylor_bits": ("cells", 2.0 * count**2 * np.log2(count)),
        "counting_bits": (("cells", "accuracy_bits"), np.outer(count, accuracies)),
        "counting_bits_parameter": (
            "cells",
            np.array([cells * accuracies[-1] / _coefficients(cells) for cells in parameters.cells]),
        ),
    }
    names = ("located_deviation", "located_wrong", "located_points", "ramps_length")
    variables |= {name: (place, table) for name, table in zip(names, located, strict=True)}
    dataset = xr.Dataset(
        variables,
        coords={
            "cells": count,
            "accuracy_bits": accuracies,
            "base": list(parameters.bases),
            "level": np.arange(1, parameters.levels + 1),
            "ramp_bits": list(parameters.ramp_bits),
        },
        attrs={"seed": parameters.seed},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    progress(1, 1)
    return dataset


def random_values(seed: int, cells: int) -> Array:
    """Return the values of the cells, uniform in [−1, 1]."""
    return np.random.default_rng([seed, cells]).uniform(-1.0, 1.0, cells)


def rounded_error(code: GradeCode, values: Array) -> float:
    """Return the largest |u sin(v sin(w k)) − value k| with u, v, w rounded to float64, over the largest |value|.

    NaN if one of them is larger than float64 holds.
    """
    try:
        scale, inner, outer = (float(fraction(number)) for number in (code.scale, code.inner, code.outer))
    except OverflowError:
        return float("nan")
    decoded = scale * np.sin(outer * np.sin(inner * np.arange(1, len(values) + 1)))
    return float(np.abs(decoded - values).max() / np.abs(values).max())


def _codes(cells: int, parameters: Decoders) -> dict[str, Any]:
    """Return the columns of one number of cells."""
    values = random_values(parameters.seed, cells)
    given = [rational(float(value)) for value in values]
    largest = float(np.abs(values).max())
    rows: dict[str, list[float]] = {name: [] for name in (*_CLOSED, "lattice_bits", "lattice_error")}
    for bits in parameters.accuracy_bits:
        closed = decoder("closed-form").encode(given, 2.0**-bits)
        found = (
            _digits(closed.outer), _digits(closed.inner), closed.precision, closed.tolerance / largest,
            rounded_error(closed, values),
        )  # fmt: skip
        for name, value in zip(_CLOSED, found, strict=True):
            rows[name].append(value)
        lattice = decoder("lattice").encode(given, 2.0**-bits) if cells <= parameters.lattice_cells else None
        rows["lattice_bits"].append(-1 if lattice is None else _digits(lattice.outer))
        rows["lattice_error"].append(np.nan if lattice is None else lattice.tolerance / largest)
    in_float = np.nan
    if cells <= parameters.float_cells:
        in_float = FloatDecoder().best(given).tolerance / largest
    return {**rows, "float_error": in_float}


def _digits(value: fmpq) -> int:
    """Return how many binary digits a dyadic number has, before and after the point, zeros at neither end counted."""
    return int(value.p.bit_length()) if value.p else 0


def _coefficients(cells: int) -> int:
    """Return the real coefficients of the hidden layers with N = 2 in one variable and at least that many cells."""
    return layerwise_sizes(1, 2, ceil(log2(cells))).parameters
