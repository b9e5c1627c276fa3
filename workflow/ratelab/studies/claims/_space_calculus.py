"""A1: what operations on networks cost in connections; A2: networks without skip connections."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from ratelab import networks
from ratelab.networks import Layer, Network, identity, power
from ratelab.registry import Activation, PiecewisePolynomial
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, counted, illustrated, judged, not_measurable

_OUTPUTS = 2
_DEEPEST = 4
_POINTS = 7
_SMOOTH = ("tanh", "sigmoid", "softplus", "gelu", "silu", "sine", "gaussian")
_STEPS = (2.0**-4, 2.0**-8, 2.0**-12)


def a1(scope: Scope) -> Iterator[Case]:
    """Random rational networks of several depths: values are exact, counts within the formulas written out here."""
    record = _Record()
    for index in range(scope.cases):
        generator = scope.generator("A1", index)
        inputs, outputs = (int(i) for i in generator.integers(1, 4, 2))
        parts = [_network(generator, inputs, outputs) for _ in range(2 + index % 2)]
        points = _random.numbers(generator, _POINTS, inputs).tolist()
        _sum_and_tuple(record, parts, points)
        _composition(record, generator, parts[0], points)
        _padding(record, generator, parts[0], points)
        scope.progress(index + 1, scope.cases)
    yield from record.cases()


def a2(scope: Scope) -> Iterator[Case]:
    """Strict forms of random rational networks, exactly; difference quotients of smooth activations, in floats."""
    record = _Record()
    units = [(power(1), 2), (_leaky(), 2), (power(2), 4), (power(3), 6)]
    for index in range(scope.cases):
        generator = scope.generator("A2", index)
        unit, terms = units[index % len(units)]
        inputs, outputs = (int(i) for i in generator.integers(1, 4, 2))
        network = _network(generator, inputs, outputs, unit)
        points = _random.numbers(generator, _POINTS, inputs).tolist()
        strict = networks.strict(network, activation=unit)
        name = f"{unit.name}, {terms} terms"
        record.counts(name, strict, network.depth, terms**2 * network.connections, terms * network.neurons)
        record.add(f"{name}: identity neurons left", int(not strict.strict), 0)
        record.values(name, strict(points), network(points))
        box = networks.strict(network, [(-3, 3)] * inputs, unit)
        if unit is power(1):
            name = "relu on a bounded domain, 1 term"
            record.counts(name, box, network.depth, network.connections, network.neurons)
            record.values(name, box(points), network(points))
        scope.progress(index + 1, scope.cases)
    yield from record.cases()
    for label in _SMOOTH:
        if label in scope.registry.activations:
            yield _quotient(scope.registry.activations[label])
    yield not_measurable(
        "equality of spaces",
        "same closure, hence the same E_n and norms: Gribonval, Kutyniok, Nielsen and Voigtlaender 2022 (abstract); "
        "the counts and difference quotients above are its witnesses",
    )


class _Record:
    """The largest excess over each bound, and how many results had wrong values."""

    def __init__(self) -> None:
        self._excess: dict[str, list[int]] = {}

    def add(self, name: str, measured: int, bound: int) -> None:
        """Keep the excess of one number over its bound."""
        self._excess.setdefault(name, []).append(measured - bound)

    def counts(self, name: str, network: Network, depth: int, connections: int, neurons: int) -> None:
        """Compare the three counts with bounds; the depth must be equal."""
        self.add(f"{name}: depth", abs(network.depth - depth), 0)
        self.add(f"{name}: connections", network.connections, connections)
        self.add(f"{name}: neurons", network.neurons, neurons)

    def values(self, name: str, measured: Any, expected: Any) -> None:
        """Count a wrong value."""
        self.add(f"{name}: wrong values", int(not np.array_equal(np.asarray(measured), expected)), 0)

    def cases(self) -> Iterator[Case]:
        """Yield one case for each name."""
        for name, excess in self._excess.items():
            if name.endswith("wrong values") or name.endswith("left"):
                note = f"{counted(len(excess), 'network')}, compared exactly in rationals"
                yield judged(name, sum(excess), "=", 0, note)
            else:
                note = f"largest excess over the bound, {counted(len(excess), 'network')}"
                yield judged(name, max(excess), "≤", 0, note)


def _sum_and_tuple(record: _Record, parts: list[Network], points: Any) -> None:
    depth = max(part.depth for part in parts)
    narrow = min(parts[0].inputs, parts[0].outputs)
    padding = narrow * sum(depth - part.depth for part in parts)
    connections = sum(part.connections for part in parts) + padding
    neurons = sum(part.neurons for part in parts) + padding
    values = [np.asarray(part(points)) for part in parts]
    total, together = networks.add(*parts), networks.parallel(*parts)
    record.counts("sum", total, depth, connections, neurons)
    record.values("sum", total(points), sum(values[1:], values[0]))
    record.counts("tuple", together, depth, connections, neurons)
    record.values("tuple", together(points), np.hstack(values))


def _composition(record: _Record, generator: np.random.Generator, inner: Network, points: Any) -> None:
    outer = _network(generator, inner.outputs, _OUTPUTS)
    expected = outer(inner(points))
    apart, merged = (networks.compose(outer, inner, merged=merged) for merged in (False, True))
    neurons = inner.neurons + outer.neurons
    record.counts(
        "composition, unmerged",
        apart,
        inner.depth + outer.depth,
        inner.connections + outer.connections,
        neurons + inner.outputs,
    )
    record.values("composition, unmerged", apart(points), expected)
    spread = max(inner.neurons, inner.inputs)
    record.counts(
        "composition, merged",
        merged,
        inner.depth + outer.depth - 1,
        inner.connections + spread * outer.connections,
        neurons,
    )
    record.values("composition, merged", merged(points), expected)


def _padding(record: _Record, generator: np.random.Generator, network: Network, points: Any) -> None:
    more = int(generator.integers(1, 4))
    deep = networks.deepen(network, network.depth + more)
    extra = more * min(network.inputs, network.outputs)
    record.counts(
        "identity channels", deep, network.depth + more, network.connections + extra, network.neurons + extra
    )
    record.values("identity channels", deep(points), network(points))
    factor = Fraction(int(generator.integers(1, 9)), 3)
    scaled = networks.scale(network, -factor)
    record.counts("multiple", scaled, network.depth, network.connections, network.neurons)
    record.values("multiple", scaled(points), -factor * np.asarray(network(points)))


def _network(
    generator: np.random.Generator, inputs: int, outputs: int, unit: Activation | None = None
) -> Network:
    """Random sparse rational network with identity neurons among those of ρ (ReLU unless given)."""
    depth = int(generator.integers(1, _DEEPEST + 1))
    widths = (inputs, *(int(w) for w in generator.integers(1, 5, depth - 1)), outputs)
    plain = _random.network(generator, widths, density=0.8)
    layers = []
    for layer in plain.layers[:-1]:
        skip = generator.random(layer.neurons) < 0.4
        units = tuple(identity if s else unit or power(1) for s in skip)
        layers.append(Layer(layer.weight, layer.bias, units))
    return Network([*layers, plain.layers[-1]])


def _leaky() -> Activation:
    """The leaky unit of slope 1/4."""
    pieces = PiecewisePolynomial((Fraction(0),), ((Fraction(0), Fraction(1, 4)), (Fraction(0), Fraction(1))))
    function: Callable[[Any], Any] = lambda x: x.where(x >= 0, x / 4)  # noqa: E731
    return Activation("leaky", function, regularity="piecewise polynomial", pieces=pieces)


def _quotient(unit: Activation) -> Case:
    """Compare (ρ(a + hx) − ρ(a))/(hρ'(a)) with x on [−1, 1]: the error falls at least like h."""
    grid = np.linspace(-1.0, 1.0, 201)
    slopes = unit.with_derivative(grid)[1]
    centre = float(grid[np.abs(slopes).argmax()])
    value, slope = (float(v[0]) for v in unit.with_derivative(np.array([centre])))
    errors = [float(np.abs((unit(centre + h * grid) - value) / (h * slope) - grid).max()) for h in _STEPS]
    return illustrated(
        f"{unit.name}: difference quotient at {centre:g}",
        errors[-1] / errors[0],
        "≤",
        _STEPS[-1] / _STEPS[0],
        f"uniform errors {', '.join(f'{e:.1e}' for e in errors)} on [−1, 1] for h = 2^−4, 2^−8, 2^−12: one neuron "
        "carries a value in the limit",
        tolerance=0.1 * _STEPS[-1] / _STEPS[0],
    )
