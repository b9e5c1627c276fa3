"""A grade after its training, and the network that a sequence of grades makes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ratelab.networks import Network, Readout, identity
from ratelab.registry import Activation
from ratelab.training._minibatch_pass import BatchPass

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TrainedGrade:
    """A block of hidden layers and a linear head on the last of them; its arrays cannot be written to.

    Parameters
    ----------
    blocks
        (out, in + 1) of each hidden layer, the bias in the last column.
    activations
        Of each hidden layer, one for each neuron.
    head
        (k, neurons of the last hidden layer + 1).
    """

    blocks: tuple[Array, ...]
    activations: tuple[tuple[Activation, ...], ...]
    head: Array

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for array in (*self.blocks, self.head):
            array.setflags(write=False)

    @classmethod
    def of(cls, network: Network) -> "TrainedGrade":
        """Return the hidden layers and the output layer of a network as a grade."""
        *hidden, last = network.float64().layers
        blocks = [np.column_stack([np.asarray(a.weight), np.asarray(a.bias)]) for a in hidden]
        head = np.column_stack([np.asarray(last.weight), np.asarray(last.bias)])
        return cls(tuple(blocks), tuple(layer.activations for layer in hidden), head)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all weights and biases, bit for bit."""
        content = hashlib.sha256()
        for array in (*self.blocks, self.head):
            content.update(repr(array.shape).encode())
            content.update(np.ascontiguousarray(array).tobytes())
        return content.hexdigest()

    @property
    def connections(self) -> int:
        """Number of weights of the block, biases not counted."""
        return sum(block.shape[0] * (block.shape[1] - 1) for block in self.blocks)

    def without_effect(self) -> "TrainedGrade":
        """Return the grade with a head of zeros."""
        return TrainedGrade(self.blocks, self.activations, np.zeros_like(self.head))

    def with_head(self, head: Array) -> "TrainedGrade":
        """Return the grade with another head."""
        return TrainedGrade(self.blocks, self.activations, head)

    def features(self, points: Array) -> Array:
        """Return what the last hidden layer gives at points (m, d + 1), whose last column is 1, in the same form."""
        sizes = [(int(a.shape[0]), int(a.shape[1])) for a in (*self.blocks, self.head)]
        flat = np.concatenate([a.ravel() for a in (*self.blocks, self.head)])
        kinds = [
            tuple(
                (
                    kind,
                    None
                    if all(a is kind for a in layer)
                    else np.array([a is kind for a in layer]).nonzero()[0],
                )
                for kind in dict.fromkeys(layer)
                if kind is not identity
            )
            for layer in self.activations
        ]
        with np.errstate(all="ignore"):
            return BatchPass(sizes, kinds, flat).features(points, len(self.blocks))


def stair(grades: Sequence[TrainedGrade]) -> Network:
    """Return the network whose output is the sum of all heads, with a readout for the sum up to each grade.

    The hidden layers of a grade read those of the grade before; from the second grade on, a hidden layer also has
    one identity neuron for each output, which carry the sum of the earlier heads. The last readout is the output.
    """
    outputs = len(grades[0].head)
    weights: list[Array] = []
    biases: list[Array] = []
    activations: list[list[Activation]] = []
    readouts = []
    summed = np.zeros((outputs, 0))
    constant = np.zeros(outputs)
    for number, grade in enumerate(grades):
        for block, kinds in zip(grade.blocks, grade.activations, strict=True):
            if number == 0:
                weights.append(block[:, :-1].copy())
                biases.append(block[:, -1].copy())
                activations.append(list(kinds))
                continue
            own = np.zeros((len(block), summed.shape[1]))
            own[:, : block.shape[1] - 1] = block[:, :-1]
            weights.append(np.concatenate([own, summed]))
            biases.append(np.concatenate([block[:, -1], constant]))
            activations.append([*kinds, *[identity] * outputs])
            summed = np.column_stack([np.zeros((outputs, len(block))), np.eye(outputs)])
            constant = np.zeros(outputs)
        before = [] if number == 0 else [np.eye(outputs)]
        summed = np.column_stack([grade.head[:, :-1], *before])
        constant = grade.head[:, -1].copy()
        readouts.append(Readout(len(weights), summed, constant))
    weights.append(summed)
    biases.append(constant)
    network = Network.dense(weights, biases, activations)
    return Network(network.layers, readouts)


def check_frozen(grades: Sequence[TrainedGrade], hashes: Sequence[str]) -> None:
    """Stop if a grade is not what it was when its training ended, by the hashes taken then."""
    if [grade.fingerprint for grade in grades] != list(hashes):
        raise AssertionError("a frozen grade has changed")
