"""Families of approximants Σ_n: which networks belong to the budget n, and what the sum of two of them costs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf, log
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import Network, identity, identity_form
from ratelab.registry import Activation, Complexity, Target
from ratelab.spaces._depth_growth import DepthGrowth

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POINTS = 64
_NODES = 4096
_SEEN = 4096


class Membership(NamedTuple):
    """Whether a network is one of Σ_n, and why.

    True if `inside`. A network that is not inside may still compute a function of Σ_n that another network gives.
    """

    inside: bool
    reason: str

    def __bool__(self) -> bool:
        return self.inside


@dataclass(frozen=True, eq=False)
class ApproximationFamily:
    """The sets Σ_0 = {0} ⊂ Σ_1 ⊂ Σ_2 … of functions of networks with budget n, in L_p of a bounded box.

    Σ_n, n ≥ 1, holds the functions of all networks of at most n connections (W_n) or neurons (N_n) and at most ℒ(n)
    affine layers, whose hidden neurons are ρ or, unless `strict`, the identity. Biases are free.

    Parameters
    ----------
    activation
        ρ.
    complexity
        ``connections`` or ``neurons``: what n counts.
    depth
        ℒ, or a whole number for a constant one.
    strict
        Whether identity neurons (skip connections) are forbidden.
    dimension, outputs
        d and k.
    p
        Of the norm, 0 < p ≤ ∞; for p = ∞ functions are continuous.
    domain
        d pairs (low, high); None means the unit cube.

    Raises
    ------
    UserError
        For a value that is not allowed.
    """

    activation: Activation
    complexity: Complexity
    depth: DepthGrowth
    strict: bool = False
    dimension: int = 1
    outputs: int = 1
    p: float = 2
    domain: tuple[tuple[float, float], ...] | None = field(default=None)

    def __post_init__(self) -> None:
        """Check every value."""
        if not isinstance(self.activation, Activation):
            raise UserError(f"a family needs an activation; found {type(self.activation).__name__}")
        if self.complexity not in ("connections", "neurons"):
            raise UserError(f"complexity is '{self.complexity}'; allowed: neurons, connections")
        object.__setattr__(self, "depth", DepthGrowth.parse(self.depth))
        for name in ("dimension", "outputs"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UserError(f"a family's {name} is {value!r}; allowed: whole numbers from 1 on")
        check_norm(self.p)
        box = ((0.0, 1.0),) * self.dimension if self.domain is None else tuple(self.domain)
        if len(box) != self.dimension or any(not (-inf < a < b < inf) for a, b in box):
            raise UserError(
                f"a family's domain is {self.domain}; allowed: {self.dimension} pairs (low, high), finite, low < high"
            )
        object.__setattr__(self, "domain", box)

    @property
    def name(self) -> str:
        """As in the field: W(relu, 4), N(relu2, log), SW(relu, unbounded)."""
        letter = "W" if self.complexity == "connections" else "N"
        return f"{'S' * self.strict}{letter}({self.activation.name}, {self.depth.label})"

    @property
    def quasi_triangle(self) -> float:
        """The constant C of ‖f + g‖ ≤ C(‖f‖ + ‖g‖) in L_p: 2^{max(0, 1/p − 1)}."""
        return float(2.0 ** max(0.0, 1 / self.p - 1))

    @property
    def channels(self) -> int:
        """min(d, k): how many values a padded layer carries."""
        return min(self.dimension, self.outputs)

    def size(self, network: Network) -> int:
        """Return what n counts: the network's connections or neurons."""
        return network.connections if self.complexity == "connections" else network.neurons

    def contains(self, network: Network, n: int) -> Membership:
        """Return whether the network is one of Σ_n, with the reason.

        For n = 0 the function must vanish on the domain: decided for output maps that are zero and for piecewise linear
        networks of one variable; other functions that vanish at every point tried count as not proved to be zero.

        Raises
        ------
        UserError
            If n is not a whole number from 0 on.
        """
        if isinstance(n, bool) or n != int(n) or n < 0:
            raise UserError(f"size is {n}; allowed: whole numbers from 0 on")
        wrong = self._wrong_kind(network)
        if wrong is not None:
            return Membership(False, wrong)
        if n == 0:
            return self._zero(network)
        size, allowed = self.size(network), self.depth(int(n))
        if size > n:
            return Membership(False, f"it has {size} {self.complexity}, more than {n}")
        if network.depth > allowed:
            return Membership(False, f"it has {network.depth} layers, more than {allowed:g} at size {n}")
        return Membership(
            True, f"{size} {self.complexity} of {n}, {network.depth} layers of {_depth(allowed)}"
        )

    def least_budget(self, network: Network) -> float:
        """Return the least n with the network in Σ_n, 0 excepted for all but the zero function; ∞ if there is none."""
        if self._wrong_kind(network) is not None:
            return inf
        if self._zero(network):
            return 0
        return max(self.size(network), 1, self.depth.first(network.depth))

    def zero_error(self, target: Target) -> float:
        """Return E(f, Σ_0) = ‖f‖ in L_p, by quadrature (p < 1: on graded nodes, to about 1e-6).

        Raises
        ------
        UserError
            If the target's domain is not that of the family.
        """
        if target.dimension != self.dimension or tuple(target.domain) != self.domain:
            raise UserError(
                f"target '{target.name}' lives on {target.domain}, the family on {self.domain}; both must agree"
            )
        from ratelab import exact

        zero = zero_network(self.dimension, self.outputs)
        if self.p >= 1 and self.dimension <= 2:
            return exact.error(zero, target, self.p)
        x, weight = exact.nodes(target, _NODES if self.dimension == 1 else _NODES * 16)
        values = np.sqrt((target(x) ** 2).sum(axis=1))
        if self.p == inf:
            return float(values.max())
        return float((weight @ values**self.p) ** (1 / self.p))

    def sum_constant(self) -> tuple[float, str]:
        """Return c with Σ_n + Σ_n ⊂ Σ_{cn} for all n, and what it rests on (`docs/families.md` has the proofs).

        A network of n connections (neurons) never needs more than n (n + 1) layers, so padding the shallower one to the
        depth of the other costs at most c₀ = min(d, k) channels through that many layers. In strict families a channel
        costs the m terms of x = Σ c·ρ(wx + b) + c'; where no such form is known, the limit of difference quotients is
        one term, and the inclusion holds for the closure. ∞ if there is no such c.
        """
        copies, how = self._channel()
        if copies == inf and self.depth.supremum > 1:
            return inf, how
        if self.depth.supremum == 1:
            return (
                (2.0, "affine maps add up")
                if self.complexity == "connections"
                else (1.0, "no hidden neurons")
            )
        if self.complexity == "connections":
            share = _share(self.depth, layers=1)
            if not self.strict:
                return 2 + self.channels * share, how
            return 1 + copies + self.channels * copies**2 * share, how
        affine, other = 1 + copies * self.channels, 2 + copies * self.channels * _share(self.depth, layers=2)
        return max(float(affine), other), how

    def _channel(self) -> tuple[float, str]:
        """Neurons that carry one value through a layer, and why."""
        if not self.strict:
            return 1, "identity neurons carry the shallower network through the missing layers"
        form = None if self.activation is identity else identity_form(self.activation)
        if self.activation is identity:
            return 1, "the activation is the identity"
        if form is not None:
            return len(
                form.terms
            ), f"an exact identity of {len(form.terms)} terms takes the place of a channel"
        pieces = self.activation.polynomial
        if pieces is not None and pieces.degree == 0:
            return inf, "deep strict networks are piecewise constant: an affine map plus one of them is not"
        return 1, "up to closure: difference quotients of one neuron tend to the identity on bounded domains"

    def _wrong_kind(self, network: Network) -> str | None:
        if (network.inputs, network.outputs) != (self.dimension, self.outputs):
            return (
                f"it maps R^{network.inputs} to R^{network.outputs}, the family R^{self.dimension} to "
                f"R^{self.outputs}"
            )
        if network.poolings:
            return "it multiplies values (pooling); the family has activations only"
        used = {a.name: a for layer in network.layers[:-1] for a in layer.activations}
        for name, unit in used.items():
            if unit is identity and self.strict and self.activation is not identity:
                return "it has identity neurons; the family is strict"
            if unit is not identity and unit is not self.activation and name != self.activation.name:
                return f"it uses {name}; the family has {self.activation.name}"
        return None

    def _zero(self, network: Network) -> Membership:
        last = network.layers[-1]
        if not np.any(last.matrix != 0) and not np.any(last.bias != 0):
            return Membership(True, "its output map is zero")
        witness = self._nonzero_point(network)
        if witness is not None:
            return Membership(False, f"it is not zero at {witness}; Σ_0 holds the zero function only")
        if self.dimension == 1 and self.outputs == 1 and _piecewise_linear(network):
            from ratelab import exact

            assert self.domain is not None
            ends = tuple((Fraction(a), Fraction(b)) for a, b in self.domain)
            function = exact.piecewise_linear(network.rational(), ends, arithmetic="rational")
            if function.pieces == 1 and all(function(x) == 0 for x in ends[0]):
                return Membership(True, "it vanishes on the domain, exactly")
            return Membership(False, "it is not zero; Σ_0 holds the zero function only")
        return Membership(False, "it vanishes at every point tried, but is not proved to be zero")

    def _nonzero_point(self, network: Network) -> list[float] | None:
        """Return a point of the domain where the value is certainly not zero (floats with room for rounding)."""
        assert self.domain is not None
        low, high = np.array(self.domain).T
        points = low + (high - low) * np.random.default_rng(0).random((_POINTS, self.dimension))
        values = np.abs(np.asarray(network.float64()(points))).reshape(_POINTS, -1).max(axis=1)
        index = int(values.argmax())
        exact_point = [[Fraction(float(v)) for v in points[index]]]
        if _exact_arithmetic(network):
            value: Any = network.rational()(exact_point)
            return points[index].tolist() if any(v != 0 for v in np.ravel(value)) else None
        return points[index].tolist() if values[index] > 1e-9 else None


def family_sizes(family: ApproximationFamily, networks: Sequence[Network]) -> "NDArray[np.float64]":
    """Return for each network the least n with the network in Σ_n, ∞ where there is none.

    Errors of networks become a table n ↦ E_n by the running minimum over these sizes.
    """
    return np.array([family.least_budget(network) for network in networks], dtype=np.float64)


def zero_network(dimension: int, outputs: int) -> Network:
    """Return the affine map 0."""
    return Network.dense([np.zeros((outputs, dimension))], [np.zeros(outputs)])


def check_norm(p: float) -> None:
    """Raise UserError unless 0 < p ≤ ∞."""
    if isinstance(p, bool) or not isinstance(p, int | float) or not p > 0:
        raise UserError(f"p is {p!r}; allowed: numbers above 0, inf included")


def _share(depth: DepthGrowth, layers: int) -> float:
    """Return sup over n of (m(n) − layers)/n, m(n) the most layers that a network of size n uses, or a bound of it.

    m(n) = min(n, ℒ(n)) by connections (layers = 1), min(n + 1, ℒ(n)) by neurons (layers = 2): both give
    sup (min(n, ℒ(n) − layers + 1) − 1)/n.
    """
    if depth.supremum < inf:
        most = max(int(depth.supremum) - layers + 1, 1)
        return (most - 1) / most
    if depth.linear_at_least:
        return 1.0
    seen = max((min(n, depth(n) - layers + 1) - 1) / n for n in range(1, _SEEN))
    factor = float(depth.factor)  # ℒ(n)/n is below a function that falls from exp(1) on
    growth = (
        log(_SEEN) / log(float(depth.base)) if depth.kind == "logarithmic" else _SEEN ** float(depth.exponent)
    )
    return max(0.0, seen, min(1.0, factor * growth / _SEEN))


def _depth(allowed: float) -> str:
    return "any number" if allowed == inf else f"{allowed:g}"


def _piecewise_linear(network: Network) -> bool:
    units = {a for layer in network.layers[:-1] for a in layer.activations}
    return all(a.polynomial is not None and a.polynomial.degree <= 1 and continuous(a) for a in units)


def continuous(activation: Activation) -> bool:
    """Return whether ρ is continuous, as far as its pieces say: all others are taken to be."""
    pieces = activation.polynomial
    return pieces is None or not any(pieces.jumps(index)[0] for index in range(len(pieces.knots)))


def _exact_arithmetic(network: Network) -> bool:
    return all(a.polynomial is not None for layer in network.layers[:-1] for a in layer.activations)
