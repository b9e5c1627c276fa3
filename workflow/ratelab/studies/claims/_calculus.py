"""C11: what operations on networks cost."""

from collections.abc import Iterator
from math import ceil, log2
from typing import Any

import numpy as np

from ratelab import networks
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, judged

_WIDTHS = ((1, 3, 1), (1, 2, 4, 1), (1, 4, 3, 1), (1, 5, 1), (1, 2, 2, 2, 1))


class _Record:
    """The largest excess over a bound, and how many results had wrong values."""

    def __init__(self) -> None:
        self.excess: dict[str, list[int]] = {}
        self.wrong: dict[str, int] = {}

    def size(self, name: str, measured: int, bound: int) -> None:
        self.excess.setdefault(name, []).append(measured - bound)

    def values(self, name: str, measured: Any, expected: Any) -> None:
        self.wrong[name] = self.wrong.get(name, 0) + (not np.array_equal(measured, expected))


def c11(scope: Scope) -> Iterator[Case]:
    """Random rational networks: values of the result are exact, sizes and depths stay within the bounds."""
    record = _Record()
    for index in range(scope.cases):
        generator = scope.generator("C11", index)
        points = _random.numbers(generator, 9, 1).tolist()
        _composition(record, generator, points)
        _sum_and_maximum(record, generator, points, 2 + index % 4)
        scope.progress(index + 1, scope.cases)
    for name, excess in record.excess.items():
        yield judged(
            f"{name}, {len(excess)} cases",
            max(excess),
            "≤",
            0,
            "largest excess over the bound, in neurons or layers",
        )
    for name, count in record.wrong.items():
        yield judged(f"{name}: wrong values", count, "=", 0, "compared exactly in rationals")


def _composition(record: _Record, generator: np.random.Generator, points: Any) -> None:
    inner, outer = (
        _random.network(generator, _WIDTHS[int(i)]) for i in generator.integers(0, len(_WIDTHS), 2)
    )
    composed = networks.compose(outer, inner)
    record.size("composition: neurons", composed.neurons, inner.neurons + outer.neurons)
    record.size("composition: hidden layers", composed.depth - 1, inner.depth + outer.depth - 2)
    record.values("composition", composed(points), outer(inner(points)))


def _sum_and_maximum(record: _Record, generator: np.random.Generator, points: Any, count: int) -> None:
    widths = _WIDTHS[int(generator.integers(0, len(_WIDTHS)))]
    given = [_random.network(generator, widths) for _ in range(count)]
    size = sum(f.neurons for f in given)
    values = np.array([f(points) for f in given])
    total, largest = networks.add(*given), networks.maximum(*given)
    record.size("sum of networks of one depth: neurons", total.neurons, size)
    record.values("sum", total(points), values.sum(axis=0))
    record.size("maximum of m networks: neurons", largest.neurons, size + 4 * (2 * count - 1))
    record.size("maximum of m networks: hidden layers", largest.depth, given[0].depth + ceil(log2(count)))
    record.values("maximum", largest(points), values.max(axis=0))
