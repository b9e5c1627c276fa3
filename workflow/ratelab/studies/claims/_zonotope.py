"""C8, C9, C18: counts of sign vectors, where the recalled formulas need care."""

from collections.abc import Iterator
from fractions import Fraction
from math import comb

import numpy as np

from ratelab import best, exact, networks, spaces
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, judged


def c8(scope: Scope) -> Iterator[Case]:
    """Gauges of random rational generators: pieces on all of R^n, exactly."""
    sizes = [(2, 2), (2, 4), (2, 6), (3, 2), (3, 3), (3, 4), (3, 5), (3, 6), (4, 3), (4, 4), (4, 5)]
    for done, (dimension, generators) in enumerate(sizes):
        vectors = _random.numbers(
            scope.generator("C8", dimension, generators), generators, dimension, reach=97
        )
        pieces = exact.count_pieces(networks.zonotope(vectors))
        formula = spaces.zonotope_vertices(dimension, generators)
        yield judged(
            f"n={dimension}, m={generators}", pieces, "=", formula,
            f"the recalled formula gives {formula // 2}, (m−1)^(n−1) gives {(generators - 1) ** (dimension - 1)}",
        )  # fmt: skip
        scope.progress(done + 1, len(sizes))


def c9(scope: Scope) -> Iterator[Case]:
    """Two variables, equispaced tents: pieces where the gauge is at most M, outside, and the counts."""
    for generators, layers, width in ((2, 2, 2), (4, 2, 2), (4, 3, 2), (4, 2, 3), (4, 2, 4), (5, 2, 3)):
        draw = scope.generator("C9", generators)
        vectors = _random.numbers(draw, generators, 2, reach=97)
        # parallel generators are not generic
        while exact.count_pieces(networks.zonotope(vectors)) < 2 * generators:
            vectors = _random.numbers(draw, generators, 2, reach=97)
        parameters = [[Fraction(i, width) for i in range(1, width)]] * layers
        network = networks.zonotope_family(vectors, parameters, Fraction(1))
        name = f"m={generators}, k={layers}, w={width}"
        widths = (width,) * layers
        inside = spaces.zonotope_family_pieces(2, generators, widths)
        everywhere = spaces.zonotope_family_pieces(2, generators, widths, "everywhere")
        pieces = exact.count_pieces(network)
        note = f"{everywhere - inside} of them flat, outside; half as many inside by the recalled formula"
        yield judged(f"{name}: pieces on R²", pieces, "=", everywhere, note)
        yield judged(f"{name}: neurons", network.neurons, "=", 2 * generators + width * layers)
        yield judged(f"{name}: depth", network.depth, "=", layers + 2)


def c18(scope: Scope) -> Iterator[Case]:
    """Random points, in general position with probability one: partitions by exact sign tests."""
    for dimension, counts in ((1, (5, 20, 50)), (2, (4, 8, 12, 20)), (3, (4, 6, 8))):
        for points in counts:
            x = scope.generator("C18", dimension, points).uniform(-1, 1, (points, dimension))
            found = len(best.partitions(x))
            yield judged(
                f"n={dimension}, D={points}", found, "=", spaces.hyperplane_partitions(points, dimension),
                f"the recalled bound 2·C(D, n) gives {2 * comb(points, dimension)}",
            )  # fmt: skip
    line = np.arange(6.0)[:, None] * np.ones((1, 2))
    yield judged(
        "six points on a line in R²", len(best.partitions(line)), "≤", spaces.hyperplane_partitions(6, 2)
    )
