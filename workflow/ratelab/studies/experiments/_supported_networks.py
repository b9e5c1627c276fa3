"""Networks that match function and support, built on finer and finer grids, against what is proved of them.

Every network is certified zero on the whole complement of its stated neighbourhood before it enters the dataset: the
build stops where a bound, a count or a certificate does not hold.
"""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab._errors import UserError
from ratelab.exact import cover
from ratelab.registry import Progress, Registry, Target
from ratelab.spaces import SupportedNetwork, active_nodes, supported
from ratelab.studies.experiments._served_targets import served_targets
from ratelab.studies.experiments._support_parameters import SupportedNetworks

if TYPE_CHECKING:
    import xarray as xr

_LONG_NAMES = {
    "target": "function with a declared support",
    "construction": "how the network is built",
    "exponent": "m of the grid spacing 2^-m",
    "spacing": "grid spacing h",
    "variables": "number of variables d",
    "lipschitz": "Lipschitz constant of the target, Euclidean; NaN: none",
    "cubes": "cubes or nodes of the grid (-1: not built)",
    "sup_error": "largest error on a grid finer than h: a lower estimate of the uniform error",
    "sup_bound": "proved bound of the uniform error; infinite where the target has jumps",
    "l1_error": "L1 error on all of space, by quadrature on the cells near both supports",
    "excess_low": "lower end of the largest distance of the network's support from the target's, maximum norm",
    "excess_high": "upper end of the largest distance of the network's support from the target's, maximum norm",
    "excess_bound": "bound of that distance, proved before it is measured; NaN where cubes are undecided",
    "undecided": "cubes in which no point of the target's support is known: 0 proves that bound (-1: not built)",
    "miss_low": "lower end of the largest distance of the target's support from the network's, maximum norm",
    "miss_high": "upper end of the largest distance of the target's support from the network's, maximum norm",
    "leak_low": "lower end of the measure of the network's support outside the target's",
    "leak_high": "upper end of the measure of the network's support outside the target's",
    "boxes": "boxes, unbounded ones among them, that cover the complement of the stated neighbourhood (-1: not built)",
    "boxes_zero": "how many of these boxes are certified zero (-1: not built)",
    "depth": "affine maps (-1: not built)",
    "width": "largest number of neurons in a hidden layer (-1: not built)",
    "neurons": "hidden neurons (-1: not built)",
    "connections": "non-zero weight-matrix entries (-1: not built)",
    "poolings": "pooled layers (-1: not built)",
    "width_bound": "promised width (-1: not built)",
}
_PARTS = {1: 8, 2: 2, 3: 1}
"""Parts of each side of a cell in quadratures, by dimension."""
_WHOLE = (
    "cubes",
    "undecided",
    "boxes",
    "boxes_zero",
    "depth",
    "width",
    "neurons",
    "connections",
    "poolings",
    "width_bound",
)
_PER_NETWORK = tuple(
    n
    for n in _LONG_NAMES
    if n not in ("target", "construction", "exponent", "spacing", "variables", "lipschitz")
)


def run(parameters: SupportedNetworks, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Build and certify every network that has no more cubes than allowed."""
    import xarray as xr

    targets = served_targets("supported-networks", parameters, registry)
    axes = ("target", "construction", "exponent")
    shape = (len(targets), len(parameters.methods), len(parameters.exponents))
    tables: dict[str, Any] = {
        name: np.full(shape, -1, np.int64) if name in _WHOLE else np.full(shape, np.nan)
        for name in _PER_NETWORK
    }
    steps = int(np.prod(shape))
    for row, target in enumerate(targets):
        for column, method in enumerate(parameters.methods):
            for step, exponent in enumerate(parameters.exponents):
                progress((row * shape[1] + column) * shape[2] + step, steps)
                spacing = Fraction(1, 2**exponent)
                found = _built(target, spacing, method, parameters.cubes)
                if found is None:
                    continue
                for name, value in _numbers(found).items():
                    tables[name][row, column, step] = value
    progress(steps, steps)
    if tables["cubes"].max() < 0:
        spacings = ", ".join(f"2^-{exponent}" for exponent in parameters.exponents)
        raise UserError(
            f"experiment 'supported-networks': no network has at most {parameters.cubes} cubes at spacings {spacings}, "
            "or hats a grid point at which the target is not 0; allowed: other spacings or a larger parameter cubes"
        )
    dataset = xr.Dataset(
        {name: (axes, values) for name, values in tables.items()}
        | {
            "variables": ("target", np.array([target.dimension for target in targets])),
            "lipschitz": (
                "target",
                np.array([np.nan if t.lipschitz is None else float(t.lipschitz) for t in targets]),
            ),
            "spacing": ("exponent", 0.5 ** np.array(parameters.exponents, dtype=float)),
        },
        coords={
            "target": np.array(parameters.targets, dtype=object),
            "construction": np.array(parameters.methods, dtype=object),
            "exponent": list(parameters.exponents),
        },
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    return dataset


def _built(target: Target, spacing: Fraction, method: Any, cubes: int) -> SupportedNetwork | None:
    """Return the network, or None where the grid has too many cubes or no point at which the target is not 0."""
    assert target.support is not None
    if np.prod([float(b - a) / float(spacing) for a, b in target.support.bounds]) > 64 * cubes:
        return None
    covered = len(cover(target.support, spacing).union)
    if covered > cubes:
        return None
    if method in ("hats", "kuhn") and not len(active_nodes(target, spacing, 64 * cubes)[0]):
        return None
    return supported(target, spacing, method=method, limit=8 * cubes)


def _numbers(found: SupportedNetwork) -> dict[str, float]:
    assert found.certificate is not None
    distance, network = found.distance, found.float_network
    return {
        "cubes": found.cubes,
        "sup_error": found.sup_sampled,
        "sup_bound": found.error_bound,
        "l1_error": found.errors(parts=_PARTS[found.target.dimension]).l1,
        "excess_low": distance.excess[0],
        "excess_high": distance.excess[1],
        "excess_bound": np.nan if found.undecided else float(found.excess_bound),
        "undecided": found.undecided,
        "miss_low": distance.miss[0],
        "miss_high": distance.miss[1],
        "leak_low": found.leak_measure[0],
        "leak_high": found.leak_measure[1],
        "boxes": len(found.certificate.zero),
        "boxes_zero": int(found.certificate.zero.sum()),
        "depth": network.depth,
        "width": network.width,
        "neurons": network.neurons,
        "connections": network.connections,
        "poolings": network.poolings,
        "width_bound": found.promised.width,
    }
