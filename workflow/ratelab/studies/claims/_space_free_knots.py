"""A12, A13: shallow networks between splines, discontinuous pieces, and limits of free-knot errors."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from ratelab import best, exact, spaces
from ratelab.networks import Network
from ratelab.registry import Target
from ratelab.spaces import free_knot_limit
from ratelab.studies.claims._claim import Case, Scope, counted, illustrated, judged
from ratelab.studies.experiments._free_knots import uniform_error

Array = NDArray[np.float64]

_SIZES = (1, 2, 3, 4, 5, 8)
_CELLS = 1 << 12
_CONVEX = ("exp", "sqrt", "square")


def a12(scope: Scope) -> Iterator[Case]:
    """Brackets of splines, networks in hand and discontinuous fits, all with certified ends."""
    names = (*_CONVEX, "sine")
    for done, name in enumerate(names):
        target = scope.registry.targets[name]
        splines = best.brackets(target, _SIZES, 1)
        moments = exact.cell_moments(target, exact.cell_edges(target, _CELLS), 1)
        apart = best.lower_bounds(moments, _SIZES, 1, {n: splines[n].upper for n in _SIZES})
        fits = {n: disconnected_error(target, apart[n].knots) for n in _SIZES}
        yield from _networks(name, splines)
        yield from _order(name, splines, apart, fits)
        if name in _CONVEX:
            yield from _convex(name, splines, apart, fits)
        else:
            yield judged(
                f"{name}, 2 pieces: joining costs", splines[2].lower, ">", fits[2],
                "lower end of joined pieces against a disconnected fit in hand",
            )  # fmt: skip
            yield from _more_than_pieces(target, splines)
        scope.progress(done + 1, len(names))


def disconnected_error(target: Target, knots: Array) -> float:
    """Return an upper bound of the L2 error of best lines between these knots, each integrated on its own in balls."""
    lower, upper = (float(end) for end in target.domain[0])
    edges = np.unique(np.concatenate([[lower], knots, [upper]]))
    rows = exact.cell_moments(target, edges, 1).coefficients
    total = 0.0
    for (a, b), (mean, half) in zip(pairwise(edges.tolist()), rows.tolist(), strict=True):
        slope = 2 * half / (b - a)
        line = Network.dense([[[slope]]], [[mean - slope * (a + b) / 2]])
        inside = [t for t in target.singular_points if a <= t <= b]
        part = replace(target, domain=((a, b),), singular_points=inside, self_similar=None)
        total += exact.certified_error(line, part).upper ** 2
    return float(np.nextafter(sqrt(total * (1 + 1e-12)), inf))


def _networks(name: str, splines: dict[int, best.Bracket]) -> Iterator[Case]:
    """A spline of n pieces is a network of n neurons and 2n connections, whose error lies above S(n + 1)."""
    for n in (1, 2, 3, 4):
        network = splines[n].network
        yield judged(
            f"{name}, {counted(n, 'piece')}: neurons", network.neurons, "≤", n, "of the spline as a network"
        )
        yield judged(f"{name}, {counted(n, 'piece')}: connections", network.connections, "≤", 2 * n, "W = 2N")
        yield judged(
            f"{name}, {counted(n, 'neuron')}", splines[n].upper, "≥", splines[n + 1].lower,
            "error of that network against the lower end of n + 1 pieces",
        )  # fmt: skip


def _order(
    name: str,
    splines: dict[int, best.Bracket],
    apart: dict[int, best.LowerBound],
    fits: dict[int, float],
) -> Iterator[Case]:
    for n in _SIZES:
        yield judged(
            f"{name}, {counted(n, 'piece')}: disconnected ≤ joined", apart[n].value, "≤", splines[n].upper,
            "certified lower end of disconnected pieces against the joined fit in hand",
        )  # fmt: skip
        half = (n + 1) // 2
        if half in fits:
            yield judged(
                f"{name}, {counted(n, 'piece')}: joined ≤ disconnected with {half}", splines[n].lower, "≤", fits[half],
                "certified lower end of joined pieces against a disconnected fit in hand",
            )  # fmt: skip


def _convex(
    name: str,
    splines: dict[int, best.Bracket],
    apart: dict[int, best.LowerBound],
    fits: dict[int, float],
) -> Iterator[Case]:
    """For convex and concave targets both errors are one number."""
    for n in _SIZES:
        yield judged(
            f"{name}, {counted(n, 'piece')}: equality, one side", fits[n], "≥", splines[n].lower,
            "disconnected fit in hand against the lower end of joined pieces",
        )  # fmt: skip
        yield judged(
            f"{name}, {counted(n, 'piece')}: equality, other side", splines[n].upper / apart[n].value, "≤", 1.03,
            "joined fit in hand over the lower end of disconnected pieces; 1.03 is room for the cells of that end",
            proved=False,
        )  # fmt: skip


def _more_than_pieces(target: Target, splines: dict[int, best.Bracket]) -> Iterator[Case]:
    """A trapezoid wave of five pieces with a level one is a network of four neurons, below S(4)."""
    found = minimize_scalar(lambda a: _wave_error(target, float(a)), bounds=(0.05, 0.24), method="bounded")
    network = _wave(target, float(found.x))
    error = exact.certified_error(network, target)
    yield judged("sine, a network with a level piece: neurons", network.neurons, "=", 4)
    yield judged(
        "sine, 4 neurons: below 4 pieces", splines[4].lower, ">", error.upper, "pieces are not neurons"
    )
    yield judged("sine, 4 neurons: above 5 pieces", error.lower, "≥", splines[5].lower)


def _wave(target: Target, a: float) -> Network:
    """Return the best multiple of the wave with kinks a, ½ − a, ½ + a, 1 − a that is level between the first two."""
    kinks = np.array([a, 0.5 - a, 0.5 + a, 1 - a])
    x, weights = np.polynomial.legendre.leggauss(200)
    x, weights = (x + 1) / 2, weights / 2
    shape = np.interp(x, [0, *kinks, 1], [0, 1, 1, -1, -1, 0])
    height = (weights * shape * target(x)[:, 0]).sum() / (weights * shape * shape).sum()
    rise = height / a
    # the neuron of the first kink looks to the left, the others to the right
    inner = [[-1.0], [1.0], [1.0], [1.0]]
    outer = [[-rise, -rise, rise, rise]]
    return Network.dense([inner, outer], [[a, -kinks[1], -kinks[2], -kinks[3]], [height]])


def _wave_error(target: Target, a: float) -> float:
    return exact.error(_wave(target, a), target)


def a13(scope: Scope) -> Iterator[Case]:
    """Brackets of n² times the error against the limits; x² at every n; proved lower ends for all n."""
    steps: Sequence[tuple[str, float, tuple[int, ...], float]] = (
        ("square", 2, (16,), 0.0), ("exp", 2, (16,), 0.005), ("sqrt", 2, (16, 32), 0.06), ("sine", 2, (32,), 0.03),
        ("square", 1, (8,), 0.0), ("exp", 1, (8,), 0.03), ("square", inf, (16,), 0.0), ("exp", inf, (16,), 0.02),
    )  # fmt: skip
    for done, (name, p, sizes, room) in enumerate(steps):
        target = scope.registry.targets[name]
        limit = free_knot_limit(target, p)
        found = best.brackets(target, sizes, 1) if p == 2 else {n: best.bracket(target, n, p) for n in sizes}
        for n in sizes:
            yield from _compared(f"{name}, p = {p:g}, {n} pieces", n, found[n], limit, room)
        scope.progress(done + 1, len(steps))
    for name in ("exp", "sine"):
        target = scope.registry.targets[name]
        measured = 32**2 * uniform_error(target, 32).upper / free_knot_limit(target, knots="uniform")
        yield illustrated(
            f"{name}, uniform knots, 32 pieces", measured, "=", 1, "n² times the error over the limit", 0.02
        )
    for name in ("square", "exp", "sqrt", "sine"):
        target = scope.registry.targets[name]
        bound = spaces.lower_bound_all_n(target, 1)
        assert bound is not None
        yield judged(
            f"{name}: limit above what is proved for all n", free_knot_limit(target), "≥", bound.constant,
            "disconnected pieces included", tolerance=1e-12,
        )  # fmt: skip


def _compared(name: str, n: int, bracket: best.Bracket, limit: float, room: float) -> Iterator[Case]:
    """x² has its limit at every n, a certain comparison; others only come near."""
    low, high = n * n * bracket.lower, n * n * bracket.upper
    if not room:
        note = "n² times the end of the bracket; exact for every n"
        yield judged(f"{name}: lower end", low, "≤", limit, note, tolerance=1e-12)
        yield judged(f"{name}: upper end", high, "≥", limit, note, tolerance=1e-12)
        return
    for end, value in (("lower", low), ("upper", high)):
        yield illustrated(
            f"{name}: {end} end",
            value / limit,
            "=",
            1,
            "n² times the end of the bracket over the limit",
            room,
        )
