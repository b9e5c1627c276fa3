"""Count the cells of a few networks with ratelab, with public enumerators and by sampling, all in one run.

Run by hand: ``python benchmarks/enumeration.py [words of case names]``. Every program gets the same weights, which
single precision holds exactly, except for the uneven tents: rationals, which all but ratelab round. Seconds are
processor time, children included, the best of three runs (of one if it is long); the ratio divides by ratelab's
default arithmetic.
"""

import gc
import importlib
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np

from ratelab import exact
from ratelab.networks import Network, composed_tents

POINTS = 1_000_000
LONG = 5.0
MOST_BY_PROGRAMMES = 5_000
MOST_BY_PYTHON = 1_000


@dataclass(frozen=True)
class Case:
    """A network on the box [−radius, radius]^d, or on all of R^d if the radius is None."""

    name: str
    network: Network
    radius: float | None
    expected: int

    @property
    def domain(self) -> list[tuple[Fraction, Fraction]] | None:
        """The box as ratelab takes it."""
        if self.radius is None:
            return None
        return [(-Fraction(self.radius), Fraction(self.radius))] * self.network.inputs

    @property
    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weights and biases of each affine map in double precision."""
        layers = self.network.float64().layers
        return [(np.asarray(layer.weight), np.asarray(layer.bias)) for layer in layers]


class SkipError(Exception):
    """Why a program does not take part."""


def tents(breakpoints: list[list[Fraction]]) -> Network:
    """Composed tents moved from [0, 1] to [−½, ½], which all programs can be asked about."""
    network = composed_tents(breakpoints).rational()
    weights = [[[Fraction(str(w)) for w in row] for row in layer.weight] for layer in network.layers]
    biases = [[Fraction(str(b)) for b in layer.bias] for layer in network.layers]
    biases[0] = [b + row[0] / 2 for b, row in zip(biases[0], weights[0], strict=True)]
    return Network.dense(weights, biases)


def random(*widths: int) -> Network:
    """Normal weights of the usual size, rounded to single precision so that all programs read the same."""
    draw = np.random.default_rng(len(widths) + sum(widths))
    shapes = list(pairwise(widths))
    weights = [draw.normal(size=(n, m)) * np.sqrt(2 / m) for m, n in shapes]
    biases = [draw.normal(size=n) / 2 for _, n in shapes]
    single = [[np.float32(a).astype(np.float64) for a in part] for part in (weights, biases)]
    return Network.dense(*single)


def cases() -> list[Case]:
    """Return the networks: two hard families with a known count, then random ones."""
    draw = np.random.default_rng(8)
    equal = [[Fraction(i, 8) for i in range(1, 8)]] * 5
    cuts = [np.sort(draw.choice(np.arange(1, 1000), 7, replace=False)) for _ in range(5)]
    uneven = [[Fraction(int(c), 1000) for c in row] for row in cuts]
    found = [
        Case("equal tents, w = 8, k = 5", tents(equal), 0.5, 8**5),
        Case("uneven tents, w = 8, k = 5", tents(uneven), 0.5, 8**5),
    ]
    shapes = [((1, 32, 32, 1), 4.0), ((2, 10, 10, 1), None), ((2, 32, 32, 1), 4.0), ((3, 10, 10, 1), 4.0)]
    for widths, radius in shapes:
        where = "R^d" if radius is None else "box"
        found.append(Case(f"random {'-'.join(map(str, widths))}, {where}", random(*widths), radius, 0))
    return found


def ours(arithmetic: str, definition: str = "cells") -> Callable[[Case], Callable[[], int]]:
    """Count with ratelab."""
    return lambda case: lambda: exact.count_pieces(case.network, case.domain, definition, arithmetic)


def sampling(case: Case) -> Callable[[], int]:
    """Count the distinct activation patterns at many points: a grid in one variable, else random points."""
    if case.radius is None:
        raise SkipError("needs a box")
    dimension, radius, layers = case.network.inputs, case.radius, case.layers

    def run() -> int:
        points = (
            radius * (np.arange(1 - POINTS, POINTS, 2)[:, None] / POINTS)
            if dimension == 1
            else np.random.default_rng(1).uniform(-radius, radius, (POINTS, dimension))
        )
        patterns = []
        for block in np.array_split(points, 20):
            values, signs = block, []
            for weight, bias in layers[:-1]:
                values = np.maximum(values @ weight.T + bias, 0)
                signs.append(values > 0)
            patterns.append(np.packbits(np.hstack(signs), axis=1))
        return len(np.unique(np.vstack(patterns), axis=0))

    return run


def sequential(case: Case) -> Any:
    """Return the network as a torch.nn.Sequential of Linear and ReLU layers in double precision."""
    from torch import nn, no_grad, tensor

    modules: list[nn.Module] = []
    for weight, bias in case.layers:
        linear = nn.Linear(weight.shape[1], weight.shape[0]).double()
        with no_grad():
            linear.weight.copy_(tensor(weight))
            linear.bias.copy_(tensor(bias))
        modules += [linear, nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def peer(name: str) -> ModuleType:
    """Import a peer, or say that it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise SkipError("not installed") from None


def regioncam(case: Case) -> Callable[[], int]:
    """Half-edge subdivision in single precision, one and two variables."""
    package = peer("regioncam")
    if case.network.inputs > 2 or case.radius is None:
        raise SkipError("one or two variables on a box only")
    # matrices multiply from the right; in one variable `size` is a length, in two it is half of one
    layers = [(np.float32(weight.T), np.float32(bias)) for weight, bias in case.layers]
    line = case.network.inputs == 1

    def run() -> int:
        plane = package.Regioncam1D(size=2 * case.radius) if line else package.Regioncam(size=case.radius)
        for weight, bias in layers[:-1]:
            plane.linear(weight, bias)
            plane.relu()
        return int(plane.num_edges if line else plane.num_faces)

    return run


def relucent(case: Case) -> Callable[[], int]:
    """Breadth-first search over cells by linear programmes in double precision, any number of variables."""
    package = peer("relucent")
    if case.expected > MOST_BY_PROGRAMMES:
        raise SkipError("minutes for so many cells")
    network = sequential(case)
    box = {} if case.radius is None else {"cube_radius": case.radius, "cube_mode": "intersect"}

    def run() -> int:
        complex_ = package.Complex(network)
        complex_.bfs(nworkers=1, verify=False, verbose=0, **box)
        return len(complex_)

    return run


def parx(case: Case) -> Callable[[], int]:
    """Depth-first search by linear programmes in plain Python, all of R^d only."""
    if case.radius is not None:
        raise SkipError("all of R^d only")
    if case.expected > MOST_BY_PYTHON:
        raise SkipError("minutes for so many cells")
    # importing it asks for Julia, which the method in plain Python does not use
    with patch("shutil.which", return_value="julia"):
        package = peer("parx")
    network, start = sequential(case), np.zeros((1, case.network.inputs))
    return lambda: len(package.compute_partition(network, start, method="exact_python"))


def measure(run: Callable[[], int]) -> tuple[int, float]:
    """Return the count and the seconds of the best of three runs, or of one long run."""
    seconds = []
    for _ in range(3):
        gc.collect()
        before = processor()
        count = run()
        seconds.append(processor() - before)
        if seconds[0] > LONG:
            break
    return count, min(seconds)


def processor() -> float:
    """Processor time of this process and of the children that have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in usage)


PROGRAMS: list[tuple[str, Callable[[Case], Callable[[], int]]]] = [
    ("ratelab float", ours("float")),
    ("ratelab rational", ours("rational")),
    ("regioncam", regioncam),
    ("relucent", relucent),
    ("parx", parx),
    (f"NumPy, {POINTS:.0e} points".replace("e+0", "e"), sampling),
]


def main(words: list[str]) -> None:
    """Print one row for each network and program."""
    print(f"{'network':28} {'counted':8} {'program':18} {'count':>8} {'seconds':>10} {'ratio':>9}")
    for case in cases():
        if not all(word in case.name for word in words):
            continue
        reference, base = measure(ours("auto")(case))
        if case.expected not in (0, reference):
            raise AssertionError(f"{case.name} has {case.expected} cells, not {reference}")
        case = replace(case, expected=int(reference))
        report(case, "cells", "ratelab", reference, base, base)
        for program, prepare in PROGRAMS:
            try:
                count, seconds = measure(prepare(case))
            except SkipError as reason:
                print(f"{case.name:28} {'cells':8} {program:18} {reason!s:>8}")
                continue
            report(case, "cells", program, count, seconds, base)
        count, seconds = measure(ours("auto", "pieces")(case))
        report(case, "pieces", "ratelab", count, seconds, base)


def report(case: Case, counted: str, program: str, count: int, seconds: float, base: float) -> None:
    """Print one row: ≠ marks a count that differs from the proved one, ≈ one that ratelab does not prove."""
    mark = "" if getattr(count, "certain", True) else "≈"
    if counted == "cells" and count != case.expected:
        mark = "≠"
    number, ratio = f"{mark}{int(count)}", seconds / base
    print(f"{case.name:28} {counted:8} {program:18} {number:>8} {seconds:10.4f} {ratio:9.3g}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
