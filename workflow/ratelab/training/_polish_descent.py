"""Levenberg-Marquardt on all parameters of one network, damped by how much the neurons' functions change.

The relu functions of a layer are nearly dependent, so a damping of single weights forbids moves that hardly change
anything and allows others that change everything. Here the reads of each layer are orthonormalised over the nodes and
the step is damped in these coordinates: the damping of a neuron is the mean square by which its pre-activation
changes, times the weight that its pre-activation has in the output. That is invariant under every affine change of
the values that a layer reads, and on deep networks ten times closer to the optimum after the same number of steps
than a damping by the diagonal.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from ratelab.registry import Activation
from ratelab.training._elementwise import Backward, forward_rows, homogeneity
from ratelab.training._stack import Shape

Array = NDArray[np.float64]

_RIDGE = 1e-4
_FIRST_DAMPING, _LEAST_DAMPING, _LARGEST_DAMPING = 1e-3, 1e-13, 1e10
_LEAST_SHARE = 1e-6


@dataclass(frozen=True, eq=False)
class Samples:
    """Weighted values that a network is fitted to.

    Parameters
    ----------
    points
        (d, m); m is a multiple of `BLOCK`.
    roots
        (m,) square roots of the weights.
    values
        (k, m).
    """

    points: Array
    roots: Array
    values: Array


@dataclass(frozen=True, eq=False)
class _Forward:
    """What each layer reads, the products with the activation's derivative, and the weighted residual (k, m)."""

    reads: list[Array]
    backward: list[Backward]
    residual: Array

    @property
    def loss(self) -> float:
        return float(np.sum(self.residual * self.residual))


def loss(shape: Shape, parameters: Array, samples: Samples, activation: Activation) -> float:
    """Return the weighted sum of squared residuals of the network with parameters (P,)."""
    return _propagate(shape, parameters, samples, activation).loss


def _propagate(shape: Shape, parameters: Array, samples: Samples, activation: Activation) -> _Forward:
    blocks = [block[0] for block in shape.blocks(parameters[None])]
    reads, backward = [samples.points], []
    for block, linear, others in zip(blocks[:-1], shape.linear, shape.others, strict=False):
        before = block[:, :-1] @ reads[-1]
        before += block[:, -1:]
        value, slope = forward_rows(activation, before, linear, others)
        reads.append(value)
        backward.append(slope)
    output = blocks[-1][:, :-1] @ reads[-1] + blocks[-1][:, -1:]
    return _Forward(reads, backward, (output - samples.values) * samples.roots)


@dataclass(frozen=True, eq=False)
class _Group:
    """Rows of one layer with the same free entries, and the map from their coordinates to weights."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    basis: Array
    triangle: Array


class Descent:
    """One network on its way down; `parameters` never gets a greater loss.

    Parameters
    ----------
    shape
        Of the network.
    parameters
        (P,) of the start.
    damping
        Of the first step.
    tolerance
        A step that lowers the loss by a smaller share ends the descent.
    """

    def __init__(
        self,
        shape: Shape,
        parameters: Array,
        samples: Samples,
        activation: Activation,
        damping: float = _FIRST_DAMPING,
        tolerance: float = 1e-7,
    ) -> None:
        self._shape, self._samples, self._activation = shape, samples, activation
        self._damping, self._growth, self._tolerance = damping, 2.0, tolerance
        self.parameters = _normalised(shape, parameters, activation)
        self._here = _propagate(shape, self.parameters, samples, activation)
        self.loss = self._here.loss
        self.converged = not np.isfinite(self.loss) or self.loss <= 1e-30 * float(
            np.sum((samples.values * samples.roots) ** 2)
        )
        self._system: tuple[Array, Array, Array] | None = None
        self._groups: list[list[_Group]] = []

    def run(self, steps: int) -> None:
        """Take that many steps, or fewer if the descent converges."""
        for _ in range(steps):
            if self.converged:
                return
            self.step(lambda _: None)

    def step(self, spend: Callable[[int], None]) -> None:
        """Try one step.

        Parameters
        ----------
        spend
            Told how many losses and Jacobians are evaluated, before they are.
        """
        if self._system is None:
            spend(1)
            self._system = self._linearise()
        matrix, gradient, shares = self._system
        damped = matrix.copy()
        diagonal = np.arange(len(matrix))
        damped[diagonal, diagonal] += self._damping * shares
        scale = 1.0 / np.sqrt(damped[diagonal, diagonal])
        damped *= scale[:, None] * scale
        damped[diagonal, diagonal] += 1e-14
        try:
            move = -scale * cho_solve(cho_factor(damped, lower=True, check_finite=False), scale * gradient)
        except np.linalg.LinAlgError:
            self._raise()
            return
        spend(1)
        trial = _normalised(self._shape, self.parameters + self._weights(move), self._activation)
        there = _propagate(self._shape, trial, self._samples, self._activation)
        decrease, predicted = self.loss - there.loss, -2.0 * gradient @ move - move @ (matrix @ move)
        if not decrease > 0:
            self._raise()
            return
        gain = float(decrease / predicted) if predicted > 0 else 0.0
        shrink = max(1.0 / 3.0, 1.0 - (2.0 * min(gain, 1.0) - 1.0) ** 3)
        self._damping, self._growth = max(self._damping * shrink, _LEAST_DAMPING), 2.0
        self.converged = bool(decrease < self._tolerance * self.loss)
        self.parameters, self._here, self.loss, self._system = trial, there, there.loss, None

    def _raise(self) -> None:
        self._damping *= self._growth
        self._growth *= 2.0
        self.converged = self._damping > _LARGEST_DAMPING

    def _linearise(self) -> tuple[Array, Array, Array]:
        """Return JᵀJ, Jᵀr and the damping's diagonal in the orthonormal coordinates."""
        reads, roots = self._here.reads, self._samples.roots
        self._groups = [_groups(self._shape, level, reads[level]) for level in range(len(self._shape.sizes))]
        outputs = self._shape.sizes[-1][0]
        columns = sum(len(g.rows) * len(g.columns) for groups in self._groups for g in groups)
        jacobian = np.empty((columns, len(roots)))
        matrix, gradient = np.zeros((columns, columns)), np.zeros(columns)
        weights = [np.zeros(size[0]) for size in self._shape.sizes]
        for output in range(outputs):
            cotangent = np.zeros((outputs, len(roots)))
            cotangent[output] = roots
            start = 0
            for level, delta in enumerate(self._deltas(cotangent)):
                weights[level] += np.sum(delta * delta, axis=1)
                for group in self._groups[level]:
                    end = start + len(group.rows) * len(group.columns)
                    view = jacobian[start:end].reshape(len(group.rows), len(group.columns), -1)
                    np.multiply(delta[group.rows][:, None, :], group.basis, out=view)
                    start = end
            matrix += jacobian @ jacobian.T
            gradient += jacobian @ self._here.residual[output]
        shares = [
            np.repeat(
                np.maximum(weight, _LEAST_SHARE * weight.max(initial=0.0))[group.rows], len(group.columns)
            )
            for weight, groups in zip(weights, self._groups, strict=True)
            for group in groups
        ]
        return matrix, gradient, np.maximum(np.concatenate(shares), 1e-300)

    def _deltas(self, cotangent: Array) -> list[Array]:
        blocks = [block[0] for block in self._shape.blocks(self.parameters[None])]
        result = [cotangent]
        for level in reversed(range(self._shape.hidden)):
            above = np.ascontiguousarray(blocks[level + 1][:, :-1].T @ result[0])
            result.insert(0, self._here.backward[level](above))
        return result

    def _weights(self, move: Array) -> Array:
        """Return the change of the parameters (P,) of a step in the orthonormal coordinates."""
        change = np.zeros((1, self._shape.count))
        start = 0
        for block, groups in zip(self._shape.blocks(change), self._groups, strict=True):
            for group in groups:
                end = start + len(group.rows) * len(group.columns)
                part = move[start:end].reshape(len(group.rows), -1)
                block[0][np.ix_(group.rows, group.columns)] = solve_triangular(group.triangle, part.T).T
                start = end
        return np.asarray(change[0])


def _groups(shape: Shape, level: int, read: Array) -> list[_Group]:
    free = shape.free[shape.spans[level]].reshape(shape.sizes[level])
    patterns, member = np.unique(free, axis=0, return_inverse=True)
    result = []
    for index, pattern in enumerate(patterns):
        columns = np.flatnonzero(pattern)
        if len(columns):
            reads = np.concatenate([read, np.ones((1, read.shape[1]))])[columns]
            triangle = coordinates(reads)
            basis = solve_triangular(triangle, reads, trans="T")
            result.append(_Group(np.flatnonzero(member.ravel() == index), columns, basis, triangle))
    return result


def coordinates(reads: Array) -> Array:
    """Return the upper triangle T (c, c) with TᵀT = the mean of reads·readsᵀ, plus a ridge where they depend.

    Parameters
    ----------
    reads
        (c, m).
    """
    length = np.sqrt(np.mean(reads * reads, axis=1))
    length = np.where(length > 0, length, 1.0)
    unit = reads / (length[:, None] * np.sqrt(reads.shape[1]))
    triangle = np.linalg.qr(np.concatenate([unit, _RIDGE * np.eye(len(reads))], axis=1).T, mode="r")
    return np.asarray(triangle * length)


def _normalised(shape: Shape, parameters: Array, activation: Activation) -> Array:
    """Return the same function with rows of norm 1 below activations with one bend at 0 (free rows only)."""
    degree = homogeneity(activation)
    result = parameters.copy()
    if degree is None:
        return result
    blocks = [block[0] for block in shape.blocks(result[None])]
    for level, layer in enumerate(shape.layout.layers[:-1]):
        above = shape.layout.layers[level + 1].free
        rows = np.flatnonzero(layer.plain & layer.free.all(axis=1) & above.all(axis=0))
        length = np.sqrt(np.sum(blocks[level][rows, :-1] ** 2, axis=1))
        length = np.where(length > 0, length, 1.0)
        blocks[level][rows] /= length[:, None]
        blocks[level + 1][:, rows] *= length**degree
    return result
