"""Variable projection: solve the output layer by least squares, differentiate through that solution."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.registry import Activation
from ratelab.training._stack import Data, Pass, Shape

Array = NDArray[np.float64]

RIDGE = 1e-11
"""Relative to the norm of each column: bounds the output weights where columns are nearly dependent."""


def solve(design: Array, target: Array) -> tuple[Array, Array]:
    """Return least-squares coefficients (S, c) and an orthonormal basis (S, m, c) of the columns.

    Columns are scaled to norm 1 and a ridge of `RIDGE` is added, so that dependent or zero columns do no
    harm.

    Parameters
    ----------
    design
        (S, c, m): one column of the design per row.
    target
        (S, m).
    """
    count, columns, nodes = design.shape
    length = np.sqrt(np.sum(design * design, axis=2))
    length = np.where(length > 0.0, length, 1.0)
    matrix = np.empty((count, nodes + columns, columns))
    matrix[:, :nodes] = (design / length[:, :, None]).swapaxes(1, 2)
    matrix[:, nodes:] = RIDGE * np.eye(columns)
    q, r = np.linalg.qr(matrix)
    basis = q[:, :nodes]
    scaled = np.linalg.solve(r, _times(basis.swapaxes(1, 2), target)[:, :, None])[:, :, 0]
    return scaled / length, basis


@dataclass(eq=False)
class Projected:
    """A stack whose output layer is the best one for its inner parameters.

    Parameters
    ----------
    parameters
        (S, P), with the solved output layer written in.
    loss
        (S,) weighted sums of squares (not finite where the network is not).
    residual
        (S, k m): √weights · (network − values), output after output.
    jacobian
        (S, p, k m): its derivative by the p free inner parameters (Kaufman's approximation).
    """

    parameters: Array
    loss: Array
    residual: Array
    jacobian: Array

    def rows(self, chosen: NDArray[np.intp]) -> "Projected":
        """Return the chosen networks."""
        return Projected(
            self.parameters[chosen], self.loss[chosen], self.residual[chosen], self.jacobian[chosen]
        )

    def put(self, chosen: NDArray[np.intp], other: "Projected") -> None:
        """Replace the chosen networks by those of `other`."""
        self.parameters[chosen], self.loss[chosen] = other.parameters, other.loss
        self.residual[chosen], self.jacobian[chosen] = other.residual, other.jacobian


def project(
    shape: Shape, parameters: Array, inner: NDArray[np.intp], data: Data, activation: Activation
) -> Projected:
    """Solve the output layers of a stack and differentiate the residual by the inner parameters.

    Parameters
    ----------
    parameters
        (S, P); the output layers are ignored.
    inner
        Indices of the inner parameters to differentiate by.
    """
    parameters = parameters.copy()
    broken = ~np.isfinite(parameters).all(axis=1)
    parameters[broken] = 0.0
    passed = Pass([(shape, parameters)], data, activation)
    part = passed.parts[0]
    root = np.sqrt(data.weights)
    count, nodes, outputs = len(parameters), len(root), len(data.values)
    ones = np.ones((count, 1, nodes))
    last = np.broadcast_to(part.reads[-1], (count, *part.reads[-1].shape[-2:]))
    design = (last if shape.hidden == 0 else np.concatenate([last, ones], axis=1)) * root
    broken |= ~np.isfinite(design).all(axis=(1, 2))
    design[broken] = 0.0
    block = shape.blocks(parameters)[-1]
    free = shape.free[shape.spans[-1]].reshape(shape.sizes[-1])
    residual = np.empty((count, outputs, nodes))
    bases: list[Array] = []
    for k in range(outputs):
        constant = np.where(free[k], 0.0, block[:, k])
        target = root * data.values[k] - _times(design.swapaxes(1, 2), constant)
        chosen = np.flatnonzero(free[k])
        coefficients, basis = solve(np.ascontiguousarray(design[:, chosen]), target)
        block[:, k] = constant
        block[:, k, chosen] = coefficients
        residual[:, k] = _times(design.swapaxes(1, 2), block[:, k]) - root * data.values[k]
        bases.append(basis)
    jacobian = np.empty((count, len(inner), outputs, nodes))
    for k, basis in enumerate(bases):
        cotangent = np.zeros((count, outputs, nodes))
        cotangent[:, k] = root
        full = _derivatives(passed, cotangent, inner)
        jacobian[:, :, k] = full - (full @ basis) @ basis.swapaxes(1, 2)
    flat = residual.reshape(count, -1)
    loss = np.sum(flat * flat, axis=1)
    broken |= ~np.isfinite(loss) | ~np.isfinite(jacobian).all(axis=(1, 2, 3))
    loss[broken], flat[broken], jacobian[broken] = np.inf, 0.0, 0.0
    return Projected(parameters, loss, flat, jacobian.reshape(count, len(inner), -1))


def _derivatives(passed: Pass, cotangent: Array, inner: NDArray[np.intp]) -> Array:
    """Return one output's derivatives by the inner parameters, times the cotangent: (S, p, m)."""
    part = passed.parts[0]
    shape = part.shape
    deltas = passed.deltas([cotangent])[0]
    count, nodes = len(cotangent), cotangent.shape[2]
    pieces = []
    for level in range(shape.hidden):
        span = shape.spans[level]
        local = inner[(inner >= span.start) & (inner < span.stop)] - span.start
        row, column = np.divmod(local, shape.sizes[level][1])
        read = part.reads[level]
        if level == 0:
            pieces.append(deltas[level][:, row] * read[column])
        else:
            full = np.concatenate([read, np.ones((count, 1, nodes))], axis=1)
            pieces.append(deltas[level][:, row] * full[:, column])
    return np.concatenate(pieces, axis=1) if pieces else np.empty((count, 0, nodes))


def _times(matrix: Array, vector: Array) -> Array:
    """(S, a, b) times (S, b), network by network."""
    result: Array = (matrix @ vector[:, :, None])[:, :, 0]
    return result
