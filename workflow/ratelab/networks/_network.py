"""What a network is: a sequence of layers, its counts, and how it is built."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._layers import (
    Layer,
    Readout,
    checked_layer,
    checked_readout,
    entries,
    per_neuron,
    rational_layer,
    resolve,
)
from ratelab.networks._powers import identity
from ratelab.registry import Activation, Registry


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
            checked.append(checked_layer(layer, index, before, index == len(layers) - 1))
        heads = [checked_readout(head, index, checked) for index, head in enumerate(readouts)]
        weights = [layer.weight for layer in checked] + [head.weight for head in heads]
        if any(map(_matrix.rational_kind, weights)):
            checked = [rational_layer(layer) for layer in checked]
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
        matrices = [entries(_matrix.matrix, w, index) for index, w in enumerate(weights)]
        vectors = [entries(_matrix.vector, b, index) for index, b in enumerate(biases)]
        hidden: Sequence[Sequence[Activation]]
        if isinstance(activation, str | Activation):
            single = resolve(activation, registry)
            hidden = [(single,) * w.shape[0] for w in matrices[:-1]]
        else:
            hidden = per_neuron(activation, registry)
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

        if any(entries(_matrix.is_exact, w, i) for i, w in enumerate(weights) if not _matrix.sparse(w)):
            raise UserError("sparse weights are float64; rational ones are stored densely: use Network.dense")
        sparse = [entries(csr_array, w, index) for index, w in enumerate(weights)]
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
        return Network([rational_layer(layer) for layer in self.layers], heads)

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
