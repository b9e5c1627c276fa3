"""Variable projection: solve the output layer by least squares, differentiate through that solution."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.registry import Activation
from ratelab.training._between import Between
from ratelab.training._stack import Data, Pass, Shape

Array = NDArray[np.float64]

RIDGE = 1e-11
"""Relative to the norm of each column: bounds the output weights where columns are nearly dependent."""

SHORTEST = 1e-14
"""Columns shorter than this, relative to a constant 1, are left out: their weights would be huge."""


@dataclass(frozen=True, eq=False)
class Model:
    """What the networks of one shape are fitted to.

    Parameters
    ----------
    between
        Further rows of the least-squares problem, or None.
    shortest
        Columns not longer than this get weight 0.
    """

    shape: Shape
    data: Data
    activation: Activation
    between: Between | None = None
    shortest: float = 0.0

    def columns(self, passed: Pass, guard: Array) -> Array:
        """Return √weights · (hidden values, 1) and the rows in between: (S, N + 1, m + e).

        Parameters
        ----------
        guard
            (S,) factors of the rows in between: 1, or 0 to leave them out.
        """
        part = passed.parts[0]
        root = np.sqrt(self.data.weights)
        count, nodes, width = len(part.blocks[0]), len(root), part.reads[-1].shape[-2]
        last = part.reads[-1]
        if self.shape.hidden == 0:
            return np.broadcast_to(last * root, (count, *last.shape))
        extra = None
        if self.between is not None:
            extra = self.between.rows(part.blocks[0], self.shape.linear[0])
        more = 0 if extra is None else extra.shape[2]
        design = np.empty((count, width + 1, nodes + more))
        np.multiply(last, root, out=design[:, :-1, :nodes])
        design[:, -1, :nodes] = root
        if extra is not None:
            np.multiply(extra, guard[:, None, None], out=design[:, :, nodes:])
        return design

    def targets(self, columns: Array) -> Array:
        """Return √weights · values and zeros for the rows in between: (k, m + e)."""
        values = np.sqrt(self.data.weights) * self.data.values
        more = columns.shape[2] - values.shape[1]
        return np.concatenate([values, np.zeros((len(values), more))], axis=1)


@dataclass(frozen=True, eq=False)
class Factor:
    """Householder reflections (S, c, m + c) and their scales (S, c) of a design with its ridge below."""

    reflections: Array
    scales: Array

    def basis(self, chosen: NDArray[np.intp]) -> Array:
        """Return orthonormal bases of the columns of the chosen networks, (chosen, m, c)."""
        from scipy.linalg.lapack import dorgqr

        _, columns, rows = self.reflections.shape
        result = np.empty((len(chosen), columns, rows))
        for place, i in enumerate(chosen):
            result[place] = dorgqr(self.reflections[i].T, self.scales[i], lwork=32 * columns)[0].T
        return result[:, :, : rows - columns].swapaxes(1, 2)


def solve(design: Array, target: Array, shortest: float = 0.0) -> tuple[Array, Factor]:
    """Return least-squares coefficients (S, c) and the factored design.

    Columns are scaled to norm 1 and a ridge of `RIDGE` is added, so that dependent or zero columns do no
    harm.

    Parameters
    ----------
    design
        (S, c, m): one column of the design per row.
    target
        (S, m).
    shortest
        Columns not longer than this get coefficient 0.
    """
    count, columns, nodes = design.shape
    length = np.sqrt(np.sum(design * design, axis=2))
    short = length <= shortest
    scale = 1.0 / np.where(short, 1.0, length)
    matrix = np.zeros((count, columns + 1, nodes + columns))
    np.multiply(design, np.where(short, 0.0, scale)[:, :, None], out=matrix[:, :columns, :nodes])
    matrix[:, :columns, nodes:] = RIDGE * np.eye(columns)
    matrix[:, columns, :nodes] = target
    reflections, scales = np.linalg.qr(matrix.swapaxes(1, 2), mode="raw")
    triangle = reflections[:, :, : columns + 1].swapaxes(1, 2)
    square = np.where(np.tri(columns, dtype=bool).T, triangle[:, :columns, :columns], 0.0)
    scaled = np.linalg.solve(square, triangle[:, :columns, columns:])[:, :, 0]
    factor = Factor(reflections[:, :columns], scales[:, :columns])
    return np.where(short, 0.0, scale * scaled), factor


@dataclass(eq=False)
class Solved:
    """A stack whose output layer is the best one for its inner parameters.

    Parameters
    ----------
    parameters
        (S, P), with the solved output layer written in.
    loss
        (S,) sums of squares: weighted residuals and rows in between (inf where the network is not finite).
    residual
        (S, k (m + e)): √weights · (network − values), then the rows in between, output after output.
    factors
        Per output.
    passed
        The forward pass.
    """

    parameters: Array
    loss: Array
    residual: Array
    factors: Sequence[Factor]
    passed: Pass


def solve_outputs(model: Model, parameters: Array, guard: Array) -> Solved:
    """Solve the output layers of a stack.

    Parameters
    ----------
    parameters
        (S, P); the free entries of the output layers are ignored.
    guard
        (S,) factors of the rows in between.
    """
    shape = model.shape
    parameters = parameters.copy()
    broken = ~np.isfinite(parameters).all(axis=1)
    parameters[broken] = 0.0
    passed = Pass([(shape, parameters)], model.data, model.activation).forward()
    design = model.columns(passed, guard)
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(design).all(axis=(1, 2)))
    if not finite.all():
        broken |= ~finite
        design = np.where(finite[:, None, None], design, 0.0)
    targets = model.targets(design)
    block = shape.blocks(parameters)[-1]
    free = shape.free[shape.spans[-1]].reshape(shape.sizes[-1])
    residual = np.empty((len(parameters), *targets.shape))
    factors = []
    for k, target in enumerate(targets):
        constant = np.where(free[k], 0.0, block[:, k])
        chosen = np.flatnonzero(free[k])
        rest = target - times(design.swapaxes(1, 2), constant) if constant.any() else target
        part = design if free[k].all() else np.ascontiguousarray(design[:, chosen])
        coefficients, factor = solve(part, rest, model.shortest)
        block[:, k] = constant
        block[:, k, chosen] = coefficients
        residual[:, k] = times(design.swapaxes(1, 2), block[:, k]) - target
        factors.append(factor)
    flat = residual.reshape(len(parameters), -1)
    loss = np.sum(flat * flat, axis=1)
    broken |= ~np.isfinite(loss)
    loss[broken], flat[broken] = np.inf, 0.0
    return Solved(parameters, loss, flat, factors, passed)


@dataclass(eq=False)
class Projected:
    """A stack with solved output layers and the normal equations of its inner parameters.

    Parameters
    ----------
    parameters, loss
        As of `Solved`.
    scale
        (S, p) lengths of the derivatives of the residual by the p free inner parameters (Kaufman's
        approximation; the rows in between are taken as constant).
    matrix
        (S, p, p) products of these derivatives, scaled to length 1.
    gradient
        (S, p) their products with the residual.
    """

    parameters: Array
    loss: Array
    scale: Array
    matrix: Array
    gradient: Array

    def rows(self, chosen: NDArray[np.intp]) -> "Projected":
        """Return the chosen networks."""
        return Projected(*(array[chosen] for array in self._arrays()))

    def put(self, chosen: NDArray[np.intp], other: "Projected") -> None:
        """Replace the chosen networks by those of `other`."""
        for mine, its in zip(self._arrays(), other._arrays(), strict=True):
            mine[chosen] = its

    def _arrays(self) -> tuple[Array, ...]:
        return self.parameters, self.loss, self.scale, self.matrix, self.gradient


def differentiate(
    model: Model, solved: Solved, inner: NDArray[np.intp], chosen: NDArray[np.intp]
) -> Projected:
    """Differentiate the residual of solved networks by their inner parameters.

    Parameters
    ----------
    inner
        Indices of the inner parameters to differentiate by.
    chosen
        Which networks.
    """
    root = np.sqrt(model.data.weights)
    count, nodes, outputs = len(solved.parameters), len(root), len(model.data.values)
    jacobian = np.zeros((len(chosen), len(inner), outputs, solved.residual.shape[1] // outputs))
    for k, factor in enumerate(solved.factors):
        cotangent = np.zeros((count, outputs, nodes))
        cotangent[:, k] = root
        full = _derivatives(solved.passed, cotangent, inner, chosen)
        basis = factor.basis(chosen)
        shadow = full @ basis[:, :nodes]
        np.matmul(shadow, basis.swapaxes(1, 2), out=jacobian[:, :, k])
        np.negative(jacobian[:, :, k], out=jacobian[:, :, k])
        jacobian[:, :, k, :nodes] += full
    flat = jacobian.reshape(len(chosen), len(inner), solved.residual.shape[1])
    matrix = flat @ flat.swapaxes(1, 2)
    gradient = times(flat, solved.residual[chosen])
    diagonal = np.arange(len(inner))
    scale = np.sqrt(matrix[:, diagonal, diagonal])
    floor = 1e-8 * np.max(scale, axis=1, initial=0.0)[:, None]
    scale = np.maximum(scale, np.where(floor > 0, floor, 1.0))
    matrix /= scale[:, :, None]
    matrix /= scale[:, None, :]
    gradient /= scale
    loss = solved.loss[chosen]
    broken = ~(np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1))
    loss[broken], scale[broken], matrix[broken], gradient[broken] = np.inf, 1.0, 0.0, 0.0
    return Projected(solved.parameters[chosen], loss, scale, matrix, gradient)


def project(
    model: Model, parameters: Array, inner: NDArray[np.intp], guard: Array | None = None
) -> Projected:
    """Solve the output layers of a stack and differentiate the residual by the inner parameters."""
    if guard is None:
        guard = np.ones(len(parameters))
    solved = solve_outputs(model, parameters, guard)
    return differentiate(model, solved, inner, np.arange(len(parameters)))


def _derivatives(passed: Pass, cotangent: Array, inner: NDArray[np.intp], chosen: NDArray[np.intp]) -> Array:
    """Return one output's derivatives by the inner parameters, times the cotangent: (chosen, p, m)."""
    part = passed.parts[0]
    shape = part.shape
    deltas = passed.deltas([cotangent])[0]
    count, nodes = len(chosen), cotangent.shape[2]
    pick = chosen[:, None]
    pieces = []
    for level in range(shape.hidden):
        span = shape.spans[level]
        local = inner[(inner >= span.start) & (inner < span.stop)] - span.start
        row, column = np.divmod(local, shape.sizes[level][1])
        read = part.reads[level]
        if level == 0:
            pieces.append(deltas[level][pick, row] * read[column])
        else:
            full = np.concatenate([read[chosen], np.ones((count, 1, nodes))], axis=1)
            pieces.append(deltas[level][pick, row] * full[:, column])
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces, axis=1) if pieces else np.empty((count, 0, nodes))


def times(matrix: Array, vector: Array) -> Array:
    """(S, a, b) times (S, b), network by network."""
    result: Array = (matrix @ vector[:, :, None])[:, :, 0]
    return result
