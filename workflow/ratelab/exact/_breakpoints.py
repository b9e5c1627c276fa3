"""Where a network of one variable changes its polynomial, or, if it is smooth, where an integral must look closely."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.exact._cells_of import check_domain
from ratelab.exact._quadrature import gauss, to_legendre
from ratelab.networks import Layer, Network
from ratelab.networks._evaluate import activate, forward, pool

Array = NDArray[np.float64]


def piecewise_polynomial(network: Network) -> bool:
    """Return whether every activation of the network is piecewise polynomial."""
    return all(
        a.regularity == "piecewise polynomial"
        for a in {a for layer in network.layers for a in layer.activations}
    )


def polynomial_degree(network: Network) -> int:
    """Return a bound for the degree of the pieces of a piecewise polynomial network."""
    degree = 1
    for layer in network.layers:
        degree *= _layer_degree(layer)
    return degree


def breakpoints(network: Network, domain: Sequence[tuple[float, float]] = ((0.0, 1.0),)) -> Array:
    """Return the points inside an interval where a piecewise polynomial network may change its polynomial.

    Parameters
    ----------
    network
        One input; all activations piecewise polynomial.
    domain
        One pair (lower, upper).

    Returns
    -------
    (m,) float64, strictly increasing; a superset of the true breakpoints, each rounded.

    Raises
    ------
    UserError
        If the network has several inputs or a smooth activation.
    """
    if network.inputs != 1:
        raise UserError(f"breakpoints are for one variable; the network has {network.inputs} inputs")
    box = check_domain(domain, 1)
    assert box is not None
    if not piecewise_polynomial(network):
        raise UserError(
            "breakpoints are for piecewise polynomial activations; use transition_points for smooth ones"
        )
    network = network.float64()
    lower, upper = float(box[0][0]), float(box[0][1])
    points = _inside(_first_layer(network), lower, upper)
    degree = _layer_degree(network.layers[0])
    for index in range(1, network.depth - 1):
        edges = np.concatenate([[lower], points, [upper]])
        points = _inside(np.concatenate([points, _crossings(network, index, edges, degree)]), lower, upper)
        degree = max(1, degree * _layer_degree(network.layers[index]))
    return points


def transition_points(network: Network, domain: Sequence[tuple[float, float]] = ((0.0, 1.0),)) -> Array:
    """Return points inside an interval around which a smooth network may change on a short scale.

    Centres of steep neurons of the first layer with a geometric neighbourhood each, and sampled zeros of deeper
    pre-activations: hints for an adaptive integral, no certificate.
    """
    network = network.float64()
    lower, upper = domain[0]
    weight, bias = network.layers[0].matrix[:, 0], network.layers[0].bias
    used = np.array([a.name != "identity" for a in network.layers[0].activations])
    steep = used & (np.abs(weight) * (upper - lower) > 8.0)
    centre, scale = -bias[steep] / weight[steep], 1 / np.abs(weight[steep])
    offsets = np.array([0.0, -2.0, 2.0, -8.0, 8.0, -32.0, 32.0])
    hints = [(centre[:, None] + scale[:, None] * offsets).ravel()]
    grid = np.linspace(lower, upper, 257)
    value = grid[None, :]
    for index, layer in enumerate(network.layers[:-1]):
        value = layer.weight @ value + layer.bias[:, None]
        if index:
            row, left = np.nonzero(value[:, :-1] * value[:, 1:] < 0)
            before, after = value[row, left], value[row, left + 1]
            hints.append(grid[left] + (grid[left + 1] - grid[left]) * before / (before - after))
        value = activate(layer, value)
        value = pool(value) if layer.pooled else value
    return _inside(np.concatenate(hints), lower, upper)


def _inside(points: Array, lower: float, upper: float) -> Array:
    return np.unique(points[(points > lower) & (points < upper)])


def _layer_degree(layer: Layer) -> int:
    """Return the factor by which a layer raises the degree of polynomials."""
    degree: int = max(1, *(a.polynomial.degree for a in set(layer.activations) if a.polynomial is not None))
    return 2 * degree if layer.pooled else degree


def _knots(layer: Layer) -> tuple[NDArray[np.intp], Array]:
    """Return (neuron, knot) pairs of a layer."""
    rows: list[int] = []
    values: list[float] = []
    table = {
        a: [float(t) for t in a.polynomial.knots] for a in set(layer.activations) if a.polynomial is not None
    }
    for index, activation in enumerate(layer.activations):
        rows.extend([index] * len(table[activation]))
        values.extend(table[activation])
    return np.array(rows, dtype=np.intp), np.array(values)


def _first_layer(network: Network) -> Array:
    if network.depth == 1:
        return np.zeros(0)
    layer = network.layers[0]
    rows, knots = _knots(layer)
    weight, bias = layer.matrix[rows, 0], layer.bias[rows]
    moving = weight != 0
    with np.errstate(over="ignore"):
        points = (knots[moving] - bias[moving]) / weight[moving]
    return np.asarray(points[np.isfinite(points)])


def _crossings(network: Network, index: int, edges: Array, degree: int) -> Array:
    """Return where pre-activations of layer `index`, polynomials between the edges, meet a knot."""
    nodes, _ = gauss(degree + 1)
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    value = (middle[:, None] + half[:, None] * nodes).ravel()[None, :]
    for layer in network.layers[:index]:
        value = forward(layer, value)
    layer = network.layers[index]
    rows, knots = _knots(layer)
    value = (layer.weight @ value + layer.bias[:, None])[rows].reshape(len(rows), len(middle), degree + 1)
    series = value @ to_legendre(degree + 1).T
    series[:, :, 0] -= knots[:, None]
    reach = np.abs(series[:, :, 1:]).sum(axis=2)
    possible = (np.abs(series[:, :, 0]) <= reach) & (reach > 0)
    row, cell = np.nonzero(possible)
    if degree == 1:
        u = -series[row, cell, 0] / series[row, cell, 1]
        return np.asarray(middle[cell] + half[cell] * u)
    found = []
    for i, j in zip(row, cell, strict=True):
        roots = np.polynomial.legendre.legroots(np.trim_zeros(series[i, j], "b"))
        real = roots.real[(np.abs(roots.imag) < 1e-6) & (np.abs(roots.real) < 1 + 1e-9)]
        found.append(middle[j] + half[j] * real)
    return np.concatenate(found) if found else np.zeros(0)
