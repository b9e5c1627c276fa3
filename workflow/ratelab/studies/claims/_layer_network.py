"""B3, B4, B10: shape, nesting and ranges of layer-wise networks, in rational arithmetic."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq

from ratelab.networks import LayerwiseNetwork, identity, layerwise_network, sine
from ratelab.studies.claims._claim import Case, Scope, counted, judged

_SHAPES = ((1, 2, 3), (1, 3, 2), (2, 2, 2), (1, 5, 1), (2, 3, 1), (1, 2, 4), (3, 2, 1), (1, 4, 2))
"""Dimension, base, grades; at most 16 cells, so that twenty networks take a second."""
_ACCURACY = 2.0**-40


def _averages(generator: np.random.Generator, d: int, base: int, grades: int) -> list[Any]:
    return [generator.uniform(-1, 1, (base**level,) * d) for level in range(grades + 1)]


def _network(scope: Scope, claim: str, index: int) -> tuple[LayerwiseNetwork, list[Any]]:
    """Return a network with random ramps, and the random values on cells that it was made from."""
    d, base, grades = _SHAPES[index % len(_SHAPES)]
    generator = scope.generator(claim, index)
    ramp = Fraction(1, 2 ** int(generator.integers(1, 41)))
    averages = _averages(generator, d, base, grades)
    return layerwise_network(averages, dimension=d, base=base, ramp=ramp, accuracy=_ACCURACY), averages


def b3(scope: Scope) -> Iterator[Case]:
    """Random cell values: width, kinds of neurons and places of the readouts are counted in the weight matrices."""
    wrong = dict.fromkeys(
        (
            "width",
            "hidden layers",
            "sines",
            "ReLU",
            "idle neurons",
            "layer of a readout",
            "heads' non-zero weights",
        ),
        0,
    )
    farthest = 0.0
    for index in range(scope.cases):
        net, averages = _network(scope, "B3", index)
        d, base, full = net.dimension, net.base, net.network
        hidden = full.layers[:-1]
        wrong["width"] += sum(w != 2 * d * base + d + 2 for w in full.widths)
        wrong["hidden layers"] += len(hidden) != net.grades + 2
        wrong["sines"] += sum(sum(a is sine for a in layer.activations) != 2 for layer in hidden)
        wrong["ReLU"] += sum(
            sum(a.name == "relu" for a in layer.activations) != layer.neurons - 2 for layer in hidden
        )
        wrong["idle neurons"] += _idle(net) != d - 1
        wrong["layer of a readout"] += [head.layer for head in full.readouts] != list(
            range(2, net.grades + 3)
        )
        wrong["heads' non-zero weights"] += any(
            sum(map(bool, head.weight.flat)) > 2 for head in full.readouts
        )
        farthest = max(farthest, _distance(net, averages, scope.generator("B3", index, "points")))
        scope.progress(index + 1, scope.cases)
    for name, count in wrong.items():
        yield judged(
            f"{name}, {counted(scope.cases, 'network')}", count, "=", 0, "layers or networks that differ"
        )
    yield judged(
        "readouts of the weight matrices against cell averages", farthest, "≤", _ACCURACY,
        "relative to the grade's scale, in balls, at random points outside ramps",
    )  # fmt: skip


def _idle(net: LayerwiseNetwork) -> int:
    """Return how many neurons have no weight and no bias in any layer and are read by none."""
    hidden = net.network.layers[:-1]
    silent = [
        place
        for place in range(net.width)
        if not any(layer.weight[place].any() or layer.bias[place] for layer in hidden)
        and not any(layer.weight[:, place].any() for layer in hidden[1:])
    ]
    return len(silent)


def _distance(net: LayerwiseNetwork, averages: list[Any], generator: np.random.Generator) -> float:
    """Return the largest |Φ_ℓ − given value| at points outside ramps, relative to the scale of grade ℓ."""
    points = generator.uniform(0, 1, (8, net.dimension))
    points = points[~net.inside_ramps(points)]
    found = net.values(points)
    worst = 0.0
    for row, point in enumerate(points):
        for level in range(1, net.grades + 1):
            value = averages[level][tuple(np.floor(point * net.base**level).astype(int))]
            distance = (found[row, level] - float(value)) / net.codes[level - 1].scale
            worst = max(worst, float(abs(distance).upper()))
    return worst


def b4(scope: Scope) -> Iterator[Case]:
    """Prefixes of networks that go on differently, or not at all, are compared bit for bit."""
    layers = readouts = corrections = 0
    compared = 0
    for index in range(scope.cases):
        d, base, grades = _SHAPES[index % len(_SHAPES)]
        generator = scope.generator("B4", index)
        depth = grades + 1
        fixed: dict[str, Any] = {"dimension": d, "base": base, "offset": 64}
        common = _averages(generator, d, base, grades)
        others = [[generator.uniform(-1, 1, (base**depth,) * d)] for _ in range(2)]
        short = layerwise_network(common, depth_max=depth, **fixed)
        grown = [short.append(other[0]) for other in others]
        whole = layerwise_network([*common, *others[0]], depth_max=depth, **fixed)
        points = generator.uniform(0, 1, (3, d))
        known = short.values(points)
        for net in [*grown, whole]:
            found = net.values(points)
            for level in range(grades + 1):
                compared += 1
                layers += net.prefix_hash(level) != short.prefix_hash(level)
            readouts += sum(not _same(a, b) for a, b in zip(found[:, :-1].flat, known.flat, strict=True))
            code = net.codes[grades - 1]
            positions = [_position(net, point, grades) for point in points]
            corrections += sum(
                not (row[grades] - row[grades - 1]).overlaps(code.at(position))
                for row, position in zip(found, positions, strict=True)
            )
        scope.progress(index + 1, scope.cases)
    yield judged(
        f"prefixes that change, of {compared}",
        layers,
        "=",
        0,
        "layers 1 … ℓ + 2 and head ℓ, by SHA-256 of exact texts",
    )
    yield judged("readouts that change", readouts, "=", 0, "balls, digit for digit")
    yield judged(
        "Φ_ℓ − Φ_(ℓ−1) other than what grade ℓ decodes", corrections, "=", 0, "disjoint balls, random points"
    )


def _same(first: Any, second: Any) -> bool:
    return bool(first.mid() == second.mid() and first.rad() == second.rad())


def _position(net: LayerwiseNetwork, point: Any, level: int) -> fmpq:
    exact = [fmpq(*float(x).as_integer_ratio()) for x in point]
    return net.shape.position(net.shape.corners(exact, level)[-1], level)


def b10(scope: Scope) -> Iterator[Case]:
    """Faces, corners, grid points, points inside ramps and random ones, through the weight matrices in rationals."""
    negative = outside = late = tried = ramps = 0
    lowest: Any = fmpq(1)
    for index in range(scope.cases):
        net, _ = _network(scope, "B10", index)
        for point in _points(net, scope.generator("B10", index, "points")):
            values = _relu_values(net, point)
            tried += 1
            ramps += net.shape.ramp_level(point, net.grades) > 0
            negative += sum(bool(v < 0) for carried, _ in values for v in carried)
            corner = net.shape.corners(point, net.grades)
            for level in range(1, net.grades + 1):
                found = values[level][0][net.dimension :]  # carried corners, one layer later
                outside += tuple(found) != corner[level - 1]
                local = net.shape.local(point, found, level)
                outside += sum(not (0 <= z < 1 or (z == 1 == x)) for z, x in zip(local, point, strict=True))
                late += sum(
                    digit != net.base - 1
                    for digit, x in zip(values[level - 1][1], point, strict=True)
                    if x == 1
                )
        lowest = min(lowest, _lowest(net))
        scope.progress(index + 1, scope.cases)
    note = f"{tried} points, {ramps} of them inside ramps, in rationals"
    yield judged("negative values that are carried", negative, "=", 0, note)
    yield judged("local coordinates outside [0, 1), or corners that differ", outside, "=", 0, note)
    yield judged("steps that do not fire at x = 1", late, "=", 0, note)
    yield judged(
        "least value of the accumulator", float(int(lowest.p) / int(lowest.q)), "≥", 0,
        "C + Φ_0 − Σ|u_g| over all networks: the smallest that corrections can leave",
    )  # fmt: skip


def _lowest(net: LayerwiseNetwork) -> fmpq:
    return net.shift + net.constant - sum((code.scale for code in net.codes), fmpq(0))


def _points(net: LayerwiseNetwork, generator: np.random.Generator) -> list[tuple[fmpq, ...]]:
    """Return corners, points on faces, of the grid, inside ramps of every level, just beside them, and random ones."""
    ramp, d, one = net.shape.ramp, net.dimension, fmpq(1)
    line = [fmpq(0), one]
    for level in range(1, net.grades + 1):
        side = net.base**level
        k = int(generator.integers(1, side))
        inner = fmpq(int(generator.integers(1, 64)), 64)
        line += [fmpq(k, side), (k - inner * ramp) / side, (k - ramp) / side, 1 - inner * ramp / side]
    line.append(fmpq(int(generator.integers(0, 2**40)), 2**40))
    found = [tuple(point) for point in product((fmpq(0), one), repeat=d)]
    for _ in range(3 * len(line)):
        found.append(tuple(line[int(i)] for i in generator.integers(0, len(line), d)))
    return found


def _relu_values(net: LayerwiseNetwork, point: tuple[fmpq, ...]) -> list[tuple[list[Any], list[Any]]]:
    """Return, layer by layer, pre-activations of carrying neurons and the sums of steps, from the weight matrices."""
    d, size = net.dimension, 2 * net.dimension * net.base
    values = np.array(point, dtype=object)
    found = []
    for layer in net.network.layers[:-1]:
        assert all(a is not identity for a in layer.activations)
        before = layer.weight[:size, : len(values)] @ values + layer.bias[:size]
        values = np.array([max(v, fmpq(0)) for v in before], dtype=object)
        pairs = values[2 * d :].reshape(d, net.base - 1, 2)
        found.append((list(before[: 2 * d]), [sum(up - down for up, down in row) for row in pairs]))
    return found
