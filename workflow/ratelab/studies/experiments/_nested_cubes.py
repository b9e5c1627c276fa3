"""Supports of a target and of masked networks over nested cubes K_1 ⊂ K_2 ⊂ K_3, and which cube each needs.

The target's support is stored as a level function on a fine grid, the networks' as the polygons whose union they are,
exactly: boxes of grid cubes with a margin in the sum norm.
"""

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab.exact import smallest_cube, support_level
from ratelab.registry import Progress, Registry
from ratelab.spaces import SupportedNetwork, supported
from ratelab.studies.experiments._served_targets import served_targets
from ratelab.studies.experiments._support_parameters import NestedCubes

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

_GRID = 241
_LEAST_CUBES = 3
_CORNERS = 8

_LONG_NAMES = {
    "margin": "margin of the mask, in the sum norm",
    "cube": "n of the cube K_n",
    "x": "first variable",
    "y": "second variable",
    "polygon": "number of the polygon",
    "corner": "corner of the polygon, counter-clockwise",
    "axis": "coordinate of the corner",
    "half_side": "half the side of K_n",
    "level": "at most 0 on the support of the target, above 0 elsewhere",
    "corners": "corners of the polygons whose union is the support of the network (NaN: no polygon)",
    "target_cube": "n(f): least n with the support of the target in K_n (0: in none that was looked at)",
    "network_cube": "n of the network: least n with its support in K_n",
    "matching": "whether target and network need the same cube",
    "reach": "largest absolute coordinate in the support of the network",
    "hausdorff_low": "lower end of the distance of the supports in the maximum norm",
    "hausdorff_high": "upper end of the distance of the supports in the maximum norm",
    "leak_low": "lower end of the measure of the network's support outside the target's",
    "leak_high": "upper end of the measure of the network's support outside the target's",
    "equal": "whether the polygons are proved to be the essential support itself",
    "certified": "share of the boxes outside the neighbourhood of the cubes on which the network is certified to be 0",
    "boxes": "boxes outside the neighbourhood, unbounded ones included",
    "error": "largest error seen on a grid",
    "error_bound": "bound of the uniform error",
    "cubes": "grid cubes of the mask",
    "connections": "non-zero weights of the network",
    "width": "neurons in the widest hidden layer",
    "depth": "affine maps",
    "poolings": "pooled layers",
}


def run(parameters: NestedCubes, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Build one network for each margin and store both supports."""
    import xarray as xr

    (target,) = served_targets("nested-cubes", parameters, registry)
    support = target.support
    assert support is not None
    scale = Fraction(parameters.scale)
    built = []
    for index, exponent in enumerate(parameters.margins):
        margin = Fraction(2) ** -exponent
        built.append(supported(target, Fraction(1, 2**parameters.exponent), margin=margin))
        progress(index + 1, len(parameters.margins))
    reaches = [max(abs(side) for pair in one.support.bounds for side in pair) for one in built]
    levels = [max(1, ceil(reach / scale)) for reach in reaches]
    own = smallest_cube(support, parameters.scale)
    count = max(_LEAST_CUBES, own, *levels)
    line = np.linspace(-1.0, 1.0, _GRID) * count * float(scale)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    polygons = [_polygons(one) for one in built]
    corners = np.full((len(built), max(map(len, polygons)), _CORNERS, 2), np.nan)
    for row, found in enumerate(polygons):
        corners[row, : len(found)] = found
    network = ("margin",)
    values: dict[str, Any] = {
        "half_side": ("cube", float(scale) * np.arange(1, count + 1)),
        "level": (("y", "x"), support_level(support, points).reshape(_GRID, _GRID)),
        "corners": (("margin", "polygon", "corner", "axis"), corners),
        "target_cube": ((), np.int64(own)),
        "network_cube": (network, np.array(levels, dtype=np.int64)),
        "matching": (network, np.array([level == own for level in levels], dtype=np.int8)),
        "equal": (network, np.array([one.support_equal for one in built], dtype=np.int8)),
        "reach": (network, np.array([float(reach) for reach in reaches])),
        "error_bound": (network, np.array([one.error_bound for one in built])),
        "error": (network, np.array([one.sup_error[0] for one in built])),
    }
    for name, pair in (("hausdorff", "hausdorff"), ("leak", "leak_measure")):
        ends = [_ends(one, pair) for one in built]
        for place, end in enumerate(("low", "high")):
            values[f"{name}_{end}"] = (network, np.array([float(found[place]) for found in ends]))
    certificates = [one.certificate for one in built]
    values["certified"] = (network, np.array([c.share if c is not None else 0.0 for c in certificates]))
    counts = {"boxes": [len(c.zero) if c is not None else 0 for c in certificates]}
    counts["cubes"] = [one.cubes for one in built]
    for name in ("connections", "width", "depth", "poolings"):
        counts[name] = [getattr(one.network, name) for one in built]
    values |= {name: (network, np.array(row, dtype=np.int64)) for name, row in counts.items()}
    dataset = xr.Dataset(
        values,
        coords={
            "margin": [2.0**-exponent for exponent in parameters.margins],
            "cube": np.arange(1, count + 1),
            "x": line,
            "y": line,
            "polygon": np.arange(corners.shape[1]),
            "corner": np.arange(_CORNERS),
            "axis": [0, 1],
        },
        attrs={"target": parameters.target, "spacing": 2.0**-parameters.exponent},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    for name in ("matching", "equal"):
        dataset[name].attrs["flag_values"] = np.array([0, 1], dtype=np.int8)
        dataset[name].attrs["flag_meanings"] = "no yes"
    return dataset


def _ends(built: SupportedNetwork, name: str) -> tuple[float, float]:
    found: tuple[float, float] = getattr(built.distance if name == "hausdorff" else built, name)
    return found


def _polygons(built: SupportedNetwork) -> "NDArray[np.float64]":
    """Return (boxes, 8, 2) corners of boxes with a margin in the sum norm; their union is the support."""
    lower, upper = built.support.boxes()
    h, margin = float(built.support.spacing), float(built.support.margin)
    (a, c), (b, e) = (lower * h).T, (upper * h).T
    corners = [
        (a, c - margin), (b, c - margin), (b + margin, c), (b + margin, e),
        (b, e + margin), (a, e + margin), (a - margin, e), (a - margin, c),
    ]  # fmt: skip
    return np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
