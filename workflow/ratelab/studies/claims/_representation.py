"""C1, C2, C15, C16: from piecewise linear functions to networks and back."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from math import ceil, log2
from typing import Any

import numpy as np

from ratelab import exact, networks
from ratelab.exact._walls import lifted_maps, walls
from ratelab.networks import rational
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, counted, judged

_SHAPES = ((1, 3, 2, 1), (1, 4, 1), (2, 3, 1), (2, 2, 2, 1), (2, 4, 1), (3, 2, 1), (3, 3, 1))


def c1(scope: Scope) -> Iterator[Case]:
    """Random networks → cells → networks of the smallest depth that is promised, equal everywhere."""
    for done, widths in enumerate(_SHAPES):
        dimension = widths[0]
        cases = ceil(scope.cases / len(_SHAPES))
        depth, different = 0, 0
        for index in range(cases):
            network = _random.network(scope.generator("C1", widths, index), widths)
            cells = exact.cells(network, arithmetic="rational")
            again = exact.represent_cells(cells)
            depth = max(depth, again.depth)
            different += not same_function(network, again)
        name = f"{counted(cases, 'random network')} of widths {'-'.join(map(str, widths))}"
        yield judged(f"{name}: depth", depth, "≤", ceil(log2(dimension + 1)) + 1)
        yield judged(f"{name}: functions that differ", different, "=", 0, "compared exactly on all of R^n")
        scope.progress(done + 1, len(_SHAPES))


def same_function(first: networks.Network, second: networks.Network) -> bool:
    """Return whether two rational networks are equal on all of R^d: one cell map, zero, of their difference."""
    difference = networks.add(first, networks.scale(second, -1))
    cells = exact.cells(difference, arithmetic="rational", limit=200_000)
    return not any(cells.gradients.flat) and not any(cells.offsets.flat)


def c2(scope: Scope) -> Iterator[Case]:
    """Random functions with up to ten kinks, some with a planted sum: the smallest node count by trying all subsets."""
    least = {"fewest nodes": 0, "functions that differ": 0, "beyond p": 0, "below p − 1": 0}
    for index in range(scope.cases):
        generator = scope.generator("C2", index)
        function = _random.function(generator, index % 11)
        if index % 3 == 0 and function.pieces > 2:
            jumps = np.diff(function.slopes)
            chosen = generator.integers(0, 2, len(jumps)).astype(bool)
            left = -sum(jumps[~chosen], Fraction(0))
            function = exact.PiecewiseLinear(
                function.knots, function.values, left, left + sum(jumps, Fraction(0))
            )
        found = exact.represent(function)
        expected = _fewest(function)
        least["fewest nodes"] += found.nodes != expected or found.network.neurons != expected
        least["functions that differ"] += exact.piecewise_linear(found.network) != function
        least["beyond p"] += function.pieces > 1 and found.nodes > function.pieces
        least["below p − 1"] += function.pieces > 1 and found.nodes < function.pieces - 1
    yield judged(f"{scope.cases} functions: node count not the smallest", least["fewest nodes"], "=", 0,
                 "against all subsets of the slope jumps")  # fmt: skip
    for name in ("functions that differ", "beyond p", "below p − 1"):
        yield judged(f"{scope.cases} functions: {name}", least[name], "=", 0)
    example = exact.PiecewiseLinear([0, 1], [3, 2], Fraction(-3), Fraction(2))
    yield judged("2ρ(x) + 3ρ(1−x)", exact.represent(example).nodes, "=", 2, "three pieces, two nodes")


def _fewest(function: exact.PiecewiseLinear) -> int:
    """The smallest number of nodes on the whole line, by trying every subset of the slope jumps."""
    jumps: Sequence[Fraction] = np.diff(function.slopes).tolist()
    if not jumps:
        return 2 if function.slope_right else 0
    sums = (
        sum(chosen, Fraction(0)) for size in range(len(jumps) + 1) for chosen in combinations(jumps, size)
    )
    return len(jumps) if function.slope_right in sums else len(jumps) + 1


def c15(scope: Scope) -> Iterator[Case]:
    """Random affine functions: the combination equals the maximum at random rational points, arities ≤ n + 1."""
    sizes = [(dimension, count) for dimension in (1, 2, 3) for count in (4, 6, 8, 12)]
    for dimension, count in sizes:
        arity, wrong, most = 0, 0, 0
        cases = ceil(scope.cases / len(sizes))
        for index in range(cases):
            generator = scope.generator("C15", dimension, count, index)
            maps = _random.numbers(generator, count, dimension + 1, reach=97)
            terms = exact.reduce_arity(maps)
            points = _random.numbers(generator, 20, dimension, reach=200)
            values = points @ maps[:, :dimension].T + maps[:, dimension]
            arity, most = max(arity, *map(len, terms)), max(most, len(terms))
            wrong += sum(
                max(row) != sum((c * max(row[sorted(members)]) for members, c in terms.items()), Fraction(0))
                for row in values
            )
        name = f"n={dimension}, N={count}, {counted(cases, 'instance')}"
        yield judged(f"{name}: largest arity", arity, "≤", dimension + 1, f"at most {most} terms")
        yield judged(f"{name}: points where it fails", wrong, "=", 0, f"of {20 * cases} rational points")


def c16(scope: Scope) -> Iterator[Case]:
    """Random networks of two variables: the lifted function is the maximum of its affine pieces, at exact points."""
    for widths in ((2, 3, 1), (2, 2, 2, 1), (3, 2, 1)):
        cases = ceil(scope.cases / 3)
        wrong, lifted, points = 0, 0, 0
        for index in range(cases):
            generator = scope.generator("C16", widths, index)
            network = _random.network(generator, widths)
            structure = walls(exact.cells(network, arithmetic="rational"))
            lifts = structure.lifts(1)
            maps = lifted_maps(structure, 1, lifts, 2000)
            lifted = max(lifted, len(lifts))
            for point in _random.numbers(generator, 40, widths[0], reach=400).tolist():
                at = [*map(rational, point), rational(1)]
                ramps = sum(
                    (c * max(_inner(wall, at), rational(0)) for wall, c in lifts.items()), rational(0)
                )
                convex = rational(network([point])[0, 0]) + ramps
                wrong += convex != max(_inner(row, at) for row in maps)
                points += 1
        name = f"{counted(cases, 'random network')} of widths {'-'.join(map(str, widths))}"
        yield judged(
            f"{name}: points where it fails",
            wrong,
            "=",
            0,
            f"of {points} rational points; at most {lifted} walls lifted",
        )


def _inner(row: Sequence[Any], point: Sequence[Any]) -> Any:
    return sum((u * v for u, v in zip(row, point, strict=True)), rational(0))
