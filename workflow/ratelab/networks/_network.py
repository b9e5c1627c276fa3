"""What a network is: affine layers, an activation per neuron, poolings, readouts, and the counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
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


class Network:
    """A generalized network x ↦ A_L(… α_1(A_1 x + b_1) …) + b_L, immutable.

    Build one with `Network.dense` or `Network.sparse`. Counts follow the approximation-space convention:
    *connections* are non-zero matrix entries (biases are free), *neurons* are the rows of all affine maps but the
    last, *depth* is the number of affine maps. Readouts are not counted; each is a network of its own.

    Parameters
    ----------
    layers
        Affine maps with their activations and poolings; rational in all layers if in one.
    readouts
        Affine heads on inner layers.

    Raises
    ------
    UserError
        If shapes do not fit or a value is not finite.
    """

    def __init__(self, layers: Sequence[Layer], readouts: Sequence[Readout] = ()) -> None:
        if not layers:
            raise UserError("a network needs at least one affine layer")
        checked: list[Layer] = []
        for index, layer in enumerate(layers):
            before = checked[-1].outputs if checked else None
            checked.append(_checked(layer, index, before, index == len(layers) - 1))
        heads = [_checked_readout(head, index, checked) for index, head in enumerate(readouts)]
        weights = [layer.weight for layer in checked] + [head.weight for head in heads]
        if any(map(_matrix.rational_kind, weights)):
            checked = [_rational(layer) for layer in checked]
            heads = [
                Readout(h.layer, _matrix.to_rational(h.weight), _matrix.to_rational(h.bias)) for h in heads
            ]
        for values in [v for part in checked for v in (part.weight, part.bias)]:
            _matrix.freeze(values)
        for values in [v for head in heads for v in (head.weight, head.bias)]:
            _matrix.freeze(values)
        self.layers: tuple[Layer, ...]
        self.readouts: tuple[Readout, ...]
        self.__dict__["layers"] = tuple(checked)
        self.__dict__["readouts"] = tuple(heads)

    def __reduce__(self) -> "tuple[type[Network], tuple[Any, Any]]":
        """Return what pickle and copy make it from: activations go by their names."""
        return Network, (self.layers, self.readouts)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: a network never changes."""
        raise AttributeError(f"a network is immutable; '{name}' cannot be set")

    @classmethod
    def dense(
        cls,
        weights: Sequence[Any],
        biases: Sequence[Any],
        activation: "str | Activation | Sequence[Sequence[str | Activation]]" = "relu",
        registry: Registry | None = None,
    ) -> "Network":
        """Build a network from its matrices.

        Parameters
        ----------
        weights, biases
            L matrices (out, in) and L vectors (out,): floats, or rationals and dyadics (Fraction, fmpq, arf; one such
            entry makes the network exact).
        activation
            One for all hidden neurons (by name or as object), or for each hidden layer a list with one per neuron.
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
        if not len(weights):
            raise UserError("a network needs at least one affine layer")
        matrices = [_entries(_matrix.matrix, w, index) for index, w in enumerate(weights)]
        vectors = [_entries(_matrix.vector, b, index) for index, b in enumerate(biases)]
        hidden: Sequence[Sequence[Activation]]
        if isinstance(activation, str | Activation):
            single = resolve(activation, registry)
            hidden = [(single,) * w.shape[0] for w in matrices[:-1]]
        else:
            hidden = _per_neuron(activation, registry)
            if len(hidden) != len(matrices) - 1:
                raise UserError(
                    f"{len(matrices)} layers have {len(matrices) - 1} hidden ones; "
                    f"activations for {len(hidden)} were given"
                )
        last = (identity,) * matrices[-1].shape[0]
        return cls(
            [Layer(w, b, tuple(a)) for w, b, a in zip(matrices, vectors, [*hidden, last], strict=True)]
        )

    @classmethod
    def sparse(
        cls,
        weights: Sequence[Any],
        biases: Sequence[Any],
        activation: "str | Activation | Sequence[Sequence[str | Activation]]" = "relu",
        registry: Registry | None = None,
    ) -> "Network":
        """Build a network with float64 weights that are stored by their non-zero entries, else as `Network.dense`."""
        from scipy.sparse import csr_array

        if any(_entries(_matrix.is_exact, w, i) for i, w in enumerate(weights) if not _matrix.sparse(w)):
            raise UserError("sparse weights are float64; rational ones are stored densely: use Network.dense")
        sparse = [_entries(csr_array, w, index) for index, w in enumerate(weights)]
        return cls.dense(sparse, biases, activation, registry)

    @property
    def depth(self) -> int:
        """Number of affine layers L (shallow is 2)."""
        return len(self.layers)

    @property
    def inputs(self) -> int:
        """Input dimension d."""
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        """Output dimension k."""
        return self.layers[-1].outputs

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of neurons of each hidden layer."""
        return tuple(layer.neurons for layer in self.layers[:-1])

    @property
    def width(self) -> int:
        """Largest number of neurons in a hidden layer (0 for an affine map)."""
        return max(self.widths, default=0)

    @property
    def neurons(self) -> int:
        """Number of hidden neurons N."""
        return sum(self.widths)

    @cached_property
    def connections(self) -> int:
        """Number of non-zero weight-matrix entries W; biases are not counted."""
        return sum(_matrix.nonzeros(layer.weight) for layer in self.layers)

    @property
    def poolings(self) -> int:
        """Number of pooled layers."""
        return sum(layer.pooled for layer in self.layers)

    @cached_property
    def largest_weight(self) -> float:
        """Largest modulus of a weight or bias (infinite if a rational one exceeds float64)."""
        return max(_matrix.largest(part) for layer in self.layers for part in (layer.weight, layer.bias))

    @property
    def strict(self) -> bool:
        """Whether no hidden neuron is an identity."""
        return all(a is not identity for layer in self.layers[:-1] for a in layer.activations)

    @property
    def exact(self) -> bool:
        """Whether weights and biases are rationals."""
        return self.layers[0].exact

    def readout(self, index: int) -> "Network":
        """Return the network that ends in the readout of that index."""
        if not -len(self.readouts) <= index < len(self.readouts):
            raise UserError(f"there is no readout {index}; the network has {len(self.readouts)}")
        head = self.readouts[index]
        last = Layer(head.weight, head.bias, (identity,) * head.weight.shape[0])
        return Network([*self.layers[: head.layer], last])

    def rational(self) -> "Network":
        """Return the same function with rational weights; float64 numbers are dyadic, so nothing is rounded."""
        if self.exact:
            return self
        heads = [
            Readout(h.layer, _matrix.to_rational(h.weight), _matrix.to_rational(h.bias))
            for h in self.readouts
        ]
        return Network([_rational(layer) for layer in self.layers], heads)

    def float64(self) -> "Network":
        """Return the network with every weight rounded to the nearest float64 number.

        Raises
        ------
        UserError
            If a weight is larger than float64 holds.
        """
        return self._float if self.exact else self

    @cached_property
    def _float(self) -> "Network":
        layers = [
            Layer(_matrix.to_float(a.weight), _matrix.to_float(a.bias), a.activations, a.pooled)
            for a in self.layers
        ]
        heads = [
            Readout(h.layer, _matrix.to_float(h.weight), _matrix.to_float(h.bias)) for h in self.readouts
        ]
        return Network(layers, heads)

    def __call__(self, x: Any) -> Any:
        """Evaluate at points (m, d); values (m, k) come back in the arithmetic of the points.

        Parameters
        ----------
        x
            float64 array or nested list of numbers; torch tensor; nested list or object array of rationals (Fraction
            or fmpq: exact, Fractions come back; piecewise polynomial activations only); of python-flint's arb
            (balls that contain the value, at flint's working precision).

        Raises
        ------
        UserError
            If the points have another dimension, or an activation has no evaluation in that arithmetic.
        """
        from ratelab.networks._evaluate import evaluate

        return evaluate(self, x)

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
        pooled = f", {self.poolings} pooling{'s' * (self.poolings > 1)}" if self.poolings else ""
        kind = ", rational" if self.exact else ""
        if self.readouts:
            pooled += f", {len(self.readouts)} readout{'s' * (len(self.readouts) > 1)}"
        return f"Network({shape}, {'+'.join(names)}, {self.connections} connections{pooled}{kind})"


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


def _per_neuron(activation: Any, registry: Registry | None) -> list[list[Activation]]:
    wrong = UserError(
        f"activation is {activation!r}; allowed: a name or an Activation, or for each hidden layer a list of them with "
        "one per neuron"
    )
    if not isinstance(activation, Sequence):
        raise wrong
    result = []
    for names in activation:
        if isinstance(names, str) or not isinstance(names, Sequence):
            raise wrong
        if not all(isinstance(name, str | Activation) for name in names):
            raise wrong
        result.append([resolve(name, registry) for name in names])
    return result


def _entries(convert: Any, values: Any, index: int) -> Any:
    if hasattr(values, "requires_grad"):  # a torch tensor, perhaps a parameter
        values = values.detach().cpu().numpy()
    try:
        return convert(values)
    except (TypeError, ValueError) as error:
        raise UserError(f"layer {index + 1}: weights and biases must be numbers ({error})") from None


def _rational(layer: Layer) -> Layer:
    return Layer(
        _matrix.to_rational(layer.weight), _matrix.to_rational(layer.bias), layer.activations, layer.pooled
    )


def _checked(layer: Layer, index: int, given: int | None, last: bool) -> Layer:
    weight, bias = _entries(_matrix.matrix, layer.weight, index), _entries(_matrix.vector, layer.bias, index)
    activations = layer.activations
    if isinstance(activations, str | Activation):
        activations = (resolve(activations),) * weight.shape[0]
    (activations,) = _per_neuron([activations], None)
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


def _checked_readout(head: Readout, index: int, layers: Sequence[Layer]) -> Readout:
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
