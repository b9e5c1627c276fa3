"""Rational ReLU networks of sums of maxima of minima, layer by layer, with as few carried values as possible (C-K1).

All values are affine in the neurons of the current layer. One layer halves every minimum and maximum:
min(u, v) = v − ρ(v − u) and max(u, v) = v + ρ(u − v). The v of each pair has to be carried on, ρ(v) − ρ(−v); but only
differences of the values of one term matter later, so the last value of each is carried together with all others and
with everything that is finished, in one sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from ratelab.networks import Network
from ratelab.networks._numbers import Exact

ZERO, ONE = fmpq(0), fmpq(1)
CONSTANT = -1

Value = dict[int, fmpq]
"""A value as a combination of the neurons of a layer (inputs for layer 0); the constant has the key -1."""

Maps = Sequence[Sequence[fmpq]]


@dataclass(frozen=True)
class Term:
    """factor · max over the groups of the min over each group."""

    factor: fmpq
    groups: tuple[tuple[Value, ...], ...]

    @property
    def finished(self) -> bool:
        """Whether a single value is left."""
        return len(self.groups) == 1 and len(self.groups[0]) == 1


def affine(row: Sequence[fmpq]) -> Value:
    """Return the affine function (a, b) of the inputs."""
    value = {i: v for i, v in enumerate(row[:-1]) if v}
    if row[-1]:
        value[CONSTANT] = row[-1]
    return value


def combination(*parts: tuple[fmpq, Value]) -> Value:
    """Return a linear combination of values of one layer."""
    result: Value = {}
    for factor, value in parts:
        for key, entry in value.items():
            result[key] = result.get(key, ZERO) + factor * entry
    return {key: entry for key, entry in result.items() if entry}


class _Layer:
    """Collects the neurons of a layer; the same neuron up to a positive factor is built once."""

    def __init__(self, positive: bool) -> None:
        self.positive = positive
        self.rows: dict[tuple[tuple[int, fmpq], ...], int] = {}

    def rectified(self, value: Value) -> Value:
        """Return ρ(value) in terms of the new layer."""
        variables = sorted(key for key in value if key != CONSTANT)
        if not variables:
            constant = value.get(CONSTANT, ZERO)
            return {CONSTANT: constant} if constant > 0 else {}
        size = abs(value[variables[0]])
        row = tuple((key, value[key] / size) for key in sorted(value))
        return {self.rows.setdefault(row, len(self.rows)): size}

    def carried(self, value: Value) -> Value:
        """Return the same value in terms of the new layer: 2 neurons, 1 if its sign is plain, 0 for a constant."""
        if not any(key != CONSTANT for key in value):
            return dict(value)
        if self.positive and all(entry > 0 for entry in value.values()):
            return self.rectified(value)
        opposite = combination((-ONE, value))
        if self.positive and all(entry < 0 for entry in value.values()):
            return combination((-ONE, self.rectified(opposite)))
        return combination((ONE, self.rectified(value)), (-ONE, self.rectified(opposite)))

    def matrices(self, inputs: int) -> tuple[Exact, Exact]:
        """Return weight and bias."""
        return _matrices([dict(row) for row in self.rows], inputs)


def network(inputs: int, terms: Sequence[Term], kinks: Sequence[tuple[fmpq, Value]] = ()) -> Network:
    """Build Σ terms + Σ c·ρ(d) over the kinks (c, d); depth is 1 + the number of halvings of the longest term."""
    weights: list[Exact] = []
    biases: list[Exact] = []
    total = combination(*((t.factor, t.groups[0][0]) for t in terms if t.finished))
    active = [term for term in terms if not term.finished]
    width = inputs
    while active or (kinks and not weights):
        layer = _Layer(positive=bool(weights))
        halved = [_halved(term, layer) for term in active]
        finished = [(term.factor, term.groups[0][0]) for term, _ in halved if term.finished]
        if not weights:
            finished += [(factor, layer.rectified(value)) for factor, value in kinks]
        references = [(term.factor, reference) for term, reference in halved]
        total = combination((ONE, layer.carried(combination((ONE, total), *references))), *finished)
        active = [term for term, _ in halved if not term.finished]
        if not layer.rows:  # constants only
            continue
        weight, bias = layer.matrices(width)
        weights.append(weight)
        biases.append(bias)
        width = len(layer.rows)
    weight, bias = _matrices([total], width)
    return Network.dense([*weights, weight], [*biases, bias])


def neurons_bound(sizes: Sequence[Sequence[int]], kinks: int = 0) -> tuple[int, int]:
    """Return the promised (neurons, hidden layers) of `network` for terms with groups of these sizes.

    In a layer, a term whose groups of r_1, … values become r'_1 = ⌈r_1/2⌉, … has Σ⌊r/2⌋ pairs, one neuron each, and
    Σr' − 1 differences that are carried, two neurons each; two more carry the sum of everything else. A maximum of 2, 3
    or 4 functions alone so takes 1, 4 or 5 neurons. Each kink takes one in the first layer.
    """
    active = [list(groups) for groups in sizes if list(groups) != [1]]
    grouped = [any(size > 1 for size in groups) for groups in active]
    neurons = layers = 0
    while active or (kinks and not layers):
        layers += 1
        neurons += 2 + (kinks if layers == 1 else 0)
        for place, groups in enumerate(active):
            if not grouped[place]:
                groups = [len(groups)]
            halves = [(size + 1) // 2 for size in groups]
            neurons += sum(size // 2 for size in groups) + 2 * (sum(halves) - 1)
            if not grouped[place]:
                halves = [1] * halves[0]
            active[place], grouped[place] = halves, any(size > 1 for size in halves)
        rest = [place for place, groups in enumerate(active) if groups != [1]]
        active, grouped = [active[p] for p in rest], [grouped[p] for p in rest]
    return neurons, layers


def _halved(term: Term, layer: _Layer) -> tuple[Term, Value]:
    """Return a term minus its reference in the new layer, and the reference, factor apart, in the old one."""
    inner = any(len(group) > 1 for group in term.groups)
    groups = term.groups if inner else (tuple(group[0] for group in term.groups),)
    sign = -ONE if inner else ONE
    parts = [
        [(pair[0], pair[-1], len(pair) == 2) for pair in (group[i : i + 2] for i in range(0, len(group), 2))]
        for group in groups
    ]
    reference = parts[-1][-1][1]
    results = []
    for group in parts:
        values = []
        for first, last, paired in group:
            value = layer.carried(combination((ONE, last), (-ONE, reference)))
            if paired:
                step = layer.rectified(combination((sign, first), (-sign, last)))
                value = combination((ONE, value), (sign, step))
            values.append(value)
        results.append(tuple(values))
    if not inner:
        results = [(value,) for value in results[0]]
    return Term(term.factor, tuple(results)), reference


def _matrices(rows: Sequence[Value], inputs: int) -> tuple[Exact, Exact]:
    weight = np.full((len(rows), inputs), ZERO, dtype=object)
    bias = np.full(len(rows), ZERO, dtype=object)
    for index, row in enumerate(rows):
        for key, entry in row.items():
            if key == CONSTANT:
                bias[index] = entry
            else:
                weight[index, key] = entry
    return weight, bias
