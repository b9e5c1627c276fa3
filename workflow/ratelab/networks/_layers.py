"""The parts of a network: affine layers with activations and poolings, readouts, and their checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._matrix import Matrix, Vector
from ratelab.networks._powers import identity
from ratelab.registry import Activation, Registry


@dataclass(frozen=True, eq=False)
class Layer:
    """An affine map, the activation of each of its neurons, and perhaps a pooling of their values.

    Parameters
    ----------
    weight
        (n, inputs), read-only: dense float64, scipy's ``csr_array`` of float64, or rationals (object array of fmpq).
    bias
        (n,), read-only: float64, or rationals if the weights are.
    activations
        One per neuron, or one for all; in a `Network` a tuple of `Activation`. The last layer of a network has
        identities only.
    pooled
        Bilinear pooling of the activated values: with n = 2m they are (u, v) and the layer gives the m products
        u ⊙ v. An odd number is filled up with the constant 1.
    """

    weight: Matrix
    bias: Vector
    activations: "tuple[Activation, ...] | Any"
    pooled: bool = False

    @property
    def inputs(self) -> int:
        """Number of values that the layer reads."""
        return int(self.weight.shape[1])

    @property
    def neurons(self) -> int:
        """Number of neurons n: rows of the affine map."""
        return int(self.weight.shape[0])

    @property
    def outputs(self) -> int:
        """Number of values that the layer gives: n, or ⌈n/2⌉ after pooling."""
        return (self.neurons + 1) // 2 if self.pooled else self.neurons

    @property
    def exact(self) -> bool:
        """Whether weights and biases are rationals."""
        return _matrix.rational_kind(self.weight)

    @property
    def matrix(self) -> Any:
        """The weights as a dense array: float64, or rationals."""
        return _matrix.dense(self.weight)


@dataclass(frozen=True, eq=False)
class Readout:
    """An affine head that reads an inner layer.

    Parameters
    ----------
    layer
        How many layers of the network come before it: 0 reads the inputs, 1 the first hidden layer.
    weight, bias
        (k, outputs of that layer) and (k,), of any kind that `Layer` knows.
    """

    layer: int
    weight: Matrix
    bias: Vector


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


def per_neuron(activation: Any, registry: Registry | None) -> list[list[Activation]]:
    """Return activations by name or object as objects, a list for each hidden layer."""
    if not isinstance(activation, Sequence):
        raise _no_activations(activation)
    result = []
    for names in activation:
        if isinstance(names, str) or not isinstance(names, Sequence):
            raise _no_activations(activation)
        if not all(isinstance(name, str | Activation) for name in names):
            raise _no_activations(activation)
        result.append([resolve(name, registry) for name in names])
    return result


def _no_activations(found: Any) -> UserError:
    return UserError(
        f"activation is {found!r}; allowed: a name or an Activation, or for each hidden layer a list of them with "
        "one per neuron"
    )


def entries(convert: Any, values: Any, index: int) -> Any:
    """Convert a user's numbers, naming the layer if they are none."""
    if hasattr(values, "requires_grad"):  # a torch tensor, perhaps a parameter
        values = values.detach().cpu().numpy()
    try:
        return convert(values)
    except (TypeError, ValueError) as error:
        raise UserError(f"layer {index + 1}: weights and biases must be numbers ({error})") from None


def rational_layer(layer: Layer) -> Layer:
    """Return the layer with rational weights."""
    return Layer(
        _matrix.to_rational(layer.weight), _matrix.to_rational(layer.bias), layer.activations, layer.pooled
    )


def checked_layer(layer: Layer, index: int, given: int | None, last: bool) -> Layer:
    """Return a copy of a layer that fits `given` values, or raise UserError."""
    weight, bias = entries(_matrix.matrix, layer.weight, index), entries(_matrix.vector, layer.bias, index)
    activations = layer.activations
    if isinstance(activations, str | Activation):
        activations = (resolve(activations),) * weight.shape[0]
    (activations,) = per_neuron([activations], None)
    layer = Layer(weight, bias, tuple(activations), layer.pooled)
    if weight.ndim != 2 or bias.shape != (weight.shape[0],) or len(layer.activations) != weight.shape[0]:
        raise UserError(
            f"layer {index + 1}: weight {weight.shape}, bias {bias.shape} and {len(layer.activations)} activations "
            "do not fit; allowed: (out, in), (out,), out"
        )
    if 0 in weight.shape:
        raise UserError(f"layer {index + 1}: weight {weight.shape} is empty")
    if given is not None and weight.shape[1] != given:
        raise UserError(
            f"layer {index + 1}: weight {weight.shape} reads {weight.shape[1]} values, "
            f"layer {index} gives {given}"
        )
    if not (_matrix.finite(weight) and _matrix.finite(bias)):
        raise UserError(f"layer {index + 1}: weights and biases must be finite")
    if last and any(a is not identity for a in layer.activations):
        raise UserError("the last layer is affine: its activations must be the identity")
    if _matrix.rational_kind(weight) != _matrix.rational_kind(bias):
        weight, bias = _matrix.to_rational(weight), _matrix.to_rational(bias)
    return Layer(weight, bias, tuple(layer.activations), bool(layer.pooled))


def checked_readout(head: Readout, index: int, layers: Sequence[Layer]) -> Readout:
    """Return a copy of a readout that fits the layers, or raise UserError."""
    weight, bias = _matrix.matrix(head.weight), _matrix.vector(head.bias)
    if not 0 <= head.layer < len(layers):
        raise UserError(
            f"readout {index}: reads layer {head.layer}; allowed: 0 (the inputs) to {len(layers) - 1}"
        )
    given = layers[head.layer - 1].outputs if head.layer else layers[0].inputs
    if weight.ndim != 2 or weight.shape[1] != given or bias.shape != (weight.shape[0],):
        raise UserError(
            f"readout {index}: weight {weight.shape} and bias {bias.shape} do not fit layer {head.layer}, "
            f"which gives {given} values"
        )
    if not (_matrix.finite(weight) and _matrix.finite(bias)):
        raise UserError(f"readout {index}: weights and biases must be finite")
    if _matrix.rational_kind(weight) != _matrix.rational_kind(bias):
        weight, bias = _matrix.to_rational(weight), _matrix.to_rational(bias)
    return Readout(head.layer, weight, bias)
