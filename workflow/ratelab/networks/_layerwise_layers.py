"""The weight matrices of a layer-wise network: layer t, and the head of each grade.

Layers 1 … ℓ + 2 and head ℓ depend on the grades up to ℓ and on what was fixed for all of them (base, ramp, number of
levels, the sine's inner factors, the accumulator's shift): those that follow change nothing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq

from ratelab.networks._layers import Layer, Readout
from ratelab.networks._localisation import Localisation
from ratelab.networks._matrix import ZERO
from ratelab.networks._network import Network
from ratelab.networks._powers import identity, power
from ratelab.networks._sine import sine

if TYPE_CHECKING:
    from ratelab.networks._grade_code import GradeCode


def _corner(shape: Localisation, row: Any, level: int, factor: fmpq, i: int, stepped: bool) -> None:
    """Add factor · c_(level, i), read from the layer of that number, to a row of weights."""
    if level == 0:
        return
    row[shape.corner(i)] += factor
    if stepped:
        share = factor / shape.base**level
        for k in range(1, shape.base):
            up, down = shape.steps(i, k)
            row[up] += share
            row[down] -= share


def hidden_layer(
    shape: Localisation,
    t: int,
    *,
    levels: int,
    inner: Sequence[fmpq],
    codes: "Sequence[GradeCode]",
    start: fmpq,
) -> Layer:
    """Return hidden layer t ≥ 1.

    Parameters
    ----------
    levels
        Number of levels that are located.
    inner
        w of grades 1 … levels.
    codes
        Of the grades up to t − 2 at least; later ones are not read.
    start
        Shift plus mean: what the accumulator starts with.
    """
    inputs = shape.dimension if t == 1 else shape.width
    weight = np.full((shape.width, inputs), ZERO, dtype=object)
    bias = np.full(shape.width, ZERO, dtype=object)
    stepped = t - 1 <= levels
    for i in range(shape.dimension):
        weight[shape.point(i), shape.point(i)] = fmpq(1)
        _corner(shape, weight[shape.corner(i)], t - 1, fmpq(1), i, stepped)
        if t <= levels:
            slope = shape.base**t / shape.ramp
            for k in range(1, shape.base):
                for row, ahead in zip(shape.steps(i, k), (shape.ramp, ZERO), strict=True):
                    weight[row, shape.point(i)] = slope
                    _corner(shape, weight[row], t - 1, -slope, i, stepped)
                    bias[row] = (ahead - k) / shape.ramp
    first, second = shape.sines
    if 1 <= t - 1 <= levels:
        w = inner[t - 2]
        for i, place in enumerate(shape.places(t - 1)):
            _corner(shape, weight[first], t - 1, w * place * shape.base ** (t - 1), i, True)
        bias[first] = w
    if t >= 3:
        weight[second, first] = outer(codes[t - 3])
    if t == 1:
        bias[shape.accumulator] = start
    else:
        weight[shape.accumulator, shape.accumulator] = fmpq(1)
    if t >= 4:
        weight[shape.accumulator, second] = codes[t - 4].scale
    activations = [power(1)] * (shape.width - 2) + [sine] * 2
    return Layer(weight, bias, tuple(activations))


def outer(code: "GradeCode") -> fmpq:
    """Return v of a grade; 0 where nothing is decoded."""
    return code.outer if code.scale else ZERO


def head(shape: Localisation, grade: int, codes: "Sequence[GradeCode]", shift: fmpq) -> Readout:
    """Return the affine head Φ_grade on hidden layer grade + 2: accumulator, minus the shift, plus u · second sine."""
    weight = np.full((1, shape.width), ZERO, dtype=object)
    weight[0, shape.accumulator] = fmpq(1)
    if grade:
        weight[0, shape.sines[1]] = codes[grade - 1].scale
    return Readout(grade + 2, weight, np.array([-shift], dtype=object))


def assembled(
    shape: Localisation,
    *,
    levels: int,
    inner: Sequence[fmpq],
    codes: "Sequence[GradeCode]",
    mean: fmpq,
    shift: fmpq,
) -> Network:
    """Return the network of all grades given: L + 2 hidden layers, heads Φ_0 … Φ_L, and Φ_L as its output."""
    layers = [
        hidden_layer(shape, t, levels=levels, inner=inner, codes=codes, start=shift + mean)
        for t in range(1, len(codes) + 3)
    ]
    heads = [head(shape, grade, codes, shift) for grade in range(len(codes) + 1)]
    last = Layer(heads[-1].weight, heads[-1].bias, (identity,))
    network = Network([*layers, last], heads)
    assert set(network.widths) == {shape.width}
    assert all(sum(a is sine for a in layer.activations) == 2 for layer in network.layers[:-1])
    return network
