"""What a network is: affine layers, an activation per hidden neuron, and the counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ratelab._errors import UserError
from ratelab.networks._powers import identity
from ratelab.registry import Activation, Registry

if TYPE_CHECKING:
    import torch

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layer:
    """An affine map and the activation of each of its neurons.

    Parameters
    ----------
    weight
        (out, in), read-only float64.
    bias
        (out,), read-only float64.
    activations
        One per output neuron; the last layer of a network has identities only.
    """

    weight: Array
    bias: Array
    activations: tuple[Activation, ...]


class Network:
    """A generalized network x ↦ A_L(… α_1(A_1 x + b_1) …) + b_L, immutable.

    Build one with `Network.dense`. Counts follow the approximation-space convention: *connections* are non-zero
    matrix entries (biases are free), *neurons* are hidden, *depth* is the number of affine maps.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        if not layers:
            raise UserError("a network needs at least one affine layer")
        self.layers = tuple(_checked(layer, index, layers) for index, layer in enumerate(layers))

    @classmethod
    def dense(
        cls,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike],
        activation: "str | Activation | Sequence[Sequence[Activation]]" = "relu",
        registry: Registry | None = None,
    ) -> "Network":
        """Build a network from its matrices.

        Parameters
        ----------
        weights, biases
            L matrices (out, in) and L vectors (out,).
        activation
            One for all hidden neurons (by name or as object), or for each hidden layer one per neuron.
        registry
            Where a name that is no primitive is looked up; None means the default plugins.

        Raises
        ------
        UserError
            If shapes do not fit, a value is not finite, or a name is unknown.
        """
        if len(weights) != len(biases):
            raise UserError(
                f"a network needs one bias per weight matrix; found {len(weights)} and {len(biases)}"
            )
        matrices = [np.array(w, dtype=np.float64, ndmin=2) for w in weights]
        vectors = [np.array(b, dtype=np.float64, ndmin=1) for b in biases]
        hidden: Sequence[Sequence[Activation]]
        if isinstance(activation, str | Activation):
            single = resolve(activation, registry)
            hidden = [(single,) * len(w) for w in matrices[:-1]]
        else:
            hidden = list(activation)
            if len(hidden) != len(matrices) - 1:
                raise UserError(
                    f"{len(matrices)} layers have {len(matrices) - 1} hidden ones; "
                    f"activations for {len(hidden)} were given"
                )
        last = (identity,) * len(matrices[-1]) if matrices else ()
        return cls(
            [Layer(w, b, tuple(a)) for w, b, a in zip(matrices, vectors, [*hidden, last], strict=True)]
        )

    @property
    def depth(self) -> int:
        """Number of affine layers L (shallow is 2)."""
        return len(self.layers)

    @property
    def inputs(self) -> int:
        """Input dimension d."""
        return int(self.layers[0].weight.shape[1])

    @property
    def outputs(self) -> int:
        """Output dimension k."""
        return int(self.layers[-1].weight.shape[0])

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of neurons of each hidden layer."""
        return tuple(len(layer.bias) for layer in self.layers[:-1])

    @property
    def width(self) -> int:
        """Largest number of neurons in a hidden layer (0 for an affine map)."""
        return max(self.widths, default=0)

    @property
    def neurons(self) -> int:
        """Number of hidden neurons N."""
        return sum(self.widths)

    @property
    def connections(self) -> int:
        """Number of non-zero weight-matrix entries W; biases are not counted."""
        return sum(int(np.count_nonzero(layer.weight)) for layer in self.layers)

    @property
    def largest_weight(self) -> float:
        """Largest modulus of a weight or bias."""
        return max(
            float(np.abs(array).max(initial=0.0))
            for layer in self.layers
            for array in (layer.weight, layer.bias)
        )

    @property
    def strict(self) -> bool:
        """Whether no hidden neuron is an identity."""
        return all(a is not identity for layer in self.layers[:-1] for a in layer.activations)

    def __call__(self, x: Any) -> Any:
        """Evaluate at points (m, d): float64 array → (m, k), or torch tensor → torch tensor.

        Raises
        ------
        UserError
            If the points have another dimension.
        """
        if isinstance(x, np.ndarray | list | tuple | float | int):
            return self._numpy(np.asarray(x, dtype=np.float64))
        return self._torch(x)

    def _numpy(self, x: Array) -> Array:
        self._check_points(x.shape)
        value = x.T
        for layer in self.layers:
            value = _activate(layer, layer.weight @ value + layer.bias[:, None])
        return np.ascontiguousarray(value.T)

    def _torch(self, x: "torch.Tensor") -> "torch.Tensor":
        import torch

        self._check_points(tuple(x.shape))
        value = x
        for layer in self.layers:
            weight = torch.tensor(layer.weight, dtype=x.dtype, device=x.device)
            bias = torch.tensor(layer.bias, dtype=x.dtype, device=x.device)
            value = torch.nn.functional.linear(value, weight, bias)
            if any(a is not identity for a in layer.activations):
                value = torch.stack([a.function(value[:, i]) for i, a in enumerate(layer.activations)], dim=1)
        return value

    def _check_points(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 2 or shape[1] != self.inputs:
            raise UserError(f"points must have shape (m, {self.inputs}); found {shape}")

    def save(self, path: str | Path) -> None:
        """Store as NetCDF, atomically."""
        from ratelab.networks._storage import save

        save(self, Path(path))

    @staticmethod
    def load(path: str | Path, registry: Registry | None = None) -> "Network":
        """Read a network that `save` wrote; activation names are resolved as in `Network.dense`."""
        from ratelab.networks._storage import load

        return load(Path(path), registry)

    def __repr__(self) -> str:
        names = sorted({a.name for layer in self.layers[:-1] for a in layer.activations}) or ["affine"]
        shape = "-".join(str(n) for n in (self.inputs, *self.widths, self.outputs))
        return f"Network({shape}, {'+'.join(names)}, {self.connections} connections)"


def resolve(activation: str | Activation, registry: Registry | None = None) -> Activation:
    """Return the activation of that name: a primitive, else from the registry, else from the default plugins."""
    if isinstance(activation, Activation):
        return activation
    from ratelab.networks._powers import primitive

    found = primitive(activation)
    if found is not None:
        return found
    if registry is None:
        from ratelab.registry import load_plugins

        registry = load_plugins()
    return registry.activations[activation]


def _activate(layer: Layer, value: Array) -> Array:
    """Apply each neuron's activation to (neurons, m), one call per distinct activation."""
    if all(a is layer.activations[0] for a in layer.activations):
        return value if layer.activations[0] is identity else np.asarray(layer.activations[0](value))
    result = value.copy()
    for activation in dict.fromkeys(layer.activations):
        if activation is not identity:
            rows = [i for i, a in enumerate(layer.activations) if a is activation]
            result[rows] = activation(value[rows])
    return result


def _checked(layer: Layer, index: int, layers: Sequence[Layer]) -> Layer:
    weight, bias = np.array(layer.weight, dtype=np.float64), np.array(layer.bias, dtype=np.float64)
    if weight.ndim != 2 or bias.shape != (weight.shape[0],) or len(layer.activations) != weight.shape[0]:
        raise UserError(
            f"layer {index + 1}: weight {weight.shape}, bias {bias.shape} and {len(layer.activations)} activations "
            "do not fit; allowed: (out, in), (out,), out"
        )
    if 0 in weight.shape:
        raise UserError(f"layer {index + 1}: weight {weight.shape} is empty")
    if index and weight.shape[1] != len(layers[index - 1].bias):
        raise UserError(
            f"layer {index + 1}: weight {weight.shape} reads {weight.shape[1]} values, "
            f"layer {index} gives {len(layers[index - 1].bias)}"
        )
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise UserError(f"layer {index + 1}: weights and biases must be finite")
    if index == len(layers) - 1 and any(a is not identity for a in layer.activations):
        raise UserError("the last layer is affine: its activations must be the identity")
    weight.flags.writeable = bias.flags.writeable = False
    return Layer(weight, bias, tuple(layer.activations))
