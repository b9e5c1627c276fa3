"""B11: what grade after grade does to the residual."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ratelab import exact
from ratelab.registry import Activation
from ratelab.studies.claims._claim import Case, Scope, counted, illustrated, judged
from ratelab.training import Grade, multigrade_fit, successive_affine_fit

Array = NDArray[np.float64]

_NODES, _ROUNDING = 96, 1e-10


def b11(scope: Scope) -> Iterator[Case]:
    """Random data and grades: energies of successive affine learning, residuals and frozen weights of multigrade."""
    relu, sine = scope.registry.activations["relu"], scope.registry.activations["sine"]
    gaps, parseval, growth, solved, changed = [], [], [], [], 0
    for index in range(scope.cases):
        random = scope.generator("B11", index)
        x, y, grades = _instance(random, index, relu, sine)
        energies = successive_affine_fit(
            x, y, grades, weights=random.uniform(0.1, 1.0, _NODES), seed=index
        ).energies
        gaps.append(float(energies.pythagoras.max()))
        parseval.append(energies.parseval)
        solved.append(_largest_ratio(energies.residuals / energies.data))
        fit = multigrade_fit(x, y, grades, seed=index)
        growth.append(_largest_ratio(fit.errors_per_grade[:, 0]))
        shorter = multigrade_fit(x, y, grades[:-1], seed=index)
        changed += shorter.frozen_hashes != fit.frozen_hashes[:-1]
        scope.progress(index + 1, scope.cases + 1)
    cases = counted(scope.cases, "case")
    rounding = (
        "relative, largest over grades and cases; weighted data, orthonormal bases, so 0 up to rounding"
    )
    yield judged(f"successive affine, Pythagoras, {cases}", max(gaps), "≤", _ROUNDING, rounding, proved=False)
    yield judged(
        f"successive affine, Parseval, {cases}", max(parseval), "≤", _ROUNDING, rounding, proved=False
    )
    yield judged(
        f"least-squares heads, {cases}", max(solved), "≤", 1.0,
        "largest ratio of squared training residuals after and before a grade, as it comes",
        proved=False, tolerance=_ROUNDING,
    )  # fmt: skip
    yield judged(
        f"trained heads, {cases}", max(growth), "≤", 1.0,
        "the same; a head that would raise the residual is set to zero", proved=False, tolerance=_ROUNDING,
    )  # fmt: skip
    yield judged(
        f"frozen weights that a later grade changed, {cases}", changed, "=", 0,
        "hashes of all earlier grades, with and without the last grade",
    )  # fmt: skip
    target = scope.registry.targets["oscillation"]
    nodes, _ = exact.nodes(target, _NODES)
    grades = tuple(Grade((24,), relu) for _ in range(4))
    left = successive_affine_fit(nodes, target(nodes), grades).energies
    before = np.concatenate([[left.data], left.residuals[:-1]])
    yield illustrated(
        "ReLU grades on an oscillation", float((left.residuals / before).max()), "≤", 1.0 - _ROUNDING,
        "largest ratio of squared residuals; that optimal errors fall is recalled (Xu 2023); optima are not known",
    )  # fmt: skip
    scope.progress(scope.cases + 1, scope.cases + 1)


def _instance(
    random: np.random.Generator, index: int, relu: Activation, sine: Activation
) -> tuple[Array, Array, tuple[Grade, ...]]:
    """Return points, values without structure, and three grades."""
    x = random.uniform(-1.0, 1.0, (_NODES, 1 + index % 3))
    y = random.standard_normal((_NODES, 1 + index % 2)) + np.sin(4.0 * x.sum(axis=1, keepdims=True))
    grades = []
    for number in range(3):
        widths = tuple(int(w) for w in random.integers(4, 13, 1 + (index + number) % 2))
        grades.append(Grade(widths, sine if (index + number) % 3 == 0 else relu, epochs=4, rate=3e-2))
    return x, y, tuple(grades)


def _largest_ratio(errors: Array) -> float:
    """Return the largest quotient of an error and the one before it, the first one being 1."""
    before = np.concatenate([[1.0], errors[:-1]])
    return float(np.max(errors / before))
