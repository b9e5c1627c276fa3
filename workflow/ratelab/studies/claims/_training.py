"""C3, C10, C19: density, global training, and its hardness."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ratelab import best, exact
from ratelab.networks import Network
from ratelab.registry import Target
from ratelab.studies.claims._claim import Case, Scope, illustrated, judged, not_measurable
from ratelab.studies.experiments._global_training import samples, trained

Array = NDArray[np.float64]


_JUMP = 1 / 3


def c3(scope: Scope) -> Iterator[Case]:
    """L2 errors of interpolating networks go down with their size, also for a jump; the uniform error does not."""
    root = Target("root", _root, singular_points=(0.0,))
    before = None
    for pieces in (4, 16, 64):
        knots = (np.arange(pieces + 1) / pieces) ** 4.0
        network = _interpolant(knots, _root(knots[:, None]))
        error = exact.error(network, root)
        if before is not None:
            note = "against half the error of a quarter of the pieces"
            yield illustrated(f"√x, L2 error with {network.neurons} neurons", error, "≤", before / 2, note)
        before = error
    jump = Target("jump", _jump, singular_points=(_JUMP,))
    before = None
    for width in (2.0**-4, 2.0**-8, 2.0**-12):
        knots = np.array([0.0, _JUMP - width, _JUMP + width, 1.0])
        network = _interpolant(knots, _jump(knots[:, None]))
        error = exact.error(network, jump)
        size = f"with {network.neurons} neurons and weights up to {network.largest_weight:.0f}"
        if before is not None:
            note = "against half the error with a sixteenth of the slope"
            yield illustrated(f"jump, L2 error {size}", error, "≤", before / 2, note)
        before = error
        sides = network(np.array([[_JUMP * (1 - 1e-12)], [_JUMP * (1 + 1e-12)]]))[:, 0]
        uniform = float(max(abs(sides[0]), abs(sides[1] - 1)))
        note = "no continuous function is nearer than half the jump: the statement needs q < ∞"
        yield illustrated(f"jump, uniform error {size}", uniform, "≥", 0.5, note, tolerance=1e-6)


def _interpolant(knots: Array, values: Array) -> Network:
    slopes = np.diff(values) / np.diff(knots)
    function = exact.PiecewiseLinear(knots[1:-1], values[1:-1], slopes[0], slopes[-1])
    return exact.represent(function, domain=(0, 1)).network


def _root(x: Array) -> Array:
    return np.asarray(np.sqrt(x[:, 0]))


def _jump(x: Array) -> Array:
    return np.asarray((x[:, 0] > _JUMP) * 1.0)


def c10(scope: Scope) -> Iterator[Case]:
    """Small data sets: trained networks never lose less than the lower end of the optimum."""
    sizes = [(1, 10, 1), (1, 10, 2), (1, 20, 2), (2, 8, 1), (2, 10, 2)]
    for done, (dimension, points, width) in enumerate(sizes):
        x, y = samples(dimension, points)
        fit = best.global_fit(x, y, width)
        name = f"n={dimension}, D={points}, w={width}"
        yield judged(
            f"{name}: gap", fit.gap / max(fit.value, 1e-300), "≤", 1e-6,
            f"relative; {fit.programmes} of {fit.patterns} patterns needed a programme", proved=False,
        )  # fmt: skip
        for trainer in ("adam(steps=1000)", "varpro"):
            fits = trained(x, y, width, trainer, max(8, scope.cases), scope.registry)
            losses = np.array([fit.loss for fit in fits])
            yield judged(
                f"{name}: best of {trainer}", float(np.nanmin(losses)), "≥", fit.lower_bound,
                f"share of seeds within 1e-4 of the optimum: {np.mean(losses <= fit.value * (1 + 1e-4)):.2f}",
                tolerance=1e-9 * max(1.0, fit.value), proved=False,
            )  # fmt: skip
        scope.progress(done + 1, len(sizes))
    yield not_measurable(
        "running time", "the abstract's bound: polynomial in the data, exponential in dimension and width; the number "
        "of patterns tried is above"
    )  # fmt: skip


def c19(scope: Scope) -> Iterator[Case]:
    """References only."""
    yield not_measurable("two variables", "Froese and Hertrich, NeurIPS 2023: NP-hard for n = 2")
    yield not_measurable(
        "brute force", "Froese, Hertrich and Niedermeier, JAIR 2022: essentially optimal under ETH"
    )
    yield not_measurable("several outputs", "arXiv:2204.01368: no such combinatorial search unless ∃R = NP")
