"""Many networks of one shape as stacked arrays, with forward and backward passes.

A *stack* holds the parameters of S networks of one layout as (S, P). Products run network by network (BLAS
is called per item, whatever S is) and activations element by element, so a network's bits do not depend on
what else is in the stack, nor on the stacks that are propagated together with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import FitProblem, Layer, Layout, Network, identity
from ratelab.registry import Activation
from ratelab.training._elementwise import BLOCK, Backward, Own, forward
from ratelab.training._pooling import Pooling

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """Weighted data, padded with nodes of weight 0 to a multiple of `BLOCK` nodes.

    Parameters
    ----------
    points
        (d + 1, m), the last row is 1.
    weights, values
        (m,) and (k, m).
    """

    points: Array
    weights: Array
    values: Array

    @classmethod
    def of(cls, problem: FitProblem) -> "Data":
        """Return the data of a problem."""
        more = -len(problem.nodes) % BLOCK
        nodes = np.concatenate([problem.nodes, np.repeat(problem.nodes[-1:], more, axis=0)])
        values = np.concatenate([problem.values, np.repeat(problem.values[-1:], more, axis=0)])
        points = np.concatenate([nodes.T, np.ones((1, len(nodes)))])
        return cls(points, np.append(problem.weights, np.zeros(more)), np.ascontiguousarray(values.T))

    @property
    def energy(self) -> float:
        """Σ weights · |values|², or 1 if that is 0."""
        return float(np.sum(self.weights * self.values**2)) or 1.0


class Shape:
    """A layout as a flat vector of P parameters: layer by layer, row by row, the bias last in its row."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.sizes = [(layer.free.shape[0], layer.free.shape[1] + 1) for layer in layout.layers]
        ends = np.cumsum([rows * columns for rows, columns in self.sizes])
        self.spans = [slice(int(end) - r * c, int(end)) for end, (r, c) in zip(ends, self.sizes, strict=True)]
        self.count = int(ends[-1])
        self.hidden = layout.depth - 1
        free = [np.concatenate([layer.free, layer.free_bias[:, None]], axis=1) for layer in layout.layers]
        self.free = np.concatenate([block.ravel() for block in free])
        self.linear = [np.flatnonzero(layer.linear) for layer in layout.layers]
        self.others: list[list[Own]] = [
            [(a, np.flatnonzero(mask)) for a, mask in layer.others if mask.any()] for layer in layout.layers
        ]
        self.pooled = [layer.pooled for layer in layout.layers]

    def blocks(self, parameters: Array) -> list[Array]:
        """Return views (S, out, in + 1) of the parameters (S, P), one per layer."""
        count = len(parameters)
        return [
            parameters[:, span].reshape(count, *size)
            for span, size in zip(self.spans, self.sizes, strict=True)
        ]

    def flat(self, blocks: Sequence[Array]) -> Array:
        """Return one network's blocks (out, in + 1) as a vector (P,)."""
        return np.concatenate([block.ravel() for block in blocks])

    def network(self, parameters: Array, activation: Activation) -> Network:
        """Return the network with the parameters (P,)."""
        kinds = [layer.activations(activation) for layer in self.layout.layers[:-1]]
        return self.network_of(parameters, kinds)

    def network_of(self, parameters: Array, kinds: Sequence[Sequence[Activation]]) -> Network:
        """Return the network with the parameters (P,) and for each hidden layer an activation per neuron."""
        blocks = [block[0] for block in self.blocks(parameters[None])]
        last = (identity,) * len(blocks[-1])
        return Network(
            [
                Layer(block[:, :-1], block[:, -1], tuple(own), pooled)
                for block, own, pooled in zip(blocks, (*kinds, last), self.pooled, strict=True)
            ]
        )


@dataclass(eq=False)
class Part:
    """A stack on its way through the layers.

    Parameters
    ----------
    shape, blocks
        What it is.
    reads
        Per layer, what its neurons read: (d + 1, m) for the first, (S, in, m) for the others.
    output
        (S, k, m).
    """

    shape: Shape
    blocks: list[Array]
    reads: list[Array]
    output: Array


class Pass:
    """Forward and backward pass of several stacks at once, one activation call per level of hidden layers.

    Its arrays are overwritten by the next pass: fresh memory at every step costs more than the arithmetic.

    Parameters
    ----------
    stacks
        Shapes and their parameters (S, P).
    """

    def __init__(
        self,
        stacks: Sequence[tuple[Shape, Array]],
        data: Data,
        activation: Activation,
    ) -> None:
        self._activation = activation
        self._nodes = data.points.shape[1]
        empty = np.empty(0)
        self.parts = [
            Part(shape, shape.blocks(p), [data.points] + [empty] * shape.hidden, empty) for shape, p in stacks
        ]
        self._here = [
            [part for part in self.parts if part.shape.hidden > level]
            for level in range(max(shape.hidden for shape, _ in stacks))
        ]
        self._before = [self._room(here, i) for i, here in enumerate(self._here)]
        self._values = [self._room(here, i) for i, here in enumerate(self._here)]
        self._derivatives: list[tuple[Array, list[Array]]] = []
        self._backward: list[Backward] = []
        self._own = [
            [_rooms(part, level, self._nodes) for part in here] for level, here in enumerate(self._here)
        ]
        self._poolings = [
            [_pooling(part, level, self._nodes) for part in here] for level, here in enumerate(self._here)
        ]
        self.outputs = np.empty((sum(len(p) for _, p in stacks), stacks[0][0].sizes[-1][0], self._nodes))
        for part, output in zip(self.parts, self.per_part(self.outputs), strict=True):
            part.output = output

    def per_part(self, array: Array) -> list[Array]:
        """Return views of an array (all networks, …), one per part."""
        views, start = [], 0
        for part in self.parts:
            views.append(array[start : start + len(part.blocks[0])])
            start += len(part.blocks[0])
        return views

    def forward(self) -> "Pass":
        """Compute all hidden values and outputs from the present parameters, and return itself."""
        self._backward = []
        for level, here in enumerate(self._here):
            flat, pieces = self._before[level]
            for part, piece in zip(here, pieces, strict=True):
                _affine(part, level, piece)
            room, reads = self._values[level]
            value, backward = forward(self._activation, flat, room)
            if value is not room:
                reads = self._split(value, here, level)
            self._backward.append(backward)
            for part, piece, read, own, pooling in zip(
                here, pieces, reads, self._own[level], self._poolings[level], strict=True
            ):
                linear = part.shape.linear[level]
                if len(linear):
                    read[:, linear] = piece[:, linear]
                for rows in own:
                    rows.forward(piece, read)
                part.reads[level + 1] = read if pooling is None else pooling.forward(read)
        for part in self.parts:
            _affine(part, part.shape.hidden, part.output)
        return self

    def deltas(self, cotangents: Sequence[Array]) -> list[list[Array]]:
        """Return the derivatives by all pre-activations, per part and layer, given those by the outputs."""
        result: list[list[Array]] = [
            [np.empty(0)] * p.shape.hidden + [c] for p, c in zip(self.parts, cotangents, strict=True)
        ]
        if not self._derivatives:
            self._derivatives = [self._room(here, i) for i, here in enumerate(self._here)]
        for level in reversed(range(len(self._backward))):
            parts = self._here[level]
            here = [i for i, part in enumerate(self.parts) if part.shape.hidden > level]
            flat, pieces = self._derivatives[level]
            for i, part, piece, pooling in zip(here, parts, pieces, self._poolings[level], strict=True):
                weight, above = part.blocks[level + 1][:, :, :-1], result[i][level + 1]
                given = piece if pooling is None else pooling.above
                if weight.shape[1] == 1:
                    np.multiply(weight.swapaxes(1, 2), above, out=given)
                else:
                    np.matmul(weight.swapaxes(1, 2), above, out=given)
                if pooling is not None:
                    pooling.backward(piece)
            carried = [
                piece[:, part.shape.linear[level]] if len(part.shape.linear[level]) else None
                for part, piece in zip(parts, pieces, strict=True)
            ]
            own = [
                [rows.backward(piece) for rows in o]
                for piece, o in zip(pieces, self._own[level], strict=True)
            ]
            value = self._backward[level](flat)
            split = pieces if value is flat else self._split(value, parts, level)
            for i, part, carry, mine, delta in zip(here, parts, carried, own, split, strict=True):
                if carry is not None:
                    delta[:, part.shape.linear[level]] = carry
                for (_, at), product in zip(part.shape.others[level], mine, strict=True):
                    delta[:, at] = product
                result[i][level] = delta
        return result

    def gradients(self, cotangents: Sequence[Array], out: Sequence[Array]) -> None:
        """Write the derivatives with respect to all parameters, free or not, to `out`: (S, P) per part."""
        for part, deltas, target in zip(self.parts, self.deltas(cotangents), out, strict=True):
            for level, block in enumerate(part.shape.blocks(target)):
                read, delta = part.reads[level], deltas[level]
                if level == 0:
                    np.matmul(delta, read.T, out=block)
                else:
                    np.matmul(delta, read.swapaxes(1, 2), out=block[:, :, :-1])
                    np.sum(delta, axis=2, out=block[:, :, -1])

    def _room(self, parts: Sequence[Part], level: int) -> tuple[Array, list[Array]]:
        flat = np.empty(sum(len(p.blocks[0]) * p.shape.sizes[level][0] for p in parts) * self._nodes)
        return flat, self._split(flat, parts, level)

    def _split(self, flat: Array, parts: Sequence[Part], level: int) -> list[Array]:
        pieces, start = [], 0
        for part in parts:
            shape = (len(part.blocks[0]), part.shape.sizes[level][0], self._nodes)
            end = start + shape[0] * shape[1] * shape[2]
            pieces.append(flat[start:end].reshape(shape))
            start = end
        return pieces


class _Rows:
    """The neurons of one layer and stack that share an activation of their own."""

    def __init__(self, own: Own, count: int, nodes: int) -> None:
        self._activation, self._at = own
        self._before, self._values, self._above = np.empty((3, count, len(self._at), nodes))
        self._product: Backward | None = None

    def forward(self, before: Array, read: Array) -> None:
        """Activate these neurons: from `before` to their places in `read`."""
        np.take(before, self._at, axis=1, out=self._before, mode="clip")
        value, self._product = forward(self._activation, self._before, self._values)
        read[:, self._at] = value

    def backward(self, above: Array) -> Array:
        """Return the derivative by the pre-activations; `above` is that by the values of the whole layer."""
        assert self._product is not None
        return self._product(np.take(above, self._at, axis=1, out=self._above, mode="clip"))


def _rooms(part: Part, level: int, nodes: int) -> list[_Rows]:
    return [_Rows(own, len(part.blocks[0]), nodes) for own in part.shape.others[level]]


def _pooling(part: Part, level: int, nodes: int) -> Pooling | None:
    shape = part.shape
    return Pooling(len(part.blocks[0]), shape.sizes[level][0], nodes) if shape.pooled[level] else None


def activations(problem: FitProblem) -> tuple[Activation, ...]:
    """Return all activations of the problem's neurons, the network's first."""
    found = {a.name: a for layout, _ in problem.fits for layer in layout.layers for a, _ in layer.others}
    return (problem.activation, *found.values())


def unpooled(layout: Layout) -> str | None:
    """Return None if no layer is pooled, else a reason for trainers that do not serve poolings."""
    if not layout.poolings:
        return None
    return (
        f"layout {layout.key} has pooled layers; allowed: layouts without poolings, or another trainer, such as adam "
        "or lbfgs"
    )


def one_activation(layout: Layout) -> str | None:
    """Return None if no layer is pooled and no neuron has an activation of its own, else why such are not served."""
    if not layout.others:
        return unpooled(layout)
    return (
        f"layout {layout.key} has neurons with an activation of their own ({', '.join(sorted(layout.others))}); "
        "allowed: layouts of one activation, or another trainer, such as adam or lbfgs"
    )


def check_accepted(trainer: str, accepts: Callable[[Layout], str | None], problem: FitProblem) -> None:
    """Refuse a problem with a layout that a trainer does not accept.

    Raises
    ------
    UserError
        With the trainer's name and its reason.
    """
    for layout, _ in problem.fits:
        reason = accepts(layout)
        if reason is not None:
            raise UserError(f"trainer '{trainer}': {reason}")


def _affine(part: Part, level: int, out: Array) -> None:
    block = part.blocks[level]
    if level == 0:
        np.matmul(block, part.reads[0], out=out)
    else:
        np.matmul(block[:, :, :-1], part.reads[level], out=out)
        out += block[:, :, -1:]


def stacks(problem: FitProblem) -> list[tuple[Shape, list[int]]]:
    """Return the distinct shapes of a problem and the positions of their fits."""
    found: dict[bytes, tuple[Shape, list[int]]] = {}
    for position, (layout, _) in enumerate(problem.fits):
        mark = _mark(layout)
        if mark not in found:
            found[mark] = (Shape(layout), [])
        found[mark][1].append(position)
    return list(found.values())


def _mark(layout: Layout) -> bytes:
    parts = [layout.key.encode()]
    for layer in layout.layers:
        parts += [a.tobytes() for a in (layer.free, layer.fixed, layer.free_bias, layer.linear)]
    return b"\0".join(parts)
