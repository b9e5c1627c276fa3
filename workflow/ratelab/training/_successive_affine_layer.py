"""One hidden layer whose affine maps are least-squares fits of a residual, each in a window of its own.

A least-squares fit of a residual with k components has k rows. To give a layer more neurons than that, every neuron
sees the residual through a window: nodes near a centre, the centre drawn where the residual is large.
"""

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import LayerShape
from ratelab.training._successive_affine_basis import least_squares

Array = NDArray[np.float64]

_PER_COLUMN = 2.0
_STEEPEST = 4.0


def affine_layer(
    reads: Array,
    places: Array,
    weights: Array,
    residual: Array,
    shape: LayerShape,
    random: np.random.Generator,
) -> Array:
    """Return the block (out, in + 1) of a hidden layer, to be followed by its activation.

    Row by row: a centre is drawn among the nodes with probability proportional to weight times squared residual; the
    window holds a share of the nodes that is log-uniform between twice as many as the layer has inputs and all of
    them, weighted by 1 − (distance / radius)²; a random combination of the residual's components, less its mean in
    the window, is fitted there by an affine function of what the layer reads; and the function is scaled so that its
    standard deviation over all nodes lies between 1 and 4, log-uniform.

    Parameters
    ----------
    reads
        (m, in + 1) what the layer reads at the nodes, the last column 1.
    places
        (m, d) the nodes, on a scale where the domain has length 1 in each variable.
    weights, residual
        (m,) and (m, k).
    shape
        Which entries are free; the others keep their fixed values.
    """
    nodes, outputs = residual.shape
    block = np.column_stack([shape.fixed, np.zeros(len(shape.fixed))])
    energy = weights * np.sum(residual * residual, axis=1)
    chance = energy / energy.sum() if energy.sum() > 0 else np.full(nodes, 1.0 / nodes)
    smallest = min(_PER_COLUMN * reads.shape[1] / nodes, 1.0)
    for row, (free, bias) in enumerate(zip(shape.free, shape.free_bias, strict=True)):
        centre = random.choice(nodes, p=chance)
        share, steep = random.uniform(0.0, 1.0, 2)
        mixture = random.standard_normal(outputs)
        columns = np.append(free, bias)
        if not columns.any():
            continue
        distance = np.sqrt(np.sum((places - places[centre]) ** 2, axis=1))
        count = max(int(nodes * smallest ** (1.0 - share)), 2)
        radius = np.partition(distance, count - 1)[count - 1]
        near = distance <= radius
        weight = weights[near] * (1.0 - 0.999 * (distance[near] / max(radius, 1e-300)) ** 2)
        if not weight.sum() > 0:
            continue
        target = residual[near] @ mixture
        target = (
            target
            - np.sum(weight * target) / np.sum(weight)
            - reads[near] @ np.where(columns, 0.0, block[row])
        )
        root = np.sqrt(weight)[:, None]
        fitted = least_squares(root * reads[near][:, columns], root * target[:, None]).coefficients[:, 0]
        spread = _spread(reads[:, columns] @ fitted, weights)
        block[row, columns] = fitted * (_STEEPEST**steep / spread) if spread > 0 else fitted
    return block


def _spread(values: Array, weights: Array) -> float:
    mean = np.sum(weights * values) / np.sum(weights)
    return float(np.sqrt(np.sum(weights * (values - mean) ** 2) / np.sum(weights)))
