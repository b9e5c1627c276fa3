"""D5, D13: what analytic networks have outside a compact set, bounded in balls."""

from collections.abc import Iterator
from fractions import Fraction
from math import inf, nextafter, pi
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ratelab.exact import (
    annular_masses,
    leak,
    leak_lower_bound,
    nonzero,
    partial_sums,
    witness_weights,
    zero_measure,
)
from ratelab.exact._leak_balls import working_precision
from ratelab.networks import Layer, Network, identity, resolve
from ratelab.registry import Activation, Ball, Target
from ratelab.studies.claims._claim import Case, Scope, counted, illustrated, judged

Array = NDArray[np.float64]

_ANALYTIC = ("tanh", "sigmoid", "softplus", "gelu", "silu", "sine", "gaussian", "arctan")
_SCALE = Fraction(1, 8)
"""Width s of the Gaussians of D5; 1/s² must exceed 1 by far for weights e^(n²)."""
_SPACING = Fraction(1, 20)
_CENTRES = [k * _SPACING for k in range(-13, 14)]
_EXPLICIT = 40
_ANNULI = 6


def d5(scope: Scope) -> Iterator[Case]:
    """One weight, and an analytic network that it does not separate; sequences, and weights that do."""
    target = scope.registry.targets["tent"]
    gaussian = scope.registry.activations["gaussian"]
    yield from _one_weight(target, gaussian)
    scope.progress(1, 1 + scope.cases)
    short, least, number = inf, inf, 0
    for index in range(scope.cases):
        found, lowest, many = _separated(scope, target, index)
        short, least, number = min(short, found), min(least, lowest), number + many
        scope.progress(2 + index, 1 + scope.cases)
    yield judged(
        "witness weights: least partial sum less the number of annuli n ≥ max(k, 2)", short, "≥", 0.0,
        f"{counted(number, 'network')} in {counted(scope.cases, 'sequence')}, {_ANNULI} annuli, proved lower masses",
    )  # fmt: skip
    yield illustrated(
        "least annular mass of all",
        least,
        "≥",
        5e-324,
        f"proved lower ends, the outermost of {_ANNULI} annuli included",
    )


def _one_weight(target: Target, gaussian: Activation) -> Iterator[Case]:
    """Bound p_w(f − g) for the tent f and a sum g of Gaussians, tails included."""
    network, coefficients = _gaussian_sum(target, gaussian)
    for name, growth in (("w_n = 2^n", _doubling), ("w_n = exp(n²)", _squared)):
        with working_precision(200):
            first = leak_lower_bound(
                _difference(target, network), [[-1]], [[1]], tolerance=0.5, most=256
            ).upper
            total = growth(1) * arb(first) + _tail(coefficients, growth)
        yield judged(
            f"{name}: p_w(f − g) for one fixed weight, g a network of {counted(len(coefficients), 'Gaussian')}",
            nextafter(float(total.upper()), inf), "≤", 1.0,
            "K_n = [−n, n]; the first annulus in balls, all the others by the Gaussians' tails: an upper bound",
        )  # fmt: skip
    found = nonzero(network)
    yield judged(
        "but the support of g is R: networks without certificate", int(not found), "=", 0,
        f"g({found.point[0] if found.point else '?'}) = {found.value}",
    )  # fmt: skip


def _doubling(n: int) -> Any:
    return arb(2) ** n


def _squared(n: int) -> Any:
    return arb(n * n).exp()


def _gaussian_sum(target: Target, gaussian: Activation) -> tuple[Network, list[float]]:
    """Return the tent averaged with a Gaussian: Σ h·f(m)/(s√π)·exp(−((x − m)/s)²) over centres m of spacing h."""
    slope = 1 / float(_SCALE)
    centres = np.array([float(m) for m in _CENTRES])
    coefficients = float(_SPACING) * slope / pi**0.5 * target(centres)[:, 0]
    weight, bias = np.full((len(centres), 1), slope), -slope * centres
    return Network.dense([weight, coefficients[None, :]], [bias, [0.0]], gaussian), coefficients.tolist()


def _difference(target: Target, network: Network) -> Network:
    """Return f − g as one network: the tent in ReLU neurons, in rationals."""
    assert target.pieces is not None
    left, _, right = target.pieces.knots
    rise, fall = 1 / -left, -1 / right
    relu = resolve("relu")
    exact = network.rational()
    first, last = exact.layers
    slopes = [rise, fall - rise, -fall]
    weight = np.concatenate([np.array([[Fraction(1)]] * 3, dtype=object), first.weight])
    bias = np.concatenate([np.array([-left, Fraction(0), -right], dtype=object), first.bias])
    output = np.concatenate([np.array([slopes], dtype=object), -last.weight], axis=1)
    return Network.dense([weight, output], [bias, last.bias], [[relu] * 3 + list(first.activations)])


def _tail(coefficients: list[float], growth: Any) -> Any:
    """Return an upper bound of Σ_{n ≥ 2} w_n ∫_{n−1 ≤ |x| ≤ n} |g| for Gaussians with centres in (−1, 1).

    ∫_{|x| ≥ n−1} exp(−((x − m)/s)²) dx ≤ s√π·erfc((n − 1 − |m|)/s) ≤ s√π·exp(−((n − 1 − |m|)/s)²). The last bounds
    times w_n fall by more than half from one n to the next, so beyond the explicit terms they add up to the last one.
    """
    width = arb(_SCALE.numerator) / _SCALE.denominator
    # centres as floats, which are those of the network
    farthest = arb(max(abs(float(m)) for m in _CENTRES))
    size = sum((abs(arb(c)) for c in coefficients), arb(0)) * width * arb.pi().sqrt()
    total = sum(
        (growth(n) * size * ((n - 1 - farthest) / width).erfc() for n in range(2, _EXPLICIT + 1)), arb(0)
    )

    def bound(n: int) -> Any:
        return growth(n) * size * (-(((n - 1 - farthest) / width) ** 2)).exp()

    # log(w_(n+1)/w_n) ≤ 2n + 1, and the exponent falls by (2(n − 1 − |m|) + 1)/s²
    n = _EXPLICIT
    assert 2 * n + 1 - (2 * (n - 1 - farthest) + 1) / (width * width) < -arb(2).log()
    return total + bound(n)


def _separated(scope: Scope, target: Target, index: int) -> tuple[float, float, int]:
    """Return by how much partial sums exceed the number of annuli, the least mass, and the number of networks."""
    generator = scope.generator("D5", index)
    label = ("gaussian", "tanh")[index % 2]
    activation = scope.registry.activations[label]
    networks = [_fitted(target, activation, 2 + 2 * k, generator) for k in range(3)]
    masses = np.array(
        [
            annular_masses(net, 1, _ANNULI, certified=True, cells=8, tolerance=0.5, most=64).lower
            for net in networks
        ]
    )
    weights = witness_weights(masses)
    excess = inf
    for k in range(1, len(networks) + 1):
        start = max(k, 2)  # the tent lives in K_1, so beyond it f − g_k is −g_k
        sums = partial_sums(weights[start - 1 :], masses[k - 1, start - 1 :])
        excess = min(excess, float((sums - np.arange(1, len(sums) + 1)).min()))
    return excess, float(masses.min()), len(networks)


def _fitted(target: Target, activation: Activation, width: int, generator: np.random.Generator) -> Network:
    """Return random features with fitted outputs."""
    d = target.dimension
    weight = generator.normal(size=(width, d)) * 3
    bias = generator.uniform(-3, 3, width)
    points = generator.uniform(-1.5, 1.5, (400 * d, d))
    features = np.hstack([activation(points @ weight.T + bias), np.ones((len(points), 1))])
    solution = np.linalg.lstsq(features, target(points)[:, 0], rcond=1e-6)[0]
    return Network.dense([weight, solution[None, :-1]], [bias, solution[-1:]], activation)


def d13(scope: Scope) -> Iterator[Case]:
    """Random and fitted networks of every analytic activation, with and without poolings; floats that are 0."""
    yield from _random_networks(scope)
    targets = [scope.registry.targets[label] for label in ("tent", "compact_cone")]
    wrong = 0
    for target in targets:
        for label in _ANALYTIC:
            generator = scope.generator("D13", target.name, label)
            net = _fitted(target, scope.registry.activations[label], 24, generator)
            low, high = zero_measure(net, ((-2, 2),) * target.dimension)
            wrong += not (low == high == 0)
    yield judged(
        f"fitted networks whose zero set is not proved to be null, of {len(targets) * len(_ANALYTIC)}",
        wrong, "=", 0, "so the leak has the full measure of every box without the support",
    )  # fmt: skip
    yield from _float_zeros(scope)


def _random_networks(scope: Scope) -> Iterator[Case]:
    for pooled in (False, True):
        failed, bits = 0, 53
        for index in range(scope.cases):
            for label in _ANALYTIC:
                generator = scope.generator("D13", label, index, pooled)
                found = nonzero(random_network(scope.registry.activations[label], generator, pooled=pooled))
                failed += not found
                bits = max(bits, found.precision or 0)
            scope.progress(index + 1 + pooled * scope.cases, 2 * scope.cases)
        yield judged(
            f"networks {'with' if pooled else 'without'} poolings that no ball certifies, "
            f"of {scope.cases * len(_ANALYTIC)}",
            failed, "=", 0, f"one to three variables, three affine maps; {bits} bits sufficed",
        )  # fmt: skip


def random_network(activation: Activation, generator: np.random.Generator, *, pooled: bool) -> Network:
    """Return a random network of two hidden layers in one to three variables."""
    d = int(generator.integers(1, 4))
    widths = [d, 6, 4]
    layers, before = [], d
    for width in widths[1:]:
        layers.append(
            Layer(
                generator.normal(size=(width, before)),
                generator.normal(size=width),
                (activation,) * width,
                pooled,
            )
        )
        before = layers[-1].outputs
    layers.append(Layer(generator.normal(size=(1, before)), np.zeros(1), (identity,)))
    return Network(layers)


def _float_zeros(scope: Scope) -> Iterator[Case]:
    """Evaluate where float64 gives exactly 0 though no analytic function can be 0 on an open set."""
    for label, place in (("gelu", -20.0), ("softplus", -800.0)):
        net = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], scope.registry.activations[label])
        near = float(net(np.array([[place]]))[0, 0])
        found = nonzero(net, [[place]])
        yield judged(
            f"{label}({place:g}): float64 gives {near + 0.0:g}, networks without certificate", int(not found), "=", 0,
            f"the ball is {found.value}",
        )  # fmt: skip
    net = windowed(
        scope.registry.activations["tanh"], scope.registry.activations["sigmoid"], scope.generator("D13")
    )
    measured = leak(net, Ball((0, 0), Fraction(4, 5)), 4.0, cells=60, samples=scope.cases + 5)
    share = measured.float_zeros / measured.volume
    yield judged(
        "tanh features times a logistic window: float zeros that no ball refutes",
        measured.zeros_checked - measured.zeros_refuted, "=", 0,
        f"{share:.0%} of the box without the support are float64 zeros; {measured.zeros_checked} points in balls",
    )  # fmt: skip


def windowed(activation: Activation, logistic: Activation, generator: np.random.Generator) -> Network:
    """Return random features in two variables times a steep logistic window around [−6/5, 6/5]², by poolings."""
    width, steep, edge = 16, 160.0, 1.2
    weight = np.concatenate(
        [generator.normal(size=(width, 2)) * 3, steep * np.array([[-1.0, 0], [1, 0], [0, -1], [0, 1]])]
    )
    bias = np.concatenate([generator.uniform(-3, 3, width), np.full(4, steep * edge)])
    mixed = np.zeros((5, width + 4))
    mixed[2, :width] = generator.normal(size=width)
    for row, column in ((0, 0), (1, 2), (3, 1), (4, 3)):
        mixed[row, width + column] = 1
    # (s1, s3, f | s2, s4) → (s1 s2, s3 s4, f) → (s1 s2, f | s3 s4) → (s1 s2 s3 s4 | f)
    return Network(
        [
            Layer(weight, bias, (activation,) * width + (logistic,) * 4),
            Layer(mixed, np.zeros(5), (identity,) * 5, True),
            Layer(np.eye(3)[[0, 2, 1]], np.zeros(3), (identity,) * 3, True),
            Layer(np.eye(2), np.zeros(2), (identity,) * 2, True),
            Layer(np.eye(1), np.zeros(1), (identity,)),
        ]
    )
