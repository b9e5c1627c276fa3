"""Products as networks of a power ρ_r, r ≥ 2: xy = ((x + y)² − (x − y)²)/4, factors in a binary tree.

x² is a sum of r − 1 powers (x + b)^r and a constant, which cancels in the difference, so that two factors cost
4(r − 1) neurons and 12(r − 1) connections.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from flint import fmpq

from ratelab._errors import UserError
from ratelab.networks._calculus import compose
from ratelab.networks._calculus_counts import Counts, kept
from ratelab.networks._layers import Layer
from ratelab.networks._network import Network
from ratelab.networks._polynomial_networks import Term, as_power, equispaced, power_sum, two_sided
from ratelab.networks._powers import identity
from ratelab.registry import Activation, PiecewisePolynomial

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ZERO, _ONE = fmpq(0), fmpq(1)
_MOST_FACTORS = 256


@dataclass(frozen=True)
class TensorProduct:
    """The function x ↦ f_1(x_1) ⋯ f_d(x_d); as the `function` of a target it declares this structure.

    Parameters
    ----------
    factors
        f_1, …, f_d, continuous piecewise polynomials in exact rationals.
    """

    factors: tuple[PiecewisePolynomial, ...]

    def __call__(self, x: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the values (m,) at points (m, d)."""
        result = np.ones(len(x))
        for column, factor in enumerate(self.factors):
            result = result * _values(factor, x[:, column])
        return result


def product(dimension: int = 2, activation: int | Activation = 2, *, merged: bool = False) -> Network:
    """Return the rational network x ↦ x_1 ⋯ x_d on R^d, a binary tree of products of two.

    Parameters
    ----------
    dimension
        d ≥ 1; a factor without a partner is carried by an identity neuron.
    activation
        r ≥ 2, or an activation that is ρ_r.
    merged
        Multiply the maps between two levels of the tree: depth ⌈log₂ d⌉ + 1. Otherwise identity neurons stand between
        them, which costs fewer connections: depth 2⌈log₂ d⌉.

    Raises
    ------
    UserError
        If a number is out of range.

    Notes
    -----
    See *Approximation spaces of deep neural networks* (Gribonval, Kutyniok, Nielsen, Voigtlaender 2022), products,
    recalled there with 4(r + 1) neurons for two factors.
    """
    exponent, chosen = as_power("product", activation, least=2)
    _check_factors("product", dimension)
    network = _tree(dimension, exponent, chosen, merged)
    return kept("product", network, product_bound(dimension, exponent, merged=merged))


def product_bound(dimension: int = 2, exponent: int = 2, *, merged: bool = False) -> Counts:
    """Return the promise of `product`, which keeps it exactly.

    With m = ⌈log₂ d⌉ levels, d − 1 products and the factors without a partner on each level (byes). Unmerged: depth
    2m, 4(r − 1)(d − 1) + byes neurons, and one for each value between two levels; 12(r − 1)(d − 1) + 2·byes
    connections. Merged: depth m + 1, 4(r − 1)(d − 1) + byes neurons, and connections as the matrices multiply: a
    neuron reads 2 values of the level below, of 4(r − 1) neurons each (1 for a bye). One factor: depth 1.
    """
    powers = 4 * (exponent - 1)
    depth, connections, neurons, count = 0, 0, 0, dimension
    reads = [1] * dimension  # what each value of a level costs a neuron that reads it
    while count > 1:
        pairs, bye = divmod(count, 2)
        last = count <= 2
        neurons += powers * pairs + bye + (0 if last or merged else pairs + bye)
        if merged:
            connections += powers * (sum(reads[: 2 * pairs])) + bye * sum(reads[2 * pairs :])
            depth += 1
            reads = [powers] * pairs + [1] * bye
        else:
            connections += 3 * powers * pairs + 2 * bye
            depth += 2
        count = pairs + bye
    if not depth:
        return Counts(1, 1, 0)
    if merged:
        return Counts(depth + 1, connections + powers, neurons)
    return Counts(depth, connections, neurons)


def monomial(degree: int, activation: int | Activation = 2) -> Network:
    """Return the rational network x ↦ x^k on R: repeated squares s, s², … beside the product of those that k needs.

    Parameters
    ----------
    degree
        k from 1 to 4096.
    activation
        r ≥ 2, or an activation that is ρ_r.

    Raises
    ------
    UserError
        If a number is out of range.
    """
    exponent, chosen = as_power("monomial", activation, least=2)
    if degree != int(degree) or not 1 <= degree <= 4096:
        raise UserError(f"monomial: the degree is {degree}; allowed: whole numbers from 1 to 4096")
    square, constant = square_terms(exponent)
    network, bits, has_product = _affine_identity(), int(degree), False
    while bits > 1 or has_product:
        # (s, a) → (s², a·s or a), s = x^(2^i) and a the product of those that k has had so far
        inputs, take, last = 1 + has_product, bool(bits & 1), bits == 1
        values: list[_Value] = []
        if not last:
            values.append((constant, [_Neuron(t.outer, {0: t.weight}, t.bias, chosen) for t in square]))
        if has_product and take:
            values.append((_ZERO, _product_neurons(1, 0, exponent, chosen)))
        elif has_product or take:
            values.append((_ZERO, [_Neuron(_ONE, {inputs - 1: _ONE}, _ZERO, identity)]))
        network = compose(_two_layers(inputs, values), network, merged=True)
        has_product = (has_product or take) and not last
        bits >>= 1
    return kept("monomial", network, monomial_bound(int(degree), exponent))


def monomial_bound(degree: int, exponent: int = 2) -> Counts:
    """Return the promise of `monomial`: with m = ⌈log₂ k⌉ and s = r − 1, depth m + 1 and 6sm neurons.

    Connections are at most 12s + 28s²(m − 1): a hidden layer has at most 2s neurons for a square, which read 2s neurons
    below, and 4s for a product, which read 6s; the first and the last map have at most 6s entries.
    """
    levels, s = max(int(degree) - 1, 0).bit_length(), exponent - 1
    if not levels:
        return Counts(1, 1, 0)
    inner = 2 * s * 2 * s + 4 * s * 6 * s
    return Counts(levels + 1, 6 * s + inner * (levels - 1) + 6 * s, 6 * s * levels)


@cache
def square_terms(exponent: int) -> tuple[tuple[Term, ...], Any]:
    """Return 2(r − 1) terms c·ρ_r(w x + b) and a constant that sum to x², from r − 1 symmetric shifts in [−1, 1]."""
    values = [_ZERO, _ZERO, _ONE] + [_ZERO] * (exponent - 2)
    shifts = equispaced(exponent - 1)
    found = power_sum(values, exponent, shifts, True)
    assert found is not None
    outer, constant = found
    terms = [term for c, b in zip(outer, shifts, strict=True) for term in two_sided(c, _ONE, b, exponent)]
    return tuple(terms), constant


class _Neuron(NamedTuple):
    """A hidden neuron with one output weight."""

    outer: Any
    reads: dict[int, Any]
    bias: Any
    unit: Activation


_Value = tuple[Any, list[_Neuron]]
"""A constant, and the neurons whose sum is added to it."""


def _product_neurons(first: int, second: int, exponent: int, chosen: Activation) -> list[_Neuron]:
    """Return the neurons of x·y for the inputs of these numbers; the constants of the two squares cancel."""
    square, _ = square_terms(exponent)
    return [
        _Neuron(sign * t.outer / 4, {first: t.weight, second: sign * t.weight}, t.bias, chosen)
        for sign in (_ONE, -_ONE)
        for t in square
    ]


def _tree(count: int, exponent: int, chosen: Activation, merged: bool) -> Network:
    network: Network | None = None
    while count > 1:
        pairs, bye = divmod(count, 2)
        values: list[_Value] = [
            (_ZERO, _product_neurons(2 * i, 2 * i + 1, exponent, chosen)) for i in range(pairs)
        ]
        if bye:
            values.append((_ZERO, [_Neuron(_ONE, {count - 1: _ONE}, _ZERO, identity)]))
        level = _two_layers(count, values)
        network = level if network is None else compose(level, network, merged)
        count = pairs + bye
    return network if network is not None else _affine_identity()


def _two_layers(inputs: int, values: Sequence[_Value]) -> Network:
    """Return the rational network of depth 2 whose outputs are these values, each with neurons of its own."""
    neurons = [neuron for _, own in values for neuron in own]
    inner, outer = _zeros(len(neurons), inputs), _zeros(len(values), len(neurons))
    for row, neuron in enumerate(neurons):
        for column, weight in neuron.reads.items():
            inner[row, column] = weight
    start = 0
    for row, (_, own) in enumerate(values):
        outer[row, start : start + len(own)] = [neuron.outer for neuron in own]
        start += len(own)
    hidden = Layer(inner, _vector([n.bias for n in neurons]), tuple(n.unit for n in neurons))
    return Network([hidden, Layer(outer, _vector([c for c, _ in values]), (identity,) * len(values))])


def _affine_identity() -> Network:
    return Network([Layer(_zeros(1, 1) + _ONE, _vector([_ZERO]), (identity,))])


def _check_factors(operation: str, count: int) -> None:
    if isinstance(count, bool) or count != int(count) or not 1 <= count <= _MOST_FACTORS:
        raise UserError(
            f"{operation}: the dimension is {count}; allowed: whole numbers from 1 to {_MOST_FACTORS}"
        )


def _values(factor: PiecewisePolynomial, x: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Evaluate each piece about its left knot, which loses far fewer digits than about 0."""
    centres = [factor.knots[0] if factor.knots else Fraction(0), *factor.knots]
    result = np.zeros_like(x)
    for index, (centre, row) in enumerate(zip(centres, factor.coefficients, strict=True)):
        local = [
            float(sum((row[k] * comb(k, j) * centre ** (k - j) for k in range(j, len(row))), Fraction(0)))
            for j in range(len(row))
        ]
        value = np.zeros_like(x)
        for coefficient in reversed(local):
            value = value * (x - float(centre)) + coefficient
        result = value if index == 0 else np.where(x >= float(factor.knots[index - 1]), value, result)
    return result


def _vector(values: Sequence[Any]) -> Any:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def _zeros(rows: int, columns: int) -> Any:
    return np.full((rows, columns), _ZERO, dtype=object)
