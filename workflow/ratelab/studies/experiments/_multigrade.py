"""Multigrade against single-grade learning at equal work: errors after every grade and along the way.

Grades are those of the published regression demonstration (Xu 2023) with narrower layers and fewer points and epochs,
unless the parameters say otherwise. The single-grade network has the hidden layers of all grades and is trained end to
end for as much work. Errors are relative and squared, Σ(y − ŷ)² / Σy².
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ratelab.registry import Progress, Registry, Target
from ratelab.studies.experiments._layer_parameters import MultigradeLearning
from ratelab.studies.experiments._seed_spread import spread
from ratelab.studies.experiments._served_targets import served_targets
from ratelab.training import Grade, GradedFit, multigrade_fit, published_grades, single_grade_fit

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

LEARNINGS = ("multigrade", "single grade")
PARTS = ("train", "test")
_BATCH = 32

_LONG_NAMES = {
    "target": "target of one variable",
    "activations": "same: sines in the first grade, ReLU afterwards; relu: ReLU everywhere",
    "grade": "grades trained so far",
    "milestone": "share of the work of all grades' epochs",
    "learning": "grade by grade, or one network of as many layers end to end",
    "part": "data on which the error is measured",
    "seed": "initialisation, and draw of the points",
    "rse_grade": "sum of squared errors over sum of squares after each grade",
    "rse_milestone": "sum of squared errors over sum of squares when that much work is done",
    "rse_final": "sum of squared errors over sum of squares at the end (NaN: diverged)",
    "work_grade": "work units up to each grade, over those of all grades",
    "work": "work units in all",
    "parameters": "trained weights and biases",
}
_SPREAD = {"median": "median over seeds", "least": "least over seeds", "most": "largest over seeds"}


def run(parameters: MultigradeLearning, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Fit both ways from every seed, measure, and return everything."""
    import xarray as xr

    targets = served_targets("multigrade", parameters, registry)
    grades = {kind: grades_of(parameters, kind) for kind in parameters.activations}
    count = len(published_grades())
    share = np.arange(1, parameters.milestones + 1) / parameters.milestones
    shape = (len(parameters.targets), len(parameters.activations))
    seeds, parts = parameters.seeds, len(PARTS)
    by_grade = np.full((parts, *shape, count + 1, seeds), np.nan)
    by_work = np.full((len(LEARNINGS), parts, *shape, len(share), seeds), np.nan)
    final = np.full((len(LEARNINGS), parts, *shape, seeds), np.nan)
    work_grade = np.full((*shape, count + 1, seeds), np.nan)
    work = np.full((len(LEARNINGS), *shape, seeds), np.nan)
    size = np.zeros(len(LEARNINGS), np.int64)
    for i, target in enumerate(targets):
        for j, kind in enumerate(parameters.activations):
            progress(i * shape[1] + j, shape[0] * shape[1])
            for seed in range(seeds):
                fits = _fits(target, grades[kind], seed, share, parameters)
                place = (i, j, slice(None), seed)
                by_grade[(slice(None), *place)] = _along(fits[0], count)
                work_grade[place] = _work_along(fits[0], count)
                for k, fit in enumerate(fits):
                    by_work[(k, slice(None), *place)] = fit.errors_at_milestones.T
                    final[k, :, i, j, seed] = fit.train_error, fit.test_error
                    work[k, i, j, seed] = fit.work
                    size[k] = max(size[k], fit.parameters)
    cell = ("target", "activations")
    variables: dict[str, Any] = {
        "rse_grade": (("part", *cell, "grade", "seed"), by_grade),
        "rse_milestone": (("learning", "part", *cell, "milestone", "seed"), by_work),
        "rse_final": (("learning", "part", *cell, "seed"), final),
    }
    for name in tuple(variables):
        dims, table = variables[name]
        for word, values in zip(_SPREAD, spread(table), strict=True):
            variables[f"{name}_{word}"] = (dims[:-1], values)
    variables |= {
        "work_grade": ((*cell, "grade", "seed"), work_grade),
        "work": (("learning", *cell, "seed"), work),
        "parameters": ("learning", size),
    }
    dataset = xr.Dataset(
        variables,
        coords={
            "target": np.array(parameters.targets, dtype=object),
            "activations": np.array(parameters.activations, dtype=object),
            "grade": np.arange(count + 1),
            "milestone": share,
            "learning": np.array(LEARNINGS, dtype=object),
            "part": np.array(PARTS, dtype=object),
            "seed": np.arange(seeds),
        },
        attrs={
            "points": parameters.points,
            "epochs": ", ".join(map(str, parameters.epochs)),
            "widths": _widths(parameters),
        },
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
        for word, words in _SPREAD.items():
            if f"{name}_{word}" in dataset:
                dataset[f"{name}_{word}"].attrs["long_name"] = f"{text}, {words}"
    progress(1, 1)
    return dataset


def grades_of(parameters: MultigradeLearning, activations: str) -> tuple[Grade, ...]:
    """Return the published grades with the parameters' widths, epochs and activations."""
    return tuple(
        replace(
            grade,
            widths=tuple(max(1, width // parameters.shrink) for width in grade.widths),
            epochs=epochs,
            activation="relu" if activations == "relu" else grade.activation,
        )
        for grade, epochs in zip(published_grades(), parameters.epochs, strict=True)
    )


def sample(target: Target, count: int, seed: int, noise: float = 0.0) -> tuple[Array, Array]:
    """Return random points (m, 1) of the domain and values (m,), with Gaussian noise."""
    generator = np.random.default_rng(seed)
    lower, upper = target.domain[0]
    x = generator.uniform(lower, upper, (count, 1))
    values = np.asarray(target(x), dtype=np.float64).reshape(count)
    return x, values + noise * generator.standard_normal(count)


def planned_work(grades: tuple[Grade, ...], points: int) -> float:
    """Return the work units of all epochs: two evaluations of a grade's own network at every point."""
    total, reads = 0.0, 1
    for grade in grades:
        widths = (reads, *grade.widths, 1)
        connections = sum(a * b for a, b in zip(widths, widths[1:], strict=False))
        total += 2.0 * grade.epochs * points * connections
        reads = grade.widths[-1]
    return total


def _fits(
    target: Target, grades: tuple[Grade, ...], seed: int, share: Array, parameters: MultigradeLearning
) -> tuple[GradedFit, GradedFit]:
    """Fit grade by grade, then end to end with as much work."""
    x, y = sample(target, parameters.points, 2 * seed, parameters.noise)
    test = sample(target, parameters.test_points, 2 * seed + 1)
    milestones = (share * planned_work(grades, parameters.points)).tolist()
    graded = multigrade_fit(x, y, grades, batch=_BATCH, seed=seed, test=test, milestones=milestones)
    single = single_grade_fit(
        x, y, grades, work=graded.work, batch=_BATCH, seed=seed, test=test, milestones=milestones
    )
    return graded, single


def _along(fit: GradedFit, count: int) -> Array:
    """Return the errors (parts, grades + 1) before the first grade and after each; the last one stays."""
    rows = np.concatenate([np.ones((1, len(PARTS))), fit.errors_per_grade])
    return np.asarray(rows[np.minimum(np.arange(count + 1), len(rows) - 1)].T)


def _work_along(fit: GradedFit, count: int) -> Array:
    """Return the share of the work done before the first grade and after each."""
    done = np.concatenate([[0.0], np.cumsum(fit.work_per_grade)]) / max(fit.work, 1.0)
    return np.asarray(done[np.minimum(np.arange(count + 1), len(done) - 1)])


def _widths(parameters: MultigradeLearning) -> str:
    grades = grades_of(parameters, parameters.activations[0])
    return " | ".join(", ".join(str(width) for width in grade.widths) for grade in grades)
