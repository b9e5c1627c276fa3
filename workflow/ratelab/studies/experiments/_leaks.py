"""Analytic networks leak: their L1 error falls with the width while they are non-zero almost everywhere outside.

Random features with a least squares readout for every activation, width and draw. Fitted ReLU networks are an honest
control, since training alone does not find a support either; a window makes an analytic network small outside, never
zero; a mask of cubes makes a ReLU network zero there, certified.
"""

from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import PrecisionError
from ratelab.exact import leak
from ratelab.networks import Network
from ratelab.registry import Progress, Registry, Support, Target
from ratelab.studies.experiments._leaks_measures import BoxMeasures, check_boxes, rounded
from ratelab.studies.experiments._leaks_networks import MASKED, WINDOWED, Found, Maker
from ratelab.studies.experiments._leaks_quadrature import Measured, Quadrature, quadrature
from ratelab.studies.experiments._seed_spread import spread
from ratelab.studies.experiments._served_targets import served_targets
from ratelab.studies.experiments._support_parameters import Leaks

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

CERTIFICATES = {"none": 0, "nonzero": 1, "zero_set_measured": 2, "zero_outside": 3}
"""What is proved: nothing, or the fit failed; non-zero almost everywhere; the measure of the zero set is enclosed, for
piecewise linear networks; zero outside a stated neighbourhood of the support."""

CELLS = {1: 4000, 2: 80, 3: 24}
"""Cells along each axis for the measures of what exceeds a threshold, by number of variables."""
SAMPLES = 32
"""Points at which balls are evaluated."""

_PER_FIT = {
    "l1_error": "L1 error on the target's domain, quadrature",
    "sup_error": "largest error at the quadrature points of the target's domain",
    "leak_low": "share of the smallest box without the support where the network is non-zero, proved lower end",
    "leak_high": "share of the smallest box without the support where the network is non-zero, proved upper end",
}
_LONG_NAMES = {
    "target": "function with a declared support",
    "network": "activation of the fitted network; with a window or a mask",
    "width": "hidden neurons of the fitted network",
    "seed": "draw of the random features",
    "box": "R: leaks are measured on [-R, R]^d without the support",
    "threshold": "m of the threshold 10^-m",
    "degree": "total degree of the polynomial regressor",
    "variables": "number of variables d",
    "connections": "non-zero weight-matrix entries, window or mask included, first draw (-1: the fit failed)",
    "spacing": "side of the mask's cubes",
    "outside": "measure of the box without the support, numerical: by quadrature",
    "outside_low": "measure of the box without the support, proved lower end",
    "outside_high": "measure of the box without the support, proved upper end",
    "reach": "largest distance of a point of the box from the bounds of the support, maximum norm",
    "hausdorff": "upper end of the Hausdorff distance of the supports, maximum norm: infinite where certified non-zero "
    "almost everywhere; NaN: not known",
    "certificate": "what is proved of the network",
    "leak_l1": "integral of |network| over the box without the support, quadrature",
    "leak_l1_median": "median over draws of the leak",
    **_PER_FIT,
    **{f"{name}_median": f"median over draws: {text}" for name, text in _PER_FIT.items()},
    "l1_error_least": "least over draws: L1 error on the target's domain",
    "l1_error_most": "largest over draws: L1 error on the target's domain",
    "effective_float": "share of the largest box without the support where |network| in float64 exceeds the threshold",
    "effective_ball_low": "share of sample points there at which a ball proves that |network| exceeds the threshold",
    "effective_ball_high": "share of sample points there at which no ball proves |network| to be at most the threshold",
    "samples": "sample points of the balls",
    "float_zeros": "points at which the float64 value is 0 that were evaluated in balls",
    "float_zeros_refuted": "those at which a ball proves that the network is not 0",
    "polynomial_connections": "non-zero weight-matrix entries of the polynomial as a network (-1: too large)",
    "polynomial_l1_error": "L1 error of the polynomial on the target's domain",
    "polynomial_sup_error": "largest error of the polynomial at the quadrature points of the domain",
    "polynomial_leak_l1": "integral of |polynomial| over the box without the support",
    "polynomial_certificate": "what is proved of the polynomial",
}


def run(parameters: Leaks, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Fit, certify and measure every network and polynomial."""
    targets = served_targets("leaks", parameters, registry)
    labels = labels_of(parameters)
    tables = _empty(
        {
            "target": len(targets), "network": len(labels), "width": len(parameters.widths),
            "seed": parameters.seeds, "box": len(parameters.boxes), "threshold": len(parameters.thresholds),
            "degree": len(parameters.degrees),
        }
    )  # fmt: skip
    for label, target in zip(parameters.targets, targets, strict=True):
        check_boxes(target, label, parameters.boxes)
    steps, done = len(targets) * (len(labels) * len(parameters.widths) + 1), 0
    for row, target in enumerate(targets):
        assert target.support is not None
        ruler = quadrature(target, parameters.boxes, target.support)
        tables["outside"][1][row] = [ruler.without(radius) for radius in parameters.boxes]
        ends = [rounded(BoxMeasures(target.support, radius).outside) for radius in parameters.boxes]
        for place, end in enumerate(("low", "high")):
            tables[f"outside_{end}"][1][row] = [pair[place] for pair in ends]
        tables["reach"][1][row] = [_reach(target.support, r) for r in parameters.boxes]
        maker = Maker(target, parameters, registry)
        for column, label in enumerate(labels):
            for index in range(len(parameters.widths)):
                for seed in range(parameters.seeds):
                    _network(tables, (row, column, index, seed), maker, label, ruler)
                done += 1
                progress(done, steps)
        for index, degree in enumerate(parameters.degrees):
            polynomial = maker.polynomial(degree)
            if polynomial is not None:
                _polynomial(tables, (row, index), polynomial, target, ruler)
        tables["spacing"][1][row] = [float(maker.spacing(i)) for i in range(len(parameters.widths))]
        done += 1
        progress(done, steps)
    return _dataset(parameters, targets, tables)


def labels_of(parameters: Leaks) -> list[str]:
    """Return the labels of the networks: activations, those with a window, and the mask."""
    return [*parameters.activations, *(name + WINDOWED for name in parameters.windowed), MASKED]


def _empty(sizes: dict[str, int]) -> dict[str, Any]:
    """Return the tables, without numbers."""
    fits = ("target", "network", "width", "seed")
    real = {
        **dict.fromkeys(_PER_FIT, fits), "leak_l1": (*fits, "box"), "hausdorff": fits,
        "spacing": ("target", "width"), "reach": ("target", "box"),
        **{f"outside{end}": ("target", "box") for end in ("", "_low", "_high")},
        **{f"effective_{name}": ("target", "network", "threshold") for name in ("float", "ball_low", "ball_high")},
        "polynomial_l1_error": ("target", "degree"), "polynomial_sup_error": ("target", "degree"),
        "polynomial_leak_l1": ("target", "degree", "box"),
    }  # fmt: skip
    whole = {"connections": ("target", "network", "width"), "polynomial_connections": ("target", "degree")}
    counts = dict.fromkeys(("samples", "float_zeros", "float_zeros_refuted"), ("target", "network"))
    flags = {"certificate": fits, "polynomial_certificate": ("target", "degree")}
    return {
        name: (axes, np.full([sizes[axis] for axis in axes], fill))
        for part, fill in (
            (real, nan),
            (whole, np.int64(-1)),
            (counts, np.int64(0)),
            (flags, np.int8(0)),
        )
        for name, axes in part.items()
    }


def _network(
    tables: dict[str, Any], at: tuple[int, int, int, int], maker: Maker, label: str, ruler: Quadrature
) -> None:  # fmt: skip
    """Write all of one network; nothing if its fit fails, or if floats cannot tell its values."""
    parameters, (_, _, index, seed) = maker.parameters, at
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            found = maker.found(label, index, seed)
            seen = None if found is None else ruler.measured(found.network, found.built)
            if found is None or seen is None or not np.isfinite(seen.values).all():
                return
            _enter(tables, at, found, seen, maker)
            if seed == 0 and index == len(parameters.widths) - 1:
                _thresholds(tables, at[:2], found.network, maker.target, parameters)
    except PrecisionError:
        return


def _enter(
    tables: dict[str, Any], at: tuple[int, int, int, int], found: Found, seen: Measured, maker: Maker
) -> None:  # fmt: skip
    """Write the numbers of one network."""
    errors = seen.errors(maker.target.domain)
    tables["l1_error"][1][at], tables["sup_error"][1][at] = errors.l1, errors.sup
    tables["leak_l1"][1][at] = [seen.leak(radius) for radius in maker.parameters.boxes]
    tables["leak_low"][1][at], tables["leak_high"][1][at] = found.share
    tables["hausdorff"][1][at] = found.hausdorff
    tables["certificate"][1][at] = CERTIFICATES[found.certificate]
    if at[3] == 0:
        tables["connections"][1][at[:3]] = found.network.connections


def _thresholds(
    tables: dict[str, Any], at: tuple[int, int], network: Network, target: Target, parameters: Leaks
) -> None:  # fmt: skip
    """Write where one network exceeds the thresholds."""
    found = leak(
        network, target.support, parameters.boxes[-1], thresholds=[10.0**-m for m in parameters.thresholds],
        cells=CELLS[target.dimension], samples=SAMPLES,
    )  # fmt: skip
    tables["effective_float"][1][at] = found.measures / found.volume
    tables["effective_ball_low"][1][at] = found.ball_shares
    tables["effective_ball_high"][1][at] = found.ball_shares + found.ball_undecided / max(found.samples, 1)
    tables["samples"][1][at] = found.samples
    tables["float_zeros"][1][at] = found.zeros_checked
    tables["float_zeros_refuted"][1][at] = found.zeros_refuted


def _polynomial(
    tables: dict[str, Any], at: tuple[int, int], found: Found, target: Target, ruler: Quadrature
) -> None:  # fmt: skip
    """Write the numbers of one polynomial."""
    seen = ruler.measured(found.network)
    errors = seen.errors(target.domain)
    tables["polynomial_l1_error"][1][at], tables["polynomial_sup_error"][1][at] = errors.l1, errors.sup
    tables["polynomial_leak_l1"][1][at] = [seen.leak(radius) for radius in ruler.radii]
    tables["polynomial_connections"][1][at] = found.network.connections
    tables["polynomial_certificate"][1][at] = CERTIFICATES[found.certificate]


def _reach(support: Support, radius: float) -> float:
    """Return how far the corners of [−R, R]^d lie from the bounds of a support, in the maximum norm."""
    return max(max(radius - float(upper), float(lower) + radius) for lower, upper in support.bounds)


def _dataset(parameters: Leaks, targets: list[Target], tables: dict[str, Any]) -> "xr.Dataset":
    """Return everything with medians and names."""
    import xarray as xr

    medians = {}
    for name in _PER_FIT:
        axes, values = tables[name]
        median, least, most = spread(values)
        medians[f"{name}_median"] = (axes[:3], median)
        if name == "l1_error":
            medians |= {"l1_error_least": (axes[:3], least), "l1_error_most": (axes[:3], most)}
    axes, values = tables["leak_l1"]
    medians["leak_l1_median"] = (("target", "network", "width", "box"), spread(np.moveaxis(values, 3, -1))[0])
    dataset = xr.Dataset(
        tables | medians | {"variables": ("target", np.array([target.dimension for target in targets]))},
        coords={
            "target": np.array(parameters.targets, dtype=object),
            "network": np.array(labels_of(parameters), dtype=object),
            "width": list(parameters.widths),
            "seed": np.arange(parameters.seeds),
            "box": list(parameters.boxes),
            "threshold": list(parameters.thresholds),
            "degree": list(parameters.degrees),
        },
        attrs={"scale": parameters.scale, "steepness": parameters.steepness},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    for name in ("certificate", "polynomial_certificate"):
        dataset[name].attrs["flag_values"] = np.array(list(CERTIFICATES.values()), dtype=np.int8)
        dataset[name].attrs["flag_meanings"] = " ".join(CERTIFICATES)
    return dataset
