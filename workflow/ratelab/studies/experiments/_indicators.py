"""Indicators: cubes as limits of networks of depth 3, and a disc by polygons against n-term Haar wavelets.

Errors of cubes are integrated exactly, in rationals, beside their closed form. In three variables the third one is
integrated by a Gauss rule that is exact for the polynomial that it is integrated over: the other two see a network
whose output bias is lower by the share of the collar that the third one is beyond its inner edge.
"""

from fractions import Fraction
from math import pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab import exact
from ratelab.networks import Network, cube_indicator, cube_indicator_bound, polygon_indicator_bound
from ratelab.registry import Ball, Progress, Registry
from ratelab.spaces import (
    SOFT_SHARE,
    cube_error,
    disc_polygon,
    disc_polygon_difference,
    flat_boundary_constant,
    haar_terms,
)
from ratelab.studies.experiments._space_parameters import Indicators

if TYPE_CHECKING:
    import xarray as xr

DIMENSIONS, POWERS = (1, 2, 3), (1, 2)
_GRAPH_WIDTH = Fraction(1, 10)
_GRAPH_BOX = (Fraction(1, 4), Fraction(3, 4))
_PER_OCTAVE = 4

_LONG_NAMES = {
    "dimension": "number of variables d",
    "power": "p of the L_p norm",
    "width": "width of the collar inside the unit cube on which the network falls from 1 to 0",
    "cube_error": "L_p error of the network of the unit cube, by an exact integral",
    "cube_error_theory": "L_p error of the network of the unit cube, closed form",
    "cube_error_leading": "leading term of the error for narrow collars, (2 d width/(p + 1))^(1/p)",
    "cube_connections": "connections of the network with one neuron a face",
    "cube_connections_steps": "connections of the network with one step, two neurons, a face",
    "corner_x": "first coordinate of a corner of a cell of the network of a square, in order around the cell",
    "corner_y": "second coordinate of a corner of a cell",
    "corner_value": "value of the network at a corner of a cell",
    "terms": "number of Haar terms n",
    "haar_error": "L2 error of the best approximation of the disc's indicator by n Haar functions, exact",
    "haar_theory": "L2 error for flat boundaries, an average over octaves, times n^(-1/2)",
    "sides": "number of sides of a regular polygon",
    "polygon_connections": "connections of the network of a polygon, one neuron a side",
    "polygon_connections_steps": "connections of the network of a polygon, one step, two neurons, a side",
    "soft_lower": "lower end of the L2 error on R^2 of a polygon network with a soft edge, proved but for rounding",
    "soft_upper": "upper end of the L2 error on R^2 of a polygon network with a soft edge, proved but for rounding",
    "sharp_error": "least L2 distance on R^2 of the indicators of regular polygon and disc, a limit of networks",
    "soft_theory": "limit of sides times L2 error for soft edges, divided by the sides",
    "sharp_theory": "limit of sides times L2 error for sharp edges, divided by the sides",
}


def run(parameters: Indicators, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Measure the errors of cubes and of polygons, and of Haar approximations of the disc."""
    import xarray as xr

    disc = registry.targets["disc"].indicator_of
    assert isinstance(disc, Ball)
    total = parameters.steps + 3
    widths = [Fraction(1, 2**k) for k in range(1, parameters.steps + 1)]
    shape = (len(DIMENSIONS), len(POWERS), len(widths))
    measured, theory, leading = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for place in range(len(widths)):
        for row, dimension in enumerate(DIMENSIONS):
            for column, power in enumerate(POWERS):
                index = (row, column, place)
                measured[index] = measured_power(dimension, widths[place], power) ** (1 / power)
                theory[index] = cube_error([1] * dimension, widths[place], power)
                leading[index] = float(2 * dimension * widths[place] / (power + 1)) ** (1 / power)
        progress(place + 1, total)
    cube = ("dimension", "power", "width")
    corners = _graph()
    progress(parameters.steps + 1, total)
    terms = _counts(1, parameters.octaves)
    found = haar_terms(disc, int(terms[-1])).errors(terms)
    radius = float(disc.radius)
    haar = flat_boundary_constant() * 2 * pi * radius
    progress(parameters.steps + 2, total)
    sides = _counts(3, parameters.octaves - 4)
    polygons = [disc_polygon(int(n), radius) for n in sides]
    sharp = sqrt(pi**3 / 4) * radius
    dataset = xr.Dataset(
        {
            "cube_error": (cube, measured),
            "cube_error_theory": (cube, theory),
            "cube_error_leading": (cube, leading),
            "cube_connections": ("dimension", [cube_indicator_bound(d).connections for d in DIMENSIONS]),
            "cube_connections_steps": (
                "dimension",
                [cube_indicator_bound(d, "steps").connections for d in DIMENSIONS],
            ),
            **{
                f"corner_{axis}": (("cell", "corner"), corners[:, :, i])
                for i, axis in enumerate(("x", "y", "value"))
            },
            "haar_error": ("terms", found),
            "haar_theory": ("terms", haar / np.sqrt(terms)),
            "polygon_connections": ("sides", [polygon_indicator_bound(int(n)).connections for n in sides]),
            "polygon_connections_steps": (
                "sides",
                [polygon_indicator_bound(int(n), "steps").connections for n in sides],
            ),
            "soft_lower": ("sides", np.array([p.lower for p in polygons])),
            "soft_upper": ("sides", np.array([p.upper for p in polygons])),
            "sharp_error": (
                "sides",
                np.array([sqrt(disc_polygon_difference(int(n), radius)) for n in sides]),
            ),
            "soft_theory": ("sides", sharp * sqrt(SOFT_SHARE) / sides),
            "sharp_theory": ("sides", sharp / sides),
        },
        coords={
            "dimension": list(DIMENSIONS),
            "power": list(POWERS),
            "width": [float(w) for w in widths],
            "terms": terms,
            "sides": sides,
        },
        attrs={"radius": radius, "graph_width": float(_GRAPH_WIDTH)},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    progress(total, total)
    return dataset


def measured_power(dimension: int, width: Fraction, p: int) -> float:
    """Return ∫ |1 − g|^p over the unit cube in one to three variables, by exact distances of networks."""
    if dimension < 3:
        return float(_power(cube_indicator([Fraction(0)] * dimension, [Fraction(1)] * dimension, width), p))
    square = cube_indicator([Fraction(0)] * 2, [Fraction(1)] * 2, width)
    nodes, weights = np.polynomial.legendre.leggauss((p + 4) // 2)
    collar = sum(
        weight / 2 * float(_power(_lowered(square, Fraction(float(node + 1) / 2)), p))
        for node, weight in zip(nodes, weights, strict=True)
    )
    return float((1 - 2 * width) * _power(square, p)) + 2 * float(width) * float(collar)


def _power(network: Network, p: int) -> Fraction:
    one = Network.dense([[[Fraction(0)] * network.inputs]], [[Fraction(1)]])
    found = exact.distance(network, one, p=p, domain=((0, 1),) * network.inputs).power
    assert found is not None
    return found


def _lowered(network: Network, share: Fraction) -> Network:
    """Return the network of a square whose top neuron reads less by that share."""
    first, top, last = network.layers
    weights: list[Any] = [first.weight, top.weight, last.weight]
    return Network.dense(weights, [first.bias, [1 - share], last.bias])


def _counts(start: int, octaves: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Return whole numbers from `start` to 2^octaves, four an octave."""
    powers = 2.0 ** (np.arange(_PER_OCTAVE * octaves + 1) / _PER_OCTAVE)
    values = np.unique(np.rint(powers).astype(np.int64))
    return np.asarray(values[values >= start])


def _graph() -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return the corners (cell, corner, 3) of the graph of the network of a square, NaN where a cell has fewer."""
    low, high = _GRAPH_BOX
    network = cube_indicator([low, low], [high, high], _GRAPH_WIDTH)
    found = exact.cells(network, ((0, 1), (0, 1)), arithmetic="rational")
    assert found.polygons is not None
    polygons = [np.asarray(polygon, dtype=object) for polygon in found.polygons]
    result = np.full((len(polygons), max(map(len, polygons)), 3), np.nan)
    for index, polygon in enumerate(polygons):
        values = np.asarray(network(polygon), dtype=object)[:, 0]
        result[index, : len(polygon), :2] = polygon.astype(float)
        result[index, : len(polygon), 2] = values.astype(float)
    return result
